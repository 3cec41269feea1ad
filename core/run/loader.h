/*
** loader.h -- finding, reading and compiling the Lua files of a policy.
**
** `require "helpers"` means helpers.lua beside the policy, else
** helpers/init.lua, else a built-in of that name, such as cjson; `perilune`
** and everything below it is built in and nothing else. Every file asked for is watched
** before it is read, whether it is there or not.
*/
#ifndef RUN_LOADER_H
#define RUN_LOADER_H

#include "run/generation.h"

#define LOADER_MAX_FILE (1024 * 1024) /* bytes of a Lua file */

/* The files linked in, or the ones that override them: "lua/perilune.lua".
** True and the text in *text (borrowed from the program, or in g->arena). */
bool loader_builtin(struct generation *g, str name, str *text);

/* Is the source one of the ready policies linked in? "policies/x.lua" means the
** one linked in when there is no such file. */
bool loader_is_ready(const struct policy_source *source);

/* Read a file beside the policy, as `p.file` does. 0, ERR_MISSING, ERR_LIMIT,
** ERR_INPUT for a path that leaves the folder. The text is in g->arena. */
int loader_read(struct generation *g, str path, str *text);

/* Push the compiled main chunk in the policies' environment. LUA_OK, or a Lua
** status with the message pushed instead. */
int loader_main(lua_State *L, const struct policy_source *source);

/* Push what a module returned, run now if it has not been; raises. */
void loader_module(lua_State *L, const char *name);

/* Give each file of the policy the environment it was compiled in: a request
** before may have set its _ENV. Raises without memory only. */
void loader_restore(lua_State *L);

/* The `require` of the sandbox. */
int loader_require(lua_State *L);

#endif
