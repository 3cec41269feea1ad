/*
** depot.c -- a depot is opened once, and hands come and go.
**
** An order is a batch on its way to the store. Its `done` is called on the
** store's thread, which puts the order on its hand's list and nudges the hand;
** so whatever follows happens on the loop it began on. A hand that leaves waits
** for its orders: nobody else could carry on with them.
*/
#include "run/jobs/inner.h"

#include "base/mem.h"
#include "store/memory.h"

#define MOST_QUEUES 64

const struct queue_rules queue_usual = {
    .first = 10 * NANOS_S,
    .longest = 600 * NANOS_S,
    .expires = 86400 * NANOS_S,
    .keep = 86400 * NANOS_S,
    .most = 1000,
    .at_once = 2,
    .room = (size_t)64 << 20,
};

/* --- in the realm ---------------------------------------------------------- */

static void init(void *at)
{
    struct depot *d = at;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->idle, NULL);
}

static void fini(void *at)
{
    struct depot *d = at;
    known_fini(d);
    while (d->queues != NULL) {
        struct jobs_queue *q = d->queues;
        d->queues = q->next;
        timers_fini(&q->waiting);
        mem_free(q);
    }
    timers_fini(&d->ends);
    store_close(d->own);
    pthread_cond_destroy(&d->idle);
    pthread_mutex_destroy(&d->lock);
}

static const struct shared_kind kind = {.name = "jobs",
                                        .size = sizeof(struct depot),
                                        .most = 1,
                                        .init = init,
                                        .fini = fini};

/* --- queues ---------------------------------------------------------------- */

static struct jobs_queue *make_queue(struct depot *d, str name)
{
    struct jobs_queue *q = mem_zero(sizeof *q + name.n);
    if (q == NULL || timers_init(&q->waiting) != 0) {
        mem_free(q);
        return NULL;
    }
    memcpy(q->text, name.p, name.n);
    q->name = (str){q->text, name.n};
    q->depot = d;
    q->next = d->queues;
    d->queues = q;
    return q;
}

struct jobs_queue *queue_find(struct depot *d, str name,
                              const struct queue_rules *rules)
{
    int n = 0;
    struct jobs_queue *q = d->queues;
    for (; q != NULL && !str_eq(q->name, name); q = q->next)
        n++;
    if (q == NULL && n < MOST_QUEUES && (q = make_queue(d, name)) != NULL)
        q->rules = *rules;
    return q;
}

struct jobs_queue *depot_queue(struct depot *d, str name,
                               const struct queue_rules *rules)
{
    pthread_mutex_lock(&d->lock);
    struct jobs_queue *q = queue_find(d, name, rules);
    if (q != NULL)
        q->rules = *rules;
    pthread_mutex_unlock(&d->lock);
    return q;
}

/* --- what the store has ---------------------------------------------------- */

struct reading {
    struct depot *d;
    struct world *world;
    struct arena arena;
    enum store_result result;
    bool short_of_memory;
};

/* A job of a process that has ended goes on where it was; one that has never come
** to an end is not tried for ever. */
static void go_on(struct reading *r, struct known *k, nanos gone)
{
    nanos now = world_now(r->world), calendar = world_calendar(r->world);
    const struct queue_rules *rules = &k->queue->rules;
    nanos wait = k->job.due > calendar ? k->job.due - calendar : 0;
    if (k->job.state == JOB_RUNNING && k->job.deaths >= JOB_DEATHS) {
        k->job.why = "job_gave_up";
        k->job.status = 500;
        known_state(k, JOB_FAILED);
        over_tell(r->world, &k->job);
    } else if (k->job.state == JOB_RUNNING) {
        known_state(k, JOB_QUEUED);
        wait = 0;
    }
    k->replied = (k->job.state == JOB_DONE || k->job.state == JOB_FAILED) &&
                 k->job.why == NULL;
    bool over = job_over(k->job.state);
    if (!over)
        known_wait(k, now + (wait < rules->expires ? wait : rules->expires));
    k->gone = gone;
    known_end_at(r->d, k, over ? gone : k->job.expires, r->world);
}

static void on_row(void *user, const struct row *row)
{
    struct reading *r = user;
    struct job_record job;
    if (!job_read(row->key, row->value, &r->arena, &job))
        return; /* written by a version that knew more, or damaged */
    struct jobs_queue *q = queue_find(r->d, job.queue, &queue_usual);
    struct known *k = q != NULL ? known_add(r->d, q, &job) : NULL;
    if (k != NULL)
        go_on(r, k, row->expires);
    else
        r->short_of_memory = true;
}

static void on_end(void *user, enum store_result result)
{
    ((struct reading *)user)->result = result;
}

static enum store_result read_all(struct depot *d, struct world *world)
{
    struct reading r = {.d = d, .world = world};
    arena_init(&r.arena);
    store_look(d->store, &(struct store_look){.table = STR(JOBS_TABLE),
                                              .key = STR(""),
                                              .most = INT32_MAX,
                                              .now = world_calendar(world),
                                              .row = on_row,
                                              .done = on_end,
                                              .user = &r});
    arena_fini(&r.arena);
    if (r.short_of_memory)
        return STORE_MEMORY;
    return r.result == STORE_MISSING ? STORE_OK : r.result;
}

static void forget_all(struct depot *d)
{
    known_fini(d);
    d->slots = NULL;
    d->slots_n = 0;
    d->store = NULL;
}

/* A simulated realm has no folder, and its jobs are in memory. */
static void open_store(struct depot *d, struct world *world,
                       struct store_why *why)
{
    if (realm_folder(d->realm) == NULL && world->replays) {
        d->own = d->own != NULL ? d->own : store_in_memory(0);
        d->store = d->own;
    } else {
        d->store = realm_store(d->realm, why);
    }
    if (d->store == NULL)
        return;
    enum store_result result = read_all(d, world);
    if (result == STORE_OK)
        return;
    store_say(why, result, d->store->path, "the jobs cannot be read");
    forget_all(d);
}

struct depot *depot_of(struct realm *r, struct world *world,
                       struct store_why *why)
{
    struct depot *d = realm_share(r, &kind, STR("jobs"));
    if (d == NULL) {
        store_say(why, STORE_MEMORY, "jobs", NULL);
        return NULL;
    }
    pthread_mutex_lock(&d->lock);
    d->realm = r;
    if (d->store == NULL &&
        (d->ends.heap != NULL || timers_init(&d->ends) == 0))
        open_store(d, world, why);
    bool open = d->store != NULL;
    pthread_mutex_unlock(&d->lock);
    return open ? d : NULL;
}

struct depot *depot_found(struct realm *r)
{
    struct depot *d = realm_find(r, &kind, STR("jobs"));
    if (d == NULL)
        return NULL;
    pthread_mutex_lock(&d->lock);
    bool open = d->store != NULL;
    pthread_mutex_unlock(&d->lock);
    return open ? d : NULL;
}

/* --- orders ---------------------------------------------------------------- */

/* [the store's thread] */
static void carried_out(struct batch *b)
{
    struct order *order =
        (struct order *)(void *)((char *)b - offsetof(struct order, batch));
    struct hand *hand = order->hand;
    struct depot *d = hand->depot;
    pthread_mutex_lock(&d->lock);
    order->next = NULL;
    *hand->finished_end = order;
    hand->finished_end = &order->next;
    hand->pending--;
    world_nudge(hand->world, &hand->nudge); /* it cannot have left: the lock */
    pthread_cond_broadcast(&d->idle);
    pthread_mutex_unlock(&d->lock);
}

void *order_new(size_t size, struct hand *hand,
                void (*then)(struct order *, enum store_result))
{
    struct order *order = mem_zero(size);
    if (order == NULL)
        return NULL;
    batch_init(&order->batch, world_calendar(hand->world));
    order->batch.done = carried_out;
    order->hand = hand;
    order->then = then;
    return order;
}

void order_drop(struct order *order)
{
    batch_fini(&order->batch);
    mem_free(order);
}

static void pend(struct depot *d, struct hand *hand, int n)
{
    pthread_mutex_lock(&d->lock);
    hand->pending += n;
    pthread_mutex_unlock(&d->lock);
}

enum store_result order_give(struct depot *d, struct order *order)
{
    struct hand *hand = order->hand;
    pend(d, hand, 1);
    enum store_result result = store_commit(d->store, &order->batch);
    if (result == STORE_OK)
        return STORE_OK;
    pend(d, hand, -1);
    order_drop(order);
    return result;
}

void order_forget(struct order *order, enum store_result result)
{
    (void)order;
    (void)result;
}

/* The first that is carried out, or NULL. */
static struct order *take_finished(struct hand *hand)
{
    pthread_mutex_lock(&hand->depot->lock);
    struct order *order = hand->finished;
    if (order != NULL)
        hand->finished = order->next;
    if (hand->finished == NULL)
        hand->finished_end = &hand->finished;
    pthread_mutex_unlock(&hand->depot->lock);
    return order;
}

void hand_heed(struct hand *hand)
{
    struct order *order;
    while (hand->depot != NULL && (order = take_finished(hand)) != NULL) {
        order->then(order, order->batch.result);
        order_drop(order);
    }
    if (hand->depot != NULL)
        over_sweep(hand);
}

/* --- hands ----------------------------------------------------------------- */

void depot_join(struct depot *d, struct hand *hand)
{
    if (hand->depot != NULL)
        return;
    pthread_mutex_lock(&d->lock);
    hand->depot = d;
    hand->finished_end = &hand->finished;
    hand->next = d->hands;
    d->hands = hand;
    world_nudge(hand->world, &hand->nudge);
    pthread_mutex_unlock(&d->lock);
}

/* False: there was nothing to wait for. */
static bool wait_for_orders(struct depot *d, struct hand *hand)
{
    pthread_mutex_lock(&d->lock);
    bool any = hand->pending > 0 || hand->finished != NULL;
    while (hand->pending > 0)
        pthread_cond_wait(&d->idle, &d->lock);
    pthread_mutex_unlock(&d->lock);
    return any;
}

void depot_leave(struct hand *hand)
{
    struct depot *d = hand->depot;
    if (d == NULL)
        return;
    while (wait_for_orders(d, hand))
        hand_heed(hand); /* what follows an order may be another one */
    pthread_mutex_lock(&d->lock);
    struct hand **at = &d->hands;
    while (*at != hand)
        at = &(*at)->next;
    *at = hand->next;
    for (struct hand *h = d->hands; h != NULL; h = h->next)
        world_nudge(h->world, &h->nudge); /* what it would have done */
    hand->depot = NULL;
    pthread_mutex_unlock(&d->lock);
}
