/*
** safe.h -- the functions of Lua's that are not what they are elsewhere.
**
** Each behaves as the one it stands for, and says the same in its errors, but
** that it looks at the clock while it works, shows no address, and calls no
** metamethod that it need not. tests/run/test_safe_*.c compare them.
*/
#ifndef RUN_SAFE_SAFE_H
#define RUN_SAFE_SAFE_H

#include <lua.h>

/* pcall xpcall setmetatable tostring: into the table on top. */
void safe_base(lua_State *L);

/* pairs and next with an order of their own, for worlds that replay: into the
** table on top. */
void safe_order(lua_State *L);

/* Change what stands in the string and in the table library on top. */
void safe_strings(lua_State *L);
void safe_tables(lua_State *L);

/* Push what tostring says of the value at `arg`: of what has no text its kind,
** never an address. May call a __tostring. */
const char *safe_tostring(lua_State *L, int arg);

/* The same without calling anything: for messages. */
const char *safe_show(lua_State *L, int arg);

#endif
