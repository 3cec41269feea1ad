/*
** tokens.h -- counting tokens for Lua: p.tokens and req.tokens.
*/
#ifndef BIND_TOKENS_TOKENS_H
#define BIND_TOKENS_TOKENS_H

#include "bind/bind.h"
#include "wire/bound.h"

/* Add core.tokens. */
void bind_tokens(lua_State *L);

/* Push the tokens of a view's prompt, counted for the model it names. */
void bind_push_tokens(lua_State *L, const struct view *view);

/* As bound_counted, in the encoding of the model that is asked. May raise. */
int64_t bind_bound_counted(lua_State *L, const struct bound_ask *ask,
                           const struct bound *bound);

#endif
