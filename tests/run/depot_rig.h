/*
** depot_rig.h -- a depot, two hands in simulated worlds, and short words.
**
** A realm on a folder is closed with jobs in it, running or not, and opened again:
** for the store that is what a process is that was killed.
*/
#ifndef TESTS_RUN_DEPOT_RIG_H
#define TESTS_RUN_DEPOT_RIG_H

#include "net/folder.h"
#include "net/virtual/virtual.h"
#include "run/jobs/inner.h"
#include "store/memory.h"

static struct realm *realm;
static struct depot *depot;
static struct jobs_queue *line;
static struct queue_rules rules;
static struct hand hands[2];
static struct world *worlds[2];
static struct store_why why;

/* What an order came to. */
static enum store_result said;
static bool told, wanted;

static inline void on_nudge(struct nudge *n)
{
    struct hand *hand =
        (struct hand *)(void *)((char *)n - offsetof(struct hand, nudge));
    if (hand->depot != NULL)
        hand_heed(hand);
}

/* Let so much time pass, in both worlds. */
static inline void pass(nanos time)
{
    for (int i = 0; i < 2; i++)
        virtual_pass(worlds[i], world_now(worlds[i]) + time);
    for (int i = 0; i < 2; i++)
        on_nudge(&hands[i].nudge);
}

/* Until what the store was given is there, and what follows has happened. */
static inline void settle(void)
{
    for (int i = 0; i < 2; i++) {
        pthread_mutex_lock(&depot->lock);
        while (hands[i].pending > 0)
            pthread_cond_wait(&depot->idle, &depot->lock);
        pthread_mutex_unlock(&depot->lock);
    }
    pass(0);
}

static inline void open_depot(nanos calendar)
{
    static uint64_t seed; /* no two draw the same ids */
    for (int i = 0; i < 2; i++) {
        struct virtual_setup setup = {.seed = ++seed, .calendar = calendar};
        CHECK_INT(virtual_open(&worlds[i], &setup), 0);
    }
    realm = realm_open(folder_path("store"));
    realm_keep(realm, &(struct store_options){.path = folder_path("store")});
    depot = depot_of(realm, worlds[0], &why);
    CHECK(depot != NULL);
    line = depot_queue(depot, STR("later"), &rules);
    for (int i = 0; i < 2; i++) {
        hands[i] =
            (struct hand){.nudge = {.run = on_nudge}, .world = worlds[i]};
        depot_join(depot, &hands[i]);
    }
}

static inline void close_depot(void)
{
    for (int i = 0; i < 2; i++)
        depot_leave(&hands[i]);
    realm_close(realm);
    for (int i = 0; i < 2; i++)
        virtual_close(worlds[i]);
}

static inline void rig_open(void)
{
    folder_open();
    rules = queue_usual;
    wanted = true;
    open_depot(1000 * NANOS_S);
}

static inline void rig_close(void)
{
    close_depot();
    folder_close();
}

/* The process dies, and another one begins `later`. */
static inline void die(nanos later)
{
    nanos calendar = world_calendar(worlds[0]);
    close_depot();
    open_depot(calendar + later);
}

/* --- words ----------------------------------------------------------------- */

static inline void on_stored(struct order *order, enum store_result result)
{
    said = result;
    told = true;
    depot_stored(order->hand, order->id, result, wanted);
}

/* Put a job of this key and user; its id, or "". */
static inline const char *put_for(const char *key, const char *user)
{
    static char ids[16][JOB_ID + 1];
    static int n;
    enum store_result result;
    struct http_field field = {STR("x-team"), STR("bl\"ue")};
    struct job_offer offer = {.queue = line,
                              .key = str_of(key),
                              .user = str_of(user),
                              .packet = {&field, 1, STR("do this")}};
    struct order *order = order_new(sizeof *order, &hands[0], on_stored);
    char *id = ids[n++ % 16];
    told = false;
    id[0] = '\0';
    if (depot_put(&hands[0], &offer, order, &result) != PUT_GIVEN)
        return id;
    memcpy(id, order->id, JOB_ID + 1);
    settle();
    return id;
}

static inline const char *put(void)
{
    return put_for(NULL, NULL);
}

/* Take one with this hand and note it as begun; false: there is none. */
static inline bool take(int hand, struct job_record *job)
{
    if (!depot_take(&hands[hand], job))
        return false;
    struct order *order = order_new(sizeof *order, &hands[hand], order_forget);
    CHECK(depot_begin(order, job->id));
    settle();
    return true;
}

static inline void end_with(const char *id, enum job_state state, int status,
                            str body)
{
    struct job_packet packet = {NULL, 0, body};
    depot_end(&hands[0], id, &(struct job_end){state, status, &packet, NULL});
    settle();
}

static inline bool see(const char *id, struct job_view *view)
{
    struct job_caller nobody = {STR_NONE, STR_NONE, STR_NONE};
    return depot_see(depot, str_of(id), &nobody, world_now(worlds[0]), view);
}

/* Its state, or -1. */
static inline int state_of(const char *id)
{
    struct job_view view;
    return see(id, &view) ? (int)view.state : -1;
}

static inline bool result_is(const char *id, const char *body)
{
    struct arena arena;
    struct job_packet packet;
    arena_init(&arena);
    bool same =
        depot_result(&hands[1], str_of(id), &arena, &packet) == STORE_OK &&
        str_eq(packet.body, str_of(body));
    arena_fini(&arena);
    return same;
}

#endif
