/*
** cjson.c -- lua-cjson for policies, behind a fence.
**
** On its own it ends the process when memory runs out, writes as much as it
** is given, looks at no clock, and leaks what it holds when Lua raises inside
** of it. So the build gives it an allocator and an exit of ours (see the
** Makefile): what it asks for is counted with Lua's heap and known by the call
** that asked, a refusal raises in the place of a NULL, and whatever is left
** when a call ends, however it ends, is let go. What is written is measured
** before; what is read has a limit. Its settings are not offered: they would
** be shared, and one of them makes lists without end.
*/
#include "bind/bind.h"

#include "base/defence.h"
#include "base/mem.h"
#include "run/generation.h"
#include "run/safe/safe.h"
#include "run/sandbox.h"
#include "wire/json/json_order.h"

#define LONGEST_TEXT ((size_t)1 << 20)

/* The archive's function; the attribute makes it ours alone. */
int luaopen_cjson(lua_State *L) __attribute__((visibility("hidden")));

/* What the archive calls in place of malloc, realloc, free, exit and abort; and
** what it says before it exits goes nowhere. */
#define CJSON_CALLS __attribute__((visibility("hidden")))
#define CJSON_QUIET __attribute__((visibility("hidden"), alias("cjson_fputc")))
CJSON_CALLS void *cjson_malloc(size_t n);
CJSON_CALLS void *cjson_realloc(void *p, size_t n);
CJSON_CALLS void cjson_free(void *p);
CJSON_CALLS void cjson_exit(int status);
CJSON_CALLS void cjson_abort(void);
CJSON_CALLS int cjson_fputc(void);
int cjson_fwrite(void) CJSON_QUIET;
int cjson___fprintf_chk(void) CJSON_QUIET;
int cjson___vfprintf_chk(void) CJSON_QUIET;
extern CJSON_CALLS void *cjson_stderr;

/* --- its memory ------------------------------------------------------------ */

struct block {
    struct block *next, **at;
    size_t n;
    max_align_t bytes[];
};

/* A call into cjson, and what it holds. */
struct fence {
    lua_State *L;
    struct block *blocks;
    size_t held;
};

static _Thread_local struct fence *fence;

static struct block *block_of(void *p)
{
    return (struct block *)(void *)((char *)p - offsetof(struct block, bytes));
}

static void link_block(struct block *b)
{
    b->next = fence->blocks;
    b->at = &fence->blocks;
    if (b->next != NULL)
        b->next->at = &b->next;
    fence->blocks = b;
    fence->held += b->n;
}

static void unlink_block(struct block *b)
{
    *b->at = b->next;
    if (b->next != NULL)
        b->next->at = b->at;
    fence->held -= b->n;
}

/* Out of memory: raises, so that it never sees a NULL. */
static void *refuse(void)
{
    allowance_raise(fence->L, DOOM_HEAP);
    return NULL;
}

void *cjson_realloc(void *p, size_t n)
{
    struct block *old = p != NULL ? block_of(p) : NULL;
    const struct generation *g = generation_of(fence->L);
    size_t was = old != NULL ? old->n : 0;
    if (n > SIZE_MAX - sizeof(struct block) ||
        g->heap.used + fence->held - was + n > g->allowed.heap)
        return refuse();
    if (old != NULL)
        unlink_block(old);
    struct block *b = mem_resize(old, sizeof *b + n);
    if (b == NULL) {
        if (old != NULL)
            link_block(old);
        return refuse();
    }
    b->n = n;
    link_block(b);
    return b->bytes;
}

void *cjson_malloc(size_t n)
{
    return cjson_realloc(NULL, n);
}

void cjson_free(void *p)
{
    if (p == NULL)
        return;
    unlink_block(block_of(p));
    mem_free(block_of(p));
}

/* It thinks that it cannot go on; the gateway can. */
void cjson_exit(int status)
{
    (void)status;
    luaL_error(fence->L, "cjson: not enough memory");
}

void cjson_abort(void)
{
    luaL_error(fence->L, "cjson: it gave up");
}

void *cjson_stderr;

int cjson_fputc(void)
{
    return 0;
}

/* --- calling it ------------------------------------------------------------ */

/* Call what is on the stack below its n arguments, with the fence up. */
static void call_fenced(lua_State *L, int n, int results)
{
    struct fence own = {.L = L}, *outer = fence;
    fence = &own;
    int status = lua_pcall(L, n, results, 0);
    while (own.blocks != NULL)
        cjson_free(own.blocks->bytes);
    fence = outer;
    if (status == LUA_ERRMEM || generation_of(L)->allowed.doom != DOOM_NONE)
        allowance_raise(L, DOOM_HEAP);
    if (status != LUA_OK)
        lua_error(L);
}

/* Names come in the order of their hashes, another one in every run; in a world
** that replays, in their own. */
static int in_order(lua_State *L)
{
    str text;
    struct buf ordered;
    text.p = luaL_checklstring(L, -1, &text.n);
    char *room = lua_newuserdatauv(L, text.n, 0);
    buf_init(&ordered, text.n + 1);
    json_put_ordered(&ordered, json_of(text));
    bool ok = buf_ok(&ordered);
    size_t n = ordered.n;
    memcpy(room, buf_str(&ordered).p, n);
    buf_fini(&ordered);
    if (!ok)
        return luaL_error(L, "not enough memory");
    lua_pushlstring(L, room, n);
    return 1;
}

/* cjson.encode(v) -> its text */
static int encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (DEFENCE(measured))
        bind_measure(L, 1, "cjson.encode", true);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    call_fenced(L, 1, 1);
    return generation_of(L)->rt->world->replays ? in_order(L) : 1;
}

/* cjson.decode(text) -> the value; raises for what is not JSON */
static int decode(lua_State *L)
{
    size_t n;
    luaL_checklstring(L, 1, &n);
    if (n > LONGEST_TEXT)
        return sandbox_raise(L, "cjson.decode: a text of more than 1 MiB; "
                                "p.json.decode takes it");
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    call_fenced(L, 1, 1);
    return 1;
}

/* --- the module ------------------------------------------------------------ */

/* Its buffer is to live as long as a call and no longer. */
static int open_archive(lua_State *L)
{
    lua_pushcfunction(L, luaopen_cjson);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "encode_keep_buffer");
    lua_pushboolean(L, 0);
    lua_call(L, 1, 0);
    return 1;
}

static void put_function(lua_State *L, const char *name, lua_CFunction f)
{
    lua_getfield(L, -2, name);
    lua_pushcclosure(L, f, 1);
    lua_setfield(L, -2, name);
}

int bind_open_cjson(lua_State *L)
{
    lua_pushcfunction(L, open_archive);
    call_fenced(L, 0, 1);
    lua_createtable(L, 0, 4);
    put_function(L, "encode", encode);
    put_function(L, "decode", decode);
    lua_getfield(L, -2, "null");
    lua_setfield(L, -2, "null");
    lua_getfield(L, -2, "_VERSION");
    lua_setfield(L, -2, "_VERSION");
    sandbox_seal(L);
    lua_remove(L, -2);
    return 1;
}
