/*
** safe_rig.h -- two Lua states side by side: Lua's own libraries, and ours.
**
** `both` calls the same function with the same arguments in each and compares
** what comes of it, results and errors, as text.
*/
#ifndef TESTS_RUN_SAFE_RIG_H
#define TESTS_RUN_SAFE_RIG_H

#include <lauxlib.h>
#include <lualib.h>

#include "base/buf.h"
#include "net/real.h"
#include "run/generation.h"
#include "run/sandbox.h"
#include "unit.h"

static struct two {
    struct world *world;
    struct runtime rt;
    struct generation g;
    lua_State *stock, *ours;
    uint64_t dice;
} two;

static inline void two_open(void)
{
    two = (struct two){.dice = 20250131};
    CHECK_INT(real_open(&two.world, NULL, NULL, NULL), 0);
    two.rt.world = two.world;
    two.g.rt = &two.rt;
    allowance_set(&two.g, 600 * NANOS_S, (size_t)1 << 30);
    two.ours = sandbox_open(&two.g);
    two.stock = luaL_newstate();
    luaL_openlibs(two.stock);
}

static inline void two_close(void)
{
    lua_close(two.ours);
    lua_close(two.stock);
    real_close(two.world);
}

/* A number below n; the same ones in every run. */
static inline unsigned pick(unsigned n)
{
    two.dice = two.dice * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(two.dice >> 33) % n;
}

static inline void show_value(lua_State *L, int arg, struct buf *to)
{
    str s;
    switch (lua_type(L, arg)) {
    case LUA_TTABLE:
        buf_byte(to, '{');
        for (lua_Integer i = -2; i <= 40; i++) {
            if (lua_rawgeti(L, arg, i) != LUA_TNIL) {
                buf_print(to, "[%d]=", (int)i);
                show_value(L, lua_gettop(L), to);
            }
            lua_pop(L, 1);
        }
        buf_byte(to, '}');
        break;
    default:
        s.p = luaL_tolstring(L, arg, &s.n);
        buf_print(to, "%s:%.*s;", luaL_typename(L, arg), STR_ARG(s));
        for (size_t i = 0; i < s.n; i++)
            buf_print(to, "%02x", (unsigned char)s.p[i]);
        lua_pop(L, 1);
    }
}

/* What comes of the function and its n arguments on top of L. */
static inline void outcome_of(lua_State *L, int n, struct buf *to)
{
    int function = lua_gettop(L) - n;
    buf_text(to, lua_pcall(L, n, LUA_MULTRET, 0) == LUA_OK ? "ok " : "bad ");
    for (int i = function; i <= lua_gettop(L); i++)
        show_value(L, i, to);
    lua_settop(L, 0);
}

static inline void run_in(lua_State *L, const char *code, const str *args,
                          int n, struct buf *to)
{
    CHECK_INT(luaL_loadstring(L, code), LUA_OK);
    for (int i = 0; i < n; i++)
        lua_pushlstring(L, args[i].p, args[i].n);
    outcome_of(L, n, to);
}

/* The same code and arguments in both. True when they agree. */
static inline bool both(const char *code, const str *args, int n)
{
    struct buf stock, ours;
    buf_init(&stock, 1 << 22);
    buf_init(&ours, 1 << 22);
    run_in(two.stock, code, args, n, &stock);
    run_in(two.ours, code, args, n, &ours);
    bool same = str_eq(buf_str(&stock), buf_str(&ours));
    if (!same) {
        unit_failures++;
        printf("#    %s\n", code);
        for (int i = 0; i < n; i++)
            printf("#      with '%.*s'\n", STR_ARG(args[i]));
        printf("#      Lua's: %.*s\n#      ours:  %.*s\n",
               STR_ARG(buf_str(&stock)), STR_ARG(buf_str(&ours)));
    }
    buf_fini(&stock);
    buf_fini(&ours);
    return same;
}

#endif
