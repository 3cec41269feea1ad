/*
** sandbox.h -- what Lua may do here, how long, and how much.
**
** Globals are an allow-list; libraries are read-only; text chunks only. One
** deadline in processor time and one heap limit hold over everything a
** request does: the count hook and the allocator ask, and once tripped they
** stay tripped, so that no pcall outlives them.
*/
#ifndef RUN_SANDBOX_H
#define RUN_SANDBOX_H

#include "base/defence.h"
#include "run/generation.h"
#include "run/request.h"

/* A Lua state whose allocator and hook obey g->allowed; NULL = no memory. */
lua_State *sandbox_open(struct generation *g);

/* Push the environment of policies, or (trusted) of the library's modules. */
void sandbox_environment(lua_State *L, bool trusted);

/* Allow `cpu` of processor time and `heap` bytes from now on. */
void sandbox_allow(struct generation *g, nanos cpu, size_t heap);

/* Count instructions on this coroutine too. */
void sandbox_hook(lua_State *L);

/* Raise "P:line: message", P:line being the first frame outside the library:
** an author's mistake is shown where the author made it. */
int sandbox_raise(lua_State *L, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append what an error that ended a coroutine says. Its stack still stands,
** so even "no memory", which has no text of its own, gets file and line.
** Never raises. */
void sandbox_message(lua_State *co, int status, struct buf *to);

/* Push "P:line" of that frame, or "". */
void sandbox_where(lua_State *L);

/* What a message may quote of a name. In a request it may be the client's own
** text, which no log may hold: then only a word is shown. */
static inline const char *sandbox_quote(lua_State *L, str name)
{
    bool shown = request_of(L) == NULL || str_is_word(name);
    return shown || !DEFENCE(prompts_quoted) ? name.p : "...";
}

#endif
