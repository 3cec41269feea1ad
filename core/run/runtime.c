/*
** runtime.c -- the policy in force, and how a newer one takes its place.
**
** The files are asked about on every request, so an edit rules the very next
** one. A version that does not load changes nothing: the last good one goes
** on, the error is told once, and the next edit is tried again.
*/
#include "run/runtime.h"

#include "base/err.h"
#include "base/mem.h"
#include "net/post.h"
#include "run/compiled.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/loader.h"
#include "run/realm/realm.h"
#include "run/task.h"

#define ERROR_MAX (16 * 1024)

static const struct limits defaults = {
    .cpu = 100 * NANOS_MS,
    .load_cpu = NANOS_S,
    .heap = 64u << 20,
    .request_heap = 32u << 20,
    .deadline = 120 * NANOS_S,
    .attempts = 32,
    .requests = 10000,
    .memory = (size_t)256 << 20,
};

int runtime_init(struct runtime *rt, struct world *world, const char *store)
{
    rt->world = world;
    rt->limits = defaults;
    rt->hold.max = rt->limits.memory;
    rt->woken_last = &rt->woken;
    rt->wake.run = task_run_woken;
    arena_init(&rt->arena);
    buf_init(&rt->load_error, ERROR_MAX);
    disk_init(&rt->disk, world);
    rt->realm = realm_open(store);
    if (rt->realm == NULL)
        return ERR_MEMORY;
    uint64_t dice;
    world_random(world, &dice, sizeof dice);
    via_mark(realm_number(rt->realm, dice), rt->mark);
    return 0;
}

void runtime_fini(struct runtime *rt)
{
    call_hang_up_all(&rt->lingering);
    post_end_all(&rt->posts);
    generation_release(rt->current);
    watch_close(rt->watch);
    compiled_free(rt);
    while (rt->spare != NULL) {
        struct request *next = rt->spare->next;
        mem_free(rt->spare);
        rt->spare = next;
    }
    lane_free_all(rt->lanes);
    mem_free(rt->source_memory);
    disk_fini(&rt->disk);
    realm_close(rt->realm);
    buf_fini(&rt->load_error);
    arena_fini(&rt->arena);
}

/* Once per version, though every worker has something to tell. */
static bool untold(struct runtime *rt, str message)
{
    return realm_first(rt->realm, "policy", rt->tried ^ str_hash(message));
}

/* What a version says of concurrency holds from the moment it is in force. */
static void set_lanes(struct runtime *rt, const struct generation *g)
{
    for (struct lane *lane = rt->lanes; lane != NULL; lane = lane->next)
        lane->limit = 0;
    for (const struct provider *p = g->providers; p != NULL; p = p->next) {
        p->lane->limit = p->concurrency;
        p->lane->queue = p->queue;
    }
    for (struct lane *lane = rt->lanes; lane != NULL; lane = lane->next)
        lane_limit(lane, lane->limit, lane->queue);
}

static void put_in_force(struct runtime *rt, struct generation *g)
{
    bool first = rt->current == NULL;
    generation_release(rt->current);
    rt->current = g;
    set_lanes(rt, g);
    stat_add(&rt->stats.reloads, 1);
    str message = arena_print(&g->arena, "policy %.*s version %s is in force",
                              STR_ARG(rt->source.name), g->version);
    if (untold(rt, message))
        event_runtime(rt, first ? "policy_loaded" : "policy_reloaded", message);
}

/* Load what rt->source names and put it in force, or keep the old one. */
static int load(struct runtime *rt)
{
    struct watch *watch = NULL;
    if (!rt->unwatched && (watch = watch_open(rt->no_inotify)) == NULL)
        return ERR_MEMORY;
    buf_clear(&rt->load_error);
    struct generation *g =
        generation_load(rt, watch, &rt->source, &rt->load_error);
    watch_close(rt->watch);
    rt->watch = watch;
    if (g != NULL) {
        put_in_force(rt, g);
        return 0;
    }
    stat_add(&rt->stats.reloads_bad, 1);
    if (untold(rt, buf_str(&rt->load_error)))
        event_policy(rt, NULL, "load_error", buf_str(&rt->load_error));
    return ERR_POLICY;
}

/* Copy a text to *at, which moves on; zero-terminated. */
static str put(char **at, str text)
{
    char *to = *at;
    if (text.p == NULL)
        return STR_NONE;
    memcpy(to, text.p, text.n);
    to[text.n] = '\0';
    *at += text.n + 1;
    return (str){to, text.n};
}

int runtime_load(struct runtime *rt, const struct policy_source *source)
{
    struct policy_source before = rt->source;
    size_t need = source->name.n + source->text.n + source->library.n + 3;
    char *memory = mem_alloc(need), *at = memory, *other = rt->source_memory;
    if (memory == NULL)
        return ERR_MEMORY;
    rt->source.name = put(&at, source->name);
    rt->source.text = put(&at, source->text);
    rt->source.builtin = source->builtin || loader_is_ready(source);
    rt->source.library = put(&at, source->library);
    int error = load(rt);
    if (error != 0 && rt->current != NULL) {
        rt->source = before;
        other = memory;
    } else {
        rt->source_memory = memory;
    }
    mem_free(other);
    return error;
}

struct generation *runtime_policy(struct runtime *rt)
{
    if (rt->watch != NULL && watch_changed(rt->watch))
        load(rt);
    return rt->current;
}
