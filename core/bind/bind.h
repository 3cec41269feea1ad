/*
** bind.h -- what Lua sees of us: the module perilune.core.
**
** One small file per thing bound; each has a function `bind_x` that adds its
** functions to the module table on top of the stack. The comment above a
** function is its documentation: name(arguments) -> results. Arguments are
** checked before anything is acquired, since a check may throw.
*/
#ifndef BIND_BIND_H
#define BIND_BIND_H

#include <lauxlib.h>
#include <lua.h>

#include "net/call/provider.h"
#include "run/reply.h"

#define REQUEST_TYPE  "perilune.request"
#define MODEL_TYPE    "perilune.model"
#define PROVIDER_TYPE "perilune.provider"
#define SECRET_TYPE   "perilune.secret"

/* For the runtime: opens the module, pushes `req`. */
extern const struct binding bind_lua;

/* User values of a view: what was made into tables, its own texts, req.key. */
enum {
    VIEW_MADE = 1,
    VIEW_MODEL,
    VIEW_SYSTEM,
    VIEW_MESSAGES,
    VIEW_KEY, /* the last: there are as many */
};

/* What Lua calls `req`: a request as one rung is to see it (req:with). */
struct view {
    struct request *request;
    uint64_t serial;
    str model;          /* asked instead of the rung's own; absent: not */
    str system;         /* in place of the client's instructions */
    str messages;       /* in place of the client's; absent: not */
    int64_t max_tokens; /* in place of the client's limit; 0: not */
    uint64_t said;      /* a hash of `messages`, or 0 */
    uint64_t content;   /* what is asked, as a number (LANGUAGE rule 15) */
};

/* The view at `arg`, of a request that still runs on this coroutine; raises
** otherwise. */
struct view *bind_view(lua_State *L, int arg);

/* Push a copy of the view at `arg`, which shares its texts. */
struct view *bind_push_view(lua_State *L, int arg);

/* What its `content` is, now that something in it changed. */
uint64_t bind_content(const struct view *view);

/* The conversation as the view has it; JSON_NONE when there is none. */
struct json bind_messages(const struct view *view);

/* The request that runs on this coroutine, for a function that waits; raises,
** naming `what`, while the policy is loading, when the request has ended, and
** where Lua cannot yield. */
struct request *bind_request(lua_State *L, const char *what);

/* The strand of this request that runs on L: its main one, where L is not one
** of its coroutines (in a filter's function). */
struct strand *bind_strand(lua_State *L, struct request *r);

/* Push a fault as Lua sees it: a table { kind, status, message }. */
void bind_push_fault(lua_State *L, const struct fault *fault);

/* request.c: does a header of that name hold a client's credentials? */
bool bind_is_secret(str name);

/* key.c: push what a policy sees of a client's key; nil for none. */
void bind_push_key(lua_State *L, const struct client_key *key);

/* Push a written reply. */
struct written_reply *bind_push_written(lua_State *L, enum written_kind kind,
                                        str text);

/* Push the value of a piece of JSON. False (nothing pushed) when it is deeper
** or larger than Lua should hold. */
bool bind_push_json(lua_State *L, struct json v);

/* The value at `arg` as JSON, in memory of Lua's that is pushed; raises for
** what has no form in JSON. */
str bind_encode(lua_State *L, int arg);

/* Push a number of JSON that Lua's numbers cannot hold, as its text; and the
** text of one, absent for anything else. */
void bind_push_wide(lua_State *L, str text);
str bind_wide_text(lua_State *L, int arg);

/* A metatable of ours: methods, an optional __index function and __call, and
** no way to reach it from Lua. */
struct bind_type {
    const char *name;
    const luaL_Reg *methods;
    lua_CFunction index; /* (self, key): NULL looks up methods only */
    lua_CFunction call;
    lua_CFunction gc;
    lua_CFunction text; /* __tostring */
};
void bind_type(lua_State *L, const struct bind_type *type);

/* Copy a Lua string to the generation's arena; raises without memory. */
str bind_keep(lua_State *L, int arg);

/* json.c: how long the value at `arg` is as JSON, at most; raises when it is
** too deep or too long and, unless `lenient`, for what has no form in JSON.
** `who` begins the messages. */
size_t bind_measure(lua_State *L, int arg, const char *who, bool lenient);

/* cjson.c: push the module. */
int bind_open_cjson(lua_State *L);

/* Add functions to the module on top of the stack. */
void bind_policy(lua_State *L);
void bind_provider(lua_State *L);
void bind_model(lua_State *L);
void bind_request_type(lua_State *L);
void bind_reply(lua_State *L);
void bind_written(lua_State *L);
void bind_fault(lua_State *L);
void bind_json(lua_State *L);
void bind_number(lua_State *L);
void bind_time(lua_State *L);
void bind_secret(lua_State *L);
void bind_key(lua_State *L);
void bind_branch(lua_State *L);
void bind_hedge(lua_State *L);
void bind_balance(lua_State *L);
void bind_breaker(lua_State *L);
void bind_trim(lua_State *L);
void bind_faq(lua_State *L);
void bind_sticky(lua_State *L);
void bind_prices(lua_State *L);
void bind_amount(lua_State *L);
void bind_limit(lua_State *L);
void bind_budget(lua_State *L);
void bind_webhook(lua_State *L);
void bind_idempotent(lua_State *L);
void bind_queue(lua_State *L);

/* secret.c: the value of the secret (or plain text) at `arg`, copied to the
** arena; absent when it has none. */
str bind_secret_value(lua_State *L, int arg, struct arena *arena);

#endif
