/*
** compiled.c -- built-in text to bytecode, and back to a function.
**
** A built-in text is told by where it lies: it is linked in and never moves.
** Line numbers are kept, since an author's mistake is looked for by walking
** over the library's frames.
*/
#include "run/compiled.h"

#include <lauxlib.h>

#include "base/mem.h"
#include "run/embedded.h"

#define LARGEST ((size_t)1 << 20) /* bytes of one module's code */

struct compiled {
    struct compiled *next;
    const char *text;
    struct buf code;
};

static bool is_builtin(str text)
{
    for (const struct embedded_file *f = embedded_files; f->name != NULL; f++)
        if ((const char *)f->text == text.p)
            return true;
    return false;
}

bool compiled_push(lua_State *L, struct runtime *rt, str text)
{
    for (const struct compiled *c = rt->compiled; c != NULL; c = c->next) {
        if (c->text != text.p)
            continue;
        if (luaL_loadbufferx(L, c->code.p, c->code.n, "=built in", "b") ==
            LUA_OK)
            return true;
        lua_pop(L, 1);
        return false;
    }
    return false;
}

static int put(lua_State *L, const void *bytes, size_t n, void *to)
{
    (void)L;
    buf_add(to, (str){bytes, n});
    return !buf_ok(to);
}

void compiled_keep(lua_State *L, struct runtime *rt, str text)
{
    struct compiled *c = is_builtin(text) ? mem_zero(sizeof *c) : NULL;
    if (c == NULL)
        return;
    buf_init(&c->code, LARGEST);
    c->text = text.p;
    c->next = rt->compiled;
    if (lua_dump(L, put, &c->code, 0) == 0) {
        buf_fit(&c->code);
        rt->compiled = c;
        return;
    }
    buf_fini(&c->code);
    mem_free(c);
}

static bool is_library(const struct embedded_file *f)
{
    return strncmp(f->name, "lua/perilune", strlen("lua/perilune")) == 0;
}

void compiled_all(struct runtime *rt)
{
    lua_State *L = luaL_newstate();
    for (const struct embedded_file *f = embedded_files; f->name != NULL; f++) {
        str text = {(const char *)f->text, f->len};
        if (L == NULL || !is_library(f))
            continue;
        const char *chunk = lua_pushfstring(L, "=%s", f->name);
        if (luaL_loadbufferx(L, text.p, text.n, chunk, "t") == LUA_OK)
            compiled_keep(L, rt, text);
        lua_settop(L, 0);
    }
    if (L != NULL)
        lua_close(L);
}

const char *compiled_nth(const struct runtime *rt, size_t n)
{
    const struct compiled *c = rt->compiled;
    while (c != NULL && n-- > 0)
        c = c->next;
    return c != NULL ? c->text : NULL;
}

void compiled_free(struct runtime *rt)
{
    while (rt->compiled != NULL) {
        struct compiled *c = rt->compiled;
        rt->compiled = c->next;
        buf_fini(&c->code);
        mem_free(c);
    }
}
