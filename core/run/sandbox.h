/*
** sandbox.h -- what Lua may do here.
**
** Globals are an allow-list; libraries are read-only; text chunks only; no
** finalizers, no weak tables, no coroutines of the policy's own. How long and
** how much is allowance.h; the functions that differ from Lua's own are in
** safe/.
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

/* Replace the table on top by a proxy that can be read and not written. */
void sandbox_seal(lua_State *L);

/* Raise "P:line: message", P:line being the first frame outside the library:
** an author's mistake is shown where the author made it. */
int sandbox_raise(lua_State *L, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same about what no policy may do; the log says `denied`. */
int sandbox_deny(lua_State *L, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append what an error that ended a coroutine says. Its stack still stands,
** so even "no memory", which has no text of its own, gets file and line.
** Returns what the log calls it: deadline, memory, denied or error. Never
** raises. */
const char *sandbox_message(lua_State *co, int status, struct buf *to);

/* Push "P:line" of that frame, or ""; or append "P:line: " to a buffer, which
** takes no memory of Lua's. */
void sandbox_where(lua_State *L);
void sandbox_place(lua_State *L, struct buf *to);

/* What a message may quote of a name. In a request it may be the client's own
** text, which no log may hold: then only a word is shown. */
static inline const char *sandbox_quote(lua_State *L, str name)
{
    bool shown = request_of(L) == NULL || str_is_word(name);
    return shown || !DEFENCE(prompts_quoted) ? name.p : "...";
}

#endif
