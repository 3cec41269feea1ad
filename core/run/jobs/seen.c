/*
** seen.c -- a job as its client sees it.
**
** An id is 128 bits of chance, and where clients have keys that is not enough: a
** job is its key's, or that of another key of the same user, who is another one in
** another team. To anybody else it is not there.
*/
#include "run/jobs/inner.h"

#include "base/defence.h"
#include "wire/json.h"

static bool same(str a, str b)
{
    return a.p != NULL && b.p != NULL && str_eq(a, b);
}

static bool belongs_to(const struct known *k, const struct job_caller *caller)
{
    if (!DEFENCE(jobs_owner))
        return true;
    if (k->job.key.p == NULL)
        return caller->key.p == NULL;
    bool house = same(k->job.team, caller->team) ||
                 (k->job.team.p == NULL && caller->team.p == NULL) ||
                 !DEFENCE(jobs_team);
    return same(k->job.key, caller->key) ||
           (house && same(k->job.user, caller->user));
}

static struct known *find(struct depot *d, str id,
                          const struct job_caller *caller)
{
    struct known *k = known_find(d, id);
    return k != NULL && !k->storing && belongs_to(k, caller) ? k : NULL;
}

static void show(const struct known *k, nanos now, struct job_view *view)
{
    *view = (struct job_view){
        .state = k->cancelled && !k->ending ? JOB_CANCELLED : k->job.state,
        .created = k->job.created,
        .expires = k->job.expires,
        .tries = k->job.tries,
        .status = k->job.status,
        .why = k->job.why,
        .replied = k->replied,
    };
    str name = k->queue->name;
    memcpy(view->queue, name.p, name.n < JOB_TEXT ? name.n : JOB_TEXT);
    if (!job_over(view->state))
        view->eta = course_eta(k, now);
}

bool depot_see(struct depot *d, str id, const struct job_caller *caller,
               nanos now, struct job_view *view)
{
    pthread_mutex_lock(&d->lock);
    const struct known *k = find(d, id, caller);
    if (k != NULL)
        show(k, now, view);
    pthread_mutex_unlock(&d->lock);
    return k != NULL;
}

bool depot_cancel(struct hand *hand, str id, const struct job_caller *caller,
                  struct job_view *view)
{
    struct depot *d = hand->depot;
    struct order *order = NULL;
    pthread_mutex_lock(&d->lock);
    struct known *k = find(d, id, caller);
    if (k != NULL && k->job.state == JOB_QUEUED) {
        order = over_now(hand, k, JOB_CANCELLED);
    } else if (k != NULL && k->job.state == JOB_RUNNING && !k->ending) {
        k->cancelled = true;
        world_nudge(k->hand->world, &k->hand->nudge);
    }
    if (k != NULL)
        show(k, world_now(hand->world), view);
    pthread_mutex_unlock(&d->lock);
    if (order != NULL)
        order_give(d, order);
    return k != NULL;
}

bool depot_cancelled(struct hand *hand, const char *id)
{
    struct depot *d = hand->depot;
    pthread_mutex_lock(&d->lock);
    const struct known *k = known_find(d, (str){id, JOB_ID});
    bool it_is = k != NULL && k->cancelled && !k->ending;
    pthread_mutex_unlock(&d->lock);
    return it_is;
}

int64_t depot_seconds(nanos time)
{
    return time <= NANOS_S ? 1 : (time - 1) / NANOS_S + 1;
}

static void put_seconds(struct buf *to, const char *name, nanos at)
{
    json_put_name(to, str_of(name));
    buf_int(to, at / NANOS_S);
}

void depot_describe(const struct job_view *view, str id, struct buf *to)
{
    buf_text(to, "{\"id\":");
    json_put_string(to, id);
    buf_text(to, ",\"object\":\"job\",\"status\":");
    json_put_string(to, str_of(job_state_name(view->state)));
    json_put_name(to, STR("queue"));
    json_put_string(to, str_of(view->queue));
    put_seconds(to, "created_at", view->created);
    put_seconds(to, "expires_at", view->expires);
    json_put_name(to, STR("tries"));
    buf_int(to, view->tries);
    if (view->status != 0) {
        json_put_name(to, STR("last_status"));
        buf_int(to, view->status);
    }
    if (!job_over(view->state)) {
        json_put_name(to, STR("eta_seconds"));
        buf_int(to, depot_seconds(view->eta));
    }
    buf_byte(to, '}');
}

void depot_count(struct depot *d, int *waiting, int *running)
{
    *waiting = *running = 0;
    pthread_mutex_lock(&d->lock);
    for (const struct jobs_queue *q = d->queues; q != NULL; q = q->next) {
        *waiting += q->open - q->running;
        *running += q->running;
    }
    pthread_mutex_unlock(&d->lock);
}

/* --- packets --------------------------------------------------------------- */

struct fetching {
    struct arena *arena;
    struct job_packet *packet;
    bool whole;
    enum store_result result;
};

static void on_row(void *user, const struct row *row)
{
    struct fetching *f = user;
    f->whole = job_unpack(row->value, f->arena, f->packet);
}

static void on_looked(void *user, enum store_result result)
{
    ((struct fetching *)user)->result = result;
}

/* A row that reads as it was written is a packet, so where none comes of it there
** was no memory. */
static enum store_result fetch(struct hand *hand, str table, str id,
                               struct fetching *f)
{
    store_look(hand->depot->store,
               &(struct store_look){.table = table,
                                    .key = id,
                                    .now = world_calendar(hand->world),
                                    .row = on_row,
                                    .done = on_looked,
                                    .user = f});
    return f->result == STORE_OK && !f->whole ? STORE_MEMORY : f->result;
}

enum store_result depot_body(struct hand *hand, const char *id,
                             struct arena *arena, struct job_packet *packet)
{
    struct fetching f = {.arena = arena, .packet = packet};
    return fetch(hand, STR(JOB_BODIES_TABLE), (str){id, JOB_ID}, &f);
}

enum store_result depot_result(struct hand *hand, str id, struct arena *arena,
                               struct job_packet *packet)
{
    struct fetching f = {.arena = arena, .packet = packet};
    return fetch(hand, STR(JOB_RESULTS_TABLE), id, &f);
}
