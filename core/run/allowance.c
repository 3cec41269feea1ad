/*
** allowance.c -- a count hook, an allocator, and one clock for both.
**
** A hook sees instructions, not time, and one instruction may take long: it
** compares, joins or walks over as much as the largest block of the heap. So
** the hook counts the fewer instructions the larger that block is, and
** between two looks at the clock there is about as much work, whatever a
** policy makes Lua chew on.
**
** The first refusal of memory is no end: Lua collects all garbage and asks
** again. Refused twice, the policy holds too much and is doomed; else a full
** heap would cost a collection for every instruction.
*/
#include "run/allowance.h"

#include <stdio.h>

#include "base/defence.h"
#include "base/mem.h"
#include "run/generation.h"
#include "run/sandbox.h"

#define HOOK_EVERY  100                /* instructions, at most */
#define CHEWED      ((size_t)16 << 20) /* bytes between two looks, about */
#define LARGE       16 /* a block of 2^16 bytes is a large one */
#define FRESH_BYTES ((size_t)256 << 10)
#define SHORT_TURN  (200 * NANOS_US)  /* up to here a turn costs its time */
#define LAST_BREATH ((size_t)1 << 20) /* for what is doomed, to unwind */

/* Lua rebuilds the whole hash part of a table in one instruction, in quadratic
** time if its keys were chosen badly; 2^15 of them take 0.3 s. */
#define NODE_SIZE  24
#define MOST_NODES ((size_t)NODE_SIZE << 15)

const char *doom_text(enum doom why)
{
    switch (why) {
    case DOOM_TIME:
        return "the policy used up its processor time (limit: cpu)";
    case DOOM_HEAP:
        return "the policy used up its memory (limit: heap)";
    case DOOM_TABLE:
        return "a table has more than 32768 names (limit: heap)";
    case DOOM_NONE:
        break;
    }
    return NULL;
}

const char *doom_reason(enum doom why)
{
    return why == DOOM_NONE ? NULL : why == DOOM_TIME ? "deadline" : "memory";
}

/* --- time ------------------------------------------------------------------ */

void allowance_set(struct generation *g, nanos cpu, size_t heap)
{
    nanos now = world_stopwatch(g->rt->world);
    g->allowed = (struct allowance){
        .from = now, .until = now + cpu, .budget = cpu, .heap = heap};
    g->heap.refused_size = 0;
    g->doom[0] = '\0';
}

nanos allowance_used(const struct generation *g, nanos now)
{
    const struct allowance *a = &g->allowed;
    return a->cpu_from == 0
               ? now - a->from
               : SHORT_TURN + world_cpu(g->rt->world) - a->cpu_from;
}

/* The wall clock says late: was it us, or did somebody else have the core? */
static bool late(struct generation *g)
{
    struct allowance *a = &g->allowed;
    nanos now = world_stopwatch(g->rt->world);
    if (a->cpu_from == 0 && now - a->from > SHORT_TURN)
        a->cpu_from = world_cpu(g->rt->world);
    if (now < a->until)
        return false;
    nanos left = a->budget - allowance_used(g, now);
    a->until = now + left;
    return left <= 0;
}

/* --- the hook -------------------------------------------------------------- */

static void on_count(lua_State *L, lua_Debug *ar);

static int hook_every(const struct generation *g)
{
    size_t block = (size_t)2 << g->heap.largest;
    if (block < CHEWED / HOOK_EVERY)
        return HOOK_EVERY;
    return block < CHEWED ? (int)(CHEWED / block) : 1;
}

static void arm(struct generation *g, lua_State *L)
{
    int every = g->allowed.doom != DOOM_NONE ? 1 : hook_every(g);
    if (lua_gethookcount(L) != every || lua_gethook(L) != on_count)
        lua_sethook(L, on_count, LUA_MASKCOUNT, every);
}

/* From outside of Lua's own calls: what runs is told at its next instruction.
** lua_sethook may be called at any moment, from an allocator too. */
static void doom(struct generation *g, enum doom why)
{
    g->allowed.doom = why;
    g->doom[0] = '\0';
    if (g->running != NULL)
        arm(g, g->running);
}

int allowance_raise(lua_State *L, enum doom why)
{
    struct generation *g = generation_of(L);
    if (g->allowed.doom == DOOM_NONE)
        doom(g, why);
    arm(g, L);
    if (g->doom[0] == '\0') {
        struct buf place = {
            .p = g->doom, .cap = sizeof g->doom, .max = sizeof g->doom - 1};
        sandbox_place(L, &place);
        buf_text(&place, doom_text(g->allowed.doom));
        g->doom[place.n] = '\0';
    }
    lua_pushlightuserdata(L, g); /* costs no memory; nobody gets to see it */
    return lua_error(L);
}

bool allowance_over(struct generation *g)
{
    return g->allowed.doom != DOOM_NONE || late(g);
}

void allowance_look(lua_State *L)
{
    if (allowance_over(generation_of(L)))
        allowance_raise(L, DOOM_TIME);
}

void allowance_excuse(struct generation *g, nanos spent)
{
    struct allowance *a = &g->allowed;
    a->from += spent;
    a->until += spent;
    if (a->cpu_from != 0)
        a->cpu_from += spent;
}

static void on_count(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    allowance_look(L);
    arm(generation_of(L), L);
}

lua_State *allowance_enter(struct generation *g, lua_State *L)
{
    lua_State *before = g->running;
    g->running = L;
    arm(g, L);
    return before;
}

void allowance_leave(struct generation *g, lua_State *before)
{
    g->running = before;
    if (before != NULL)
        arm(g, before);
}

/* --- the heap -------------------------------------------------------------- */

static int power_of(size_t n)
{
    return (int)(8 * sizeof(unsigned long)) - 1 - __builtin_clzl(n);
}

static void count_large(struct heap *h, size_t size, int n)
{
    int power = power_of(size);
    h->large[power] += n;
    if (n > 0 && power > h->largest)
        h->largest = power;
    while (h->largest > 0 && h->large[h->largest] == 0)
        h->largest--;
}

/* A block of `was` bytes has `is` bytes now. */
static void account(struct generation *g, size_t was, size_t is)
{
    struct heap *h = &g->heap;
    h->used = h->used - was + is;
    if (was >> LARGE != 0)
        count_large(h, was, -1);
    if (is >> LARGE != 0)
        count_large(h, is, 1);
    if (is <= was)
        return;
    h->refused_size = 0;
    h->fresh += is - was;
    if (is >> LARGE != 0 && g->running != NULL)
        arm(g, g->running);
}

/* Is it the hash part of a table, and too large? New blocks of objects come
** with their type in osize, those of tables without. */
static bool huge_table(const void *old, size_t osize, size_t nsize)
{
    size_t nodes = nsize / NODE_SIZE;
    return DEFENCE(huge_tables) && nsize > MOST_NODES && old == NULL &&
           osize == 0 && nsize % NODE_SIZE == 0 && (nodes & (nodes - 1)) == 0;
}

static bool refuse(struct generation *g, const void *old, size_t nsize)
{
    struct heap *h = &g->heap;
    if (h->refused_size == nsize && h->refused == old)
        doom(g, DOOM_HEAP);
    else if (late(g))
        doom(g, DOOM_TIME);
    h->refused = old;
    h->refused_size = nsize;
    return false;
}

static bool may_grow(struct generation *g, const void *old, size_t osize,
                     size_t nsize)
{
    struct allowance *a = &g->allowed;
    size_t would = g->heap.used + nsize - (old != NULL ? osize : 0);
    if (a->doom != DOOM_NONE)
        return would <= a->heap || would - a->heap <= LAST_BREATH;
    if (huge_table(old, osize, nsize)) {
        doom(g, DOOM_TABLE);
        return false;
    }
    if (would > a->heap)
        return refuse(g, old, nsize);
    if (g->heap.fresh >= FRESH_BYTES) {
        g->heap.fresh = 0;
        if (late(g))
            doom(g, DOOM_TIME); /* heard of at the next instruction */
    }
    return true;
}

void *allowance_allocate(void *ud, void *old, size_t osize, size_t nsize)
{
    struct generation *g = ud;
    size_t was = old != NULL ? osize : 0; /* else osize is a type tag */
    if (nsize == 0) {
        mem_free(old);
        account(g, was, 0);
        return NULL;
    }
    if (nsize > was && !may_grow(g, old, osize, nsize))
        return NULL;
    void *p = mem_resize(old, nsize);
    if (p == NULL)
        return nsize <= was ? old : NULL; /* Lua counts on shrinking */
    account(g, was, nsize);
    return p;
}
