/*
** over.c -- a job's end: it is done, has failed, was cancelled or has expired.
**
** A client hears of an end once the store has it. What came of a job that cannot
** be kept, since the store is full, is lost, and the job is not run again for it:
** whoever asked is told, and has paid once. Where not even its end can be noted all
** of it leaves the store, which to delete has always room: the next process knows
** nothing of it, rather than doing it again.
*/
#include "run/jobs/inner.h"

#include "base/defence.h"
#include "base/mem.h"
#include "run/events.h"

#define PACE_KEPT 3 /* of 4 parts of what was known before */

struct end_order {
    struct order order; /* first */
    enum job_state state;
    int status;
    const char *why;
    size_t size;
    nanos gone;
    bool replied;
};

static str id_of(const char *id)
{
    return (str){id, JOB_ID};
}

/* The record as it will be. */
static struct job_record ended(const struct known *k, const struct end_order *e)
{
    struct job_record job = k->job;
    job.state = e->state;
    job.status = e->status;
    job.why = e->why;
    job.size = e->size;
    job.deaths = 0;
    return job;
}

static void put_rows(const struct known *k, struct end_order *e)
{
    struct job_record job = ended(k, e);
    course_note(&job, e->gone, &e->order.batch);
    batch_delete(&e->order.batch, STR(JOB_BODIES_TABLE), id_of(job.id));
    memcpy(e->order.id, job.id, sizeof job.id);
}

/* From now on it is over in memory, too. */
static void apply(struct depot *d, struct known *k, const struct end_order *e,
                  struct world *world)
{
    struct job_record job = ended(k, e);
    known_state(k, job.state);
    known_size(k, job.size);
    k->job = job;
    k->replied = e->replied;
    k->gone = e->gone;
    k->hand = NULL;
    k->ending = false;
    known_end_at(d, k, e->gone, world);
}

void over_tell(struct world *world, const struct job_record *job)
{
    struct buf line;
    event_begin(&line, world);
    event_text(&line, "event", STR("job_ended"));
    event_text(&line, "job", id_of(job->id));
    event_text(&line, "queue", job->queue);
    event_text(&line, "state", str_of(job_state_name(job->state)));
    event_text(&line, "reason", str_of(job->why));
    event_int(&line, "tries", job->tries);
    event_send(&line, world);
}

/* The end of one that is over in memory already: the store has it, or nothing. */
static void end_noted(struct order *order, enum store_result result)
{
    if (result != STORE_OK && DEFENCE(jobs_unnoted))
        course_erase(order->hand, order->id);
}

/* --- by its run ------------------------------------------------------------ */

/* What came of it could not be kept: at least that is. */
static void tell_lost(struct hand *hand, const char *id, struct end_order *e)
{
    struct depot *d = hand->depot;
    struct end_order *second = order_new(sizeof *second, hand, end_noted);
    e->size = 0;
    if (e->replied) {
        e->state = JOB_FAILED;
        e->status = 507;
        e->why = "result_not_kept";
        e->replied = false;
    }
    pthread_mutex_lock(&d->lock);
    struct known *k = known_find(d, id_of(id));
    if (k != NULL && second != NULL) {
        struct order order = second->order;
        *second = *e;
        second->order = order;
        put_rows(k, second);
    }
    if (k != NULL) {
        apply(d, k, e, hand->world);
        over_tell(hand->world, &k->job);
    }
    pthread_mutex_unlock(&d->lock);
    if (second != NULL)
        order_give(d, &second->order);
}

static void end_stored(struct order *order, enum store_result result)
{
    struct end_order *e = (struct end_order *)(void *)order;
    struct depot *d = order->hand->depot;
    if (result != STORE_OK) {
        tell_lost(order->hand, order->id, e);
        return;
    }
    pthread_mutex_lock(&d->lock);
    struct known *k = known_find(d, id_of(order->id));
    if (k != NULL)
        apply(d, k, e, order->hand->world);
    pthread_mutex_unlock(&d->lock);
}

static void learn_pace(struct known *k, nanos now)
{
    struct jobs_queue *q = k->queue;
    nanos took = now - k->begun;
    q->pace = q->pace == 0 ? took : (q->pace * PACE_KEPT + took) / 4;
}

/* What the order says, under the lock. */
static void fill(struct end_order *e, struct known *k, struct hand *hand,
                 const struct job_end *end)
{
    *e = (struct end_order){
        .order = e->order,
        .state = k->cancelled ? JOB_CANCELLED : end->state,
        .status = end->status,
        .why = end->why,
        .gone = world_calendar(hand->world) + k->queue->rules.keep,
        .replied = end->packet != NULL && !k->cancelled,
    };
    k->ending = true;
    if (end->state == JOB_DONE)
        k->queue->well = true;
    if (e->replied)
        learn_pace(k, world_now(hand->world));
}

static void put_result(struct end_order *e, const struct known *k,
                       const struct job_packet *packet)
{
    struct buf text;
    buf_init(&text, JOB_MOST_BODY);
    job_pack(packet, &text);
    e->size = text.n;
    batch_put(&e->order.batch, STR(JOB_RESULTS_TABLE), id_of(k->job.id),
              buf_str(&text), e->gone);
    if (!buf_ok(&text))
        e->order.batch.wrong = STORE_MEMORY;
    buf_fini(&text);
}

void depot_end(struct hand *hand, const char *id, const struct job_end *end)
{
    struct depot *d = hand->depot;
    struct end_order spare = {.state = end->state};
    struct end_order *e = order_new(sizeof *e, hand, end_stored);
    pthread_mutex_lock(&d->lock);
    struct known *k = known_find(d, id_of(id));
    if (k != NULL && e != NULL) {
        fill(e, k, hand, end);
        if (e->replied)
            put_result(e, k, end->packet);
        put_rows(k, e);
        spare = *e;
    } else if (k != NULL) {
        fill(&spare, k, hand, end);
    }
    pthread_mutex_unlock(&d->lock);
    if (e == NULL || order_give(d, &e->order) != STORE_OK)
        tell_lost(hand, id, &spare);
}

/* --- without a run --------------------------------------------------------- */

struct order *over_now(struct hand *hand, struct known *k, enum job_state state)
{
    struct end_order spare = {.state = state};
    struct end_order *e = order_new(sizeof *e, hand, end_noted);
    struct end_order *say = e != NULL ? e : &spare;
    say->state = state;
    say->status = k->job.status;
    say->gone = world_calendar(hand->world) + k->queue->rules.keep;
    if (e != NULL)
        put_rows(k, e);
    apply(hand->depot, k, say, hand->world);
    return e != NULL ? &e->order : NULL;
}

/* The next that has come to its end; false: there is none. */
static bool sweep_one(struct hand *hand)
{
    struct depot *d = hand->depot;
    struct order *order = NULL;
    pthread_mutex_lock(&d->lock);
    struct timer *t = timers_pop(&d->ends, world_now(hand->world));
    if (t != NULL && job_over(KNOWN_END(t)->job.state)) {
        known_drop(d, KNOWN_END(t));
    } else if (t != NULL) {
        order = over_now(hand, KNOWN_END(t), JOB_EXPIRED);
        over_tell(hand->world, &KNOWN_END(t)->job);
    }
    pthread_mutex_unlock(&d->lock);
    if (order != NULL)
        order_give(d, order);
    return t != NULL;
}

void over_sweep(struct hand *hand)
{
    while (sweep_one(hand))
        continue;
}
