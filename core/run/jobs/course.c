/*
** course.c -- a job is put, taken, and put back for its next window.
**
** Windows double from the first to the longest, each by up to a half shorter, so
** that jobs which failed together do not come back together. What a provider
** asked for (Retry-After) is waited for in any case. When a job of a queue is
** answered the others go on, too, one behind the other: whoever was away is back;
** but none sooner than the first window behind its last try.
*/
#include "run/jobs/inner.h"

#include "base/defence.h"
#include "base/mem.h"

#define MOST_RECORD 8192
#define GUESSED     (5 * NANOS_S) /* how long a job takes, while nobody knows */

static str id_of(const char *id)
{
    return (str){id, JOB_ID};
}

static nanos least(nanos a, nanos b)
{
    return a < b ? a : b;
}

void course_note(const struct job_record *job, nanos gone, struct batch *b)
{
    struct buf text;
    buf_init(&text, MOST_RECORD);
    job_write(job, &text);
    batch_put(b, STR(JOBS_TABLE), id_of(job->id), buf_str(&text), gone);
    if (!buf_ok(&text))
        b->wrong = STORE_MEMORY;
    buf_fini(&text);
}

/* --- put ------------------------------------------------------------------- */

static void draw_id(struct world *world, char id[JOB_ID + 1])
{
    unsigned char dice[(JOB_ID - 4) / 2];
    world_random(world, dice, sizeof dice);
    memcpy(id, "job_", 4);
    str_hex(id + 4, dice, sizeof dice);
    id[JOB_ID] = '\0';
}

/* A random part of a length of time. */
static nanos some_of(struct world *world, nanos length)
{
    uint64_t dice;
    world_random(world, &dice, sizeof dice);
    return (nanos)(dice % ((uint64_t)length + 1));
}

/* When the nth try in a row may be: behind its window, and what was asked for. */
static nanos window(struct world *world, const struct queue_rules *rules,
                    int nth, nanos wait)
{
    nanos length = rules->first;
    while (nth-- > 1 && length < rules->longest)
        length *= 2;
    length = least(length, rules->longest);
    nanos drawn = length - some_of(world, length / 2);
    if (wait <= drawn)
        return drawn;
    return wait + some_of(world, rules->first);
}

static enum put_word may_enter(const struct jobs_queue *q, size_t size)
{
    if (q->open >= q->rules.most && DEFENCE(jobs_most))
        return PUT_MOST;
    bool fits = q->bytes + size + JOB_COST <= q->rules.room;
    return fits || !DEFENCE(jobs_room) ? PUT_GIVEN : PUT_ROOM;
}

/* Take its place in the queue. */
static enum put_word enter(struct hand *hand, const struct job_offer *offer,
                           size_t size, struct job_record *job)
{
    struct jobs_queue *q = offer->queue;
    struct world *world = hand->world;
    enum put_word word = may_enter(q, size);
    if (word != PUT_GIVEN)
        return word;
    nanos wait = window(world, &q->rules, 1, offer->wait);
    nanos calendar = world_calendar(world);
    *job = (struct job_record){.key = offer->key,
                               .user = offer->user,
                               .team = offer->team,
                               .created = calendar,
                               .expires = calendar + q->rules.expires,
                               .due = calendar + wait,
                               .size = size};
    draw_id(world, job->id);
    struct known *k = known_add(hand->depot, q, job);
    if (k == NULL)
        return PUT_STORE;
    *job = k->job;
    k->storing = true;
    k->not_before = world_now(world) + wait;
    k->gone = job->expires + q->rules.keep;
    q->well = false; /* whoever comes here was not answered */
    return PUT_GIVEN;
}

static void drop(struct depot *d, const char *id)
{
    pthread_mutex_lock(&d->lock);
    struct known *k = known_find(d, id_of(id));
    if (k != NULL)
        known_drop(d, k);
    pthread_mutex_unlock(&d->lock);
}

static enum put_word hand_in(struct hand *hand, struct order *order,
                             const struct job_record *job, str packet,
                             enum store_result *result)
{
    char id[JOB_ID + 1];
    nanos gone = job->expires + NANOS_S;
    memcpy(id, job->id, sizeof id);
    memcpy(order->id, id, sizeof id);
    batch_put(&order->batch, STR(JOB_BODIES_TABLE), id_of(id), packet, gone);
    *result = order_give(hand->depot, order);
    if (*result == STORE_OK)
        return PUT_GIVEN;
    drop(hand->depot, id);
    return PUT_STORE;
}

enum put_word depot_put(struct hand *hand, const struct job_offer *offer,
                        struct order *order, enum store_result *result)
{
    struct depot *d = hand->depot;
    struct job_record job;
    struct buf packet;
    *result = STORE_MEMORY;
    buf_init(&packet, JOB_MOST_BODY);
    job_pack(&offer->packet, &packet);
    enum put_word word = buf_ok(&packet) ? PUT_GIVEN : PUT_LARGE;
    if (word == PUT_GIVEN) {
        pthread_mutex_lock(&d->lock);
        word = enter(hand, offer, packet.n, &job);
        if (word == PUT_GIVEN)
            course_note(&job, job.expires + offer->queue->rules.keep,
                        &order->batch);
        pthread_mutex_unlock(&d->lock);
    }
    if (word == PUT_GIVEN)
        word = hand_in(hand, order, &job, buf_str(&packet), result);
    else
        order_drop(order);
    buf_fini(&packet);
    return word;
}

void course_erase(struct hand *hand, const char *id)
{
    struct order *order = order_new(sizeof *order, hand, order_forget);
    if (order == NULL)
        return;
    batch_delete(&order->batch, STR(JOBS_TABLE), id_of(id));
    batch_delete(&order->batch, STR(JOB_BODIES_TABLE), id_of(id));
    order_give(hand->depot, order);
}

void depot_stored(struct hand *hand, const char *id, enum store_result result,
                  bool wanted)
{
    struct depot *d = hand->depot;
    pthread_mutex_lock(&d->lock);
    struct known *k = known_find(d, id_of(id));
    if (k != NULL && (result != STORE_OK || !wanted)) {
        known_drop(d, k);
    } else if (k != NULL) {
        k->storing = false;
        known_wait(k, k->not_before);
        known_end_at(d, k, k->job.expires, hand->world);
    }
    pthread_mutex_unlock(&d->lock);
    if (result == STORE_OK && !wanted)
        course_erase(hand, id);
}

/* --- taken ----------------------------------------------------------------- */

/* Is there nobody who could go, whatever the time? */
static bool is_held(const struct jobs_queue *q)
{
    bool full = q->running >= q->rules.at_once && DEFENCE(jobs_at_once);
    return full || q->waiting.n == 0;
}

/* The first in line, if it may go now. */
static struct known *next_of(struct jobs_queue *q, nanos now)
{
    if (is_held(q))
        return NULL;
    struct known *k = KNOWN_DUE(q->waiting.heap[0].timer);
    bool may =
        timers_due(&q->waiting) <= now || (q->well && k->not_before <= now);
    return may ? k : NULL;
}

bool depot_take(struct hand *hand, struct job_record *job)
{
    struct depot *d = hand->depot;
    struct known *k = NULL;
    nanos now = world_now(hand->world);
    pthread_mutex_lock(&d->lock);
    for (struct jobs_queue *q = d->queues; q != NULL && k == NULL; q = q->next)
        k = next_of(q, now);
    if (k != NULL) {
        timers_stop(&d->ends, &k->end);
        known_state(k, JOB_RUNNING);
        k->hand = hand;
        k->begun = now;
        k->job.tries++;
        k->job.deaths++;
        *job = k->job;
    }
    pthread_mutex_unlock(&d->lock);
    return k != NULL;
}

bool depot_begin(struct order *order, const char *id)
{
    struct depot *d = order->hand->depot;
    memcpy(order->id, id, JOB_ID + 1);
    pthread_mutex_lock(&d->lock);
    struct known *k = known_find(d, id_of(id));
    if (k != NULL)
        course_note(&k->job, k->gone, &order->batch);
    pthread_mutex_unlock(&d->lock);
    return order_give(d, order) == STORE_OK;
}

nanos depot_next(struct depot *d, nanos now)
{
    pthread_mutex_lock(&d->lock);
    nanos next = timers_due(&d->ends);
    for (const struct jobs_queue *q = d->queues; q != NULL; q = q->next) {
        if (is_held(q))
            continue;
        next = least(next, timers_due(&q->waiting));
        nanos early = KNOWN_DUE(q->waiting.heap[0].timer)->not_before;
        if (q->well)
            next = least(next, early > now ? early : now);
    }
    pthread_mutex_unlock(&d->lock);
    return next;
}

/* --- again ----------------------------------------------------------------- */

/* Back in line, under the lock. */
static void back(struct hand *hand, struct known *k, int status, nanos wait)
{
    struct world *world = hand->world;
    nanos now = world_now(world), asked = DEFENCE(jobs_asked) ? wait : 0;
    const struct queue_rules *rules = &k->queue->rules;
    k->job.tries -= status == 0;
    k->job.deaths = 0;
    if (status != 0) {
        k->job.status = status;
        k->queue->well = false;
        wait = window(world, rules, k->job.tries + 1, wait);
    }
    k->hand = NULL;
    k->job.due = world_calendar(world) + wait;
    nanos soonest = least(wait, rules->first);
    k->not_before = now + (asked > soonest ? asked : soonest);
    known_state(k, JOB_QUEUED);
    known_wait(k, now + wait);
    known_end_at(hand->depot, k, k->job.expires, world);
}

void depot_again(struct hand *hand, const char *id, int status, nanos wait)
{
    struct depot *d = hand->depot;
    struct order *order = order_new(sizeof *order, hand, order_forget);
    pthread_mutex_lock(&d->lock);
    struct known *k = known_find(d, id_of(id));
    bool cancelled = k != NULL && k->cancelled && DEFENCE(jobs_cancelled);
    if (k != NULL && !cancelled)
        back(hand, k, status, wait);
    if (k != NULL && order != NULL)
        course_note(&k->job, k->gone, &order->batch);
    pthread_mutex_unlock(&d->lock);
    if (cancelled)
        depot_end(hand, id, &(struct job_end){.state = JOB_CANCELLED});
    if (order != NULL && !cancelled)
        order_give(d, order);
    else if (order != NULL)
        order_drop(order);
}

/* --- how long -------------------------------------------------------------- */

nanos course_eta(const struct known *k, nanos now)
{
    const struct jobs_queue *q = k->queue;
    nanos pace = q->pace > 0 ? q->pace : GUESSED;
    if (k->job.state != JOB_QUEUED)
        return pace;
    nanos wait = k->due.due > now ? k->due.due - now : 0;
    int64_t ahead = q->running;
    for (size_t i = 0; i < q->waiting.n; i++)
        ahead += q->waiting.heap[i].due < k->due.due;
    return wait + pace * (1 + ahead / q->rules.at_once);
}
