/*
** known.c -- the jobs in memory: a table by their ids, and two heaps.
**
** Those that wait are in their queue's heap by the instant they are due; all that
** nobody runs are in the depot's by the instant they end. A heap that finds no
** memory loses nobody for good: who is not in it is read again at the next start.
*/
#include "run/jobs/inner.h"

#include "base/mem.h"

static struct known **slot_of(const struct depot *d, str id)
{
    return &d->slots[str_hash(id) & (d->slots_n - 1)];
}

static str id_of(const struct known *k)
{
    return (str){k->job.id, JOB_ID};
}

struct known *known_find(struct depot *d, str id)
{
    struct known *k = d->slots_n > 0 && id.n == JOB_ID ? *slot_of(d, id) : NULL;
    while (k != NULL && !str_eq(id_of(k), id))
        k = k->next;
    return k;
}

/* --- adding ---------------------------------------------------------------- */

static bool grow(struct depot *d)
{
    if (d->n < d->slots_n)
        return true;
    struct depot old = *d;
    size_t n = old.slots_n > 0 ? old.slots_n * 2 : 64;
    struct known **slots = mem_zero(n * sizeof(struct known *));
    if (slots == NULL)
        return false;
    d->slots = slots;
    d->slots_n = n;
    for (size_t i = 0; i < old.slots_n; i++)
        for (struct known *k = old.slots[i], *next; k != NULL; k = next) {
            struct known **at = slot_of(d, id_of(k));
            next = k->next;
            k->next = *at;
            *at = k;
        }
    mem_free(old.slots);
    return true;
}

static str keep(char **room, str text)
{
    if (text.p == NULL)
        return STR_NONE;
    if (text.n > 0)
        memcpy(*room, text.p, text.n);
    str kept = {*room, text.n};
    *room += text.n;
    return kept;
}

static void count(struct known *k, int sign)
{
    struct jobs_queue *q = k->queue;
    size_t bytes = JOB_COST + k->job.size;
    q->open += job_over(k->job.state) ? 0 : sign;
    q->running += k->job.state == JOB_RUNNING ? sign : 0;
    q->bytes += sign > 0 ? bytes : -bytes;
}

struct known *known_add(struct depot *d, struct jobs_queue *q,
                        const struct job_record *job)
{
    struct known *k =
        mem_zero(sizeof *k + job->key.n + job->user.n + job->team.n);
    if (k == NULL || !grow(d)) {
        mem_free(k);
        return NULL;
    }
    char *room = k->texts;
    k->queue = q;
    k->job = *job;
    k->job.queue = q->name;
    k->job.key = keep(&room, job->key);
    k->job.user = keep(&room, job->user);
    k->job.team = keep(&room, job->team);
    struct known **at = slot_of(d, id_of(k));
    k->next = *at;
    *at = k;
    d->n++;
    count(k, 1);
    return k;
}

void known_drop(struct depot *d, struct known *k)
{
    struct known **at = slot_of(d, id_of(k));
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    d->n--;
    count(k, -1);
    timers_stop(&k->queue->waiting, &k->due);
    timers_stop(&d->ends, &k->end);
    mem_free(k);
}

void known_fini(struct depot *d)
{
    for (size_t i = 0; i < d->slots_n; i++)
        while (d->slots[i] != NULL)
            known_drop(d, d->slots[i]);
    mem_free(d->slots);
}

/* --- counting, waiting ----------------------------------------------------- */

void known_state(struct known *k, enum job_state state)
{
    count(k, -1);
    k->job.state = state;
    count(k, 1);
    if (state != JOB_QUEUED)
        timers_stop(&k->queue->waiting, &k->due);
}

void known_size(struct known *k, size_t size)
{
    count(k, -1);
    k->job.size = size;
    count(k, 1);
}

void known_wait(struct known *k, nanos due)
{
    (void)timers_start(&k->queue->waiting, &k->due, due);
}

void known_end_at(struct depot *d, struct known *k, nanos at,
                  struct world *world)
{
    nanos now = world_now(world), calendar = world_calendar(world);
    nanos left = at > calendar ? at - calendar : 0;
    (void)timers_start(&d->ends, &k->end,
                       left < NANOS_NEVER - now ? now + left : NANOS_NEVER - 1);
}
