/*
** work.c -- doing a job: begun in the store, run, and back or over.
**
**     look -> depot_take -> depot_begin ... begun -> chat_take ... done
**                                              again, or over <----'
**
** It is noted as begun before it begins, so that one whose run ends the process is
** known by that. Live requests come first: no job is taken while a client would be
** turned away, and only so many run at once.
*/
#include "serve/inner.h"

#include "base/defence.h"
#include "base/mem.h"
#include "run/jobs/depot.h"
#include "run/jobs/shown.h"

#define LOOK_AGAIN  NANOS_S /* when there is no room just now */
#define MOST_FIELDS 32      /* of a reply that are kept */
#define LONGEST     100000000

#define SERVICE_OF(p, member) \
    ((struct service *)(void *)((char *)(p)-offsetof(struct service, member)))

/* A job under way. */
struct run {
    struct run *next, **at;
    struct later burial;
    struct service *s;
    struct job_record job; /* texts: the depot's */
    struct arena arena;
    struct request_job shown; /* to the policy */
    struct request *request;  /* while it runs */
    size_t share;             /* of the hold */
    bool taking, done;
    enum outcome outcome;
    int status;
    nanos wait; /* what Retry-After said */
    struct http_field fields[MOST_FIELDS];
    int fields_n;
    struct buf body;
};

/* Its order: noting that it is begun. */
struct run_order {
    struct order order; /* first */
    struct run *run;
};

static void free_run(struct run *run)
{
    *run->at = run->next;
    if (run->next != NULL)
        run->next->at = run->at;
    hold_set(&run->s->rt->hold, &run->share, 0);
    buf_fini(&run->body);
    arena_fini(&run->arena);
    mem_free(run);
}

/* --- what its request says ------------------------------------------------- */

static bool is_kept(str name)
{
    return str_eq(name, STR("content-type")) ||
           str_starts(name, STR("x-perilune-"));
}

static void on_head(void *user, int status, const struct http_field *fields,
                    int n, int64_t length)
{
    struct run *run = user;
    (void)length;
    run->status = status;
    for (int i = 0; i < n; i++) {
        struct http_field *to = &run->fields[run->fields_n];
        if (str_eq(fields[i].name, STR("retry-after"))) {
            int64_t seconds = str_number(fields[i].value, LONGEST);
            run->wait = seconds > 0 ? seconds * NANOS_S : 0;
        } else if (is_kept(fields[i].name) && run->fields_n < MOST_FIELDS) {
            to->name = arena_copy(&run->arena, fields[i].name);
            to->value = arena_copy(&run->arena, fields[i].value);
            run->fields_n += to->name.p != NULL && to->value.p != NULL;
        }
    }
}

static bool on_chunk(void *user, str bytes)
{
    struct run *run = user;
    buf_add(&run->body, bytes);
    return true;
}

/* --- what comes of it ------------------------------------------------------ */

/* Is it worth another try? An apology says the same as the 503 in its place. */
static bool is_passing(const struct run *run)
{
    return run->outcome == OUTCOME_BROKEN || run->status == 429 ||
           run->status >= 500 || (run->shown.sorry && DEFENCE(jobs_sorry));
}

static void end_job(struct run *run)
{
    struct job_packet packet = {run->fields, run->fields_n,
                                buf_str(&run->body)};
    struct job_end end = {
        .state = JOB_DONE, .status = run->status, .packet = &packet};
    if (run->status >= 400)
        end.state = JOB_FAILED;
    if (!buf_ok(&run->body))
        end = (struct job_end){JOB_FAILED, 507, NULL, "result_not_kept"};
    depot_end(&run->s->jobs.hand, run->job.id, &end);
}

static void give_up(struct run *run, int status, const char *why)
{
    struct job_end end = {JOB_FAILED, status, NULL, why};
    depot_end(&run->s->jobs.hand, run->job.id, &end);
}

static void on_burial(struct later *l)
{
    free_run((struct run *)(void *)((char *)l - offsetof(struct run, burial)));
}

/* Its request has ended, but for its endings, which still see the job. */
static void conclude(struct run *run)
{
    struct hand *hand = &run->s->jobs.hand;
    if (depot_cancelled(hand, run->job.id))
        give_up(run, 0, NULL); /* told as cancelled */
    else if (run->outcome == OUTCOME_SHUTDOWN)
        depot_again(hand, run->job.id, 0, 0);
    else if (is_passing(run))
        depot_again(hand, run->job.id, run->status < 400 ? 503 : run->status,
                    run->wait);
    else
        end_job(run);
    run->request = NULL;
    run->burial.run = on_burial;
    world_later(hand->world, &run->burial);
    world_nudge(hand->world, &hand->nudge);
}

static void on_done(void *user, enum outcome outcome)
{
    struct run *run = user;
    run->outcome = outcome;
    run->done = true;
    if (!run->taking)
        conclude(run);
}

/* --- beginning it ---------------------------------------------------------- */

static bool fill_arrival(struct run *run, struct arrival *a,
                         const struct job_packet *packet)
{
    *a = (struct arrival){
        .method = STR("POST"),
        .path = STR("/v1/chat/completions"),
        .fields = packet->fields,
        .fields_n = packet->fields_n,
        .memory = mem_alloc(packet->body.n + 1),
        .sink = {run, on_head, on_chunk, on_done},
        .service = run->s,
        .started = world_now(run->s->rt->world),
        .id = {run->job.id, JOB_ID},
        .job = &run->shown,
    };
    if (a->memory == NULL)
        return false;
    memcpy(a->memory, packet->body.p, packet->body.n);
    a->body = (str){a->memory, packet->body.n};
    hold_set(&run->s->rt->hold, &run->share, packet->body.n);
    return true;
}

/* As service_take does with a client's. */
static void take(struct run *run, struct arrival *a)
{
    run->taking = true;
    if (entry_admits_job(run->s, a, run->job.key))
        run->request = chat_take(run->s, a);
    entry_leave(a);
    mem_free(a->memory); /* unless the request took it */
    run->taking = false;
    if (run->done)
        conclude(run);
}

/* For good? A look that failed is no reason to break a promise. */
static bool is_gone(enum store_result read)
{
    return read == STORE_MISSING || read == STORE_DAMAGED ||
           (read != STORE_OK && !DEFENCE(jobs_reread));
}

static void start(struct run *run)
{
    struct arrival a;
    struct job_packet packet;
    struct hand *hand = &run->s->jobs.hand;
    run->shown = (struct request_job){.id = {run->job.id, JOB_ID},
                                      .queue = run->job.queue,
                                      .tries = run->job.tries,
                                      .created = run->job.created};
    enum store_result read =
        depot_body(hand, run->job.id, &run->arena, &packet);
    if (is_gone(read)) {
        give_up(run, 500, "job_lost");
        free_run(run);
    } else if (read != STORE_OK || !fill_arrival(run, &a, &packet)) {
        depot_again(hand, run->job.id, 0, LOOK_AGAIN);
        free_run(run);
    } else {
        take(run, &a);
    }
}

/* It is noted in the store, or cannot be. */
static void begun(struct order *order, enum store_result result)
{
    struct run *run = ((struct run_order *)(void *)order)->run;
    struct service *s = run->s;
    struct hand *hand = &s->jobs.hand;
    if (depot_cancelled(hand, run->job.id)) {
        give_up(run, 0, NULL);
    } else if (result != STORE_OK || s->draining || s->jobs.closing) {
        depot_again(hand, run->job.id, 0,
                    result != STORE_OK ? queue_usual.first : 0);
    } else {
        start(run);
        return;
    }
    free_run(run);
}

static struct run *make_run(struct service *s)
{
    struct run *run = mem_zero(sizeof *run);
    if (run == NULL)
        return NULL;
    run->s = s;
    arena_init(&run->arena);
    buf_init(&run->body, JOB_MOST_BODY / 2);
    run->next = s->jobs.runs;
    run->at = &s->jobs.runs;
    if (run->next != NULL)
        run->next->at = &run->next;
    s->jobs.runs = run;
    return run;
}

/* Take one, if there is one; false: there is none, or no memory for it. */
static bool take_one(struct service *s)
{
    struct hand *hand = &s->jobs.hand;
    struct run *run = make_run(s);
    struct run_order *order = order_new(sizeof *order, hand, begun);
    bool taken = run != NULL && order != NULL && depot_take(hand, &run->job);
    if (!taken) {
        if (order != NULL)
            order_drop(&order->order);
        if (run != NULL)
            free_run(run);
        return false;
    }
    order->run = run;
    if (depot_begin(&order->order, run->job.id))
        return true;
    depot_again(hand, run->job.id, 0, queue_usual.first);
    free_run(run);
    return false;
}

/* --- when ------------------------------------------------------------------ */

static bool may_work(struct service *s)
{
    return !s->draining && !s->jobs.closing &&
           admission_ask(s, false) == AWAY_NOT;
}

static void look(struct service *s)
{
    struct hand *hand = &s->jobs.hand;
    nanos now = world_now(s->rt->world);
    while (may_work(s) && take_one(s))
        continue;
    nanos next = depot_next(hand->depot, now);
    if (s->draining || s->jobs.closing || next == NANOS_NEVER)
        timer_stop(hand->world, &s->jobs.timer);
    else
        timer_start(hand->world, &s->jobs.timer,
                    next > now ? next : now + LOOK_AGAIN);
}

/* Jobs that somebody has cancelled, wherever he asked. */
static void stop_cancelled(struct service *s)
{
    for (struct run *run = s->jobs.runs, *next; run != NULL; run = next) {
        next = run->next;
        if (run->request != NULL && depot_cancelled(&s->jobs.hand, run->job.id))
            request_stop(run->request, OUTCOME_CLIENT_GONE);
    }
}

static void on_nudge(struct nudge *n)
{
    struct service *s = SERVICE_OF(n, jobs.hand.nudge);
    if (s->jobs.hand.depot == NULL)
        return;
    hand_heed(&s->jobs.hand);
    stop_cancelled(s);
    look(s);
}

static void on_time(struct timer *t)
{
    on_nudge(&SERVICE_OF(t, jobs.timer)->jobs.hand.nudge);
}

void jobs_open(struct service *s)
{
    s->jobs = (struct jobs){.timer = {.fire = on_time}};
    s->jobs.hand.nudge.run = on_nudge;
    s->jobs.hand.world = s->rt->world;
    s->rt->hand = &s->jobs.hand;
}

void jobs_close(struct service *s)
{
    s->jobs.closing = true;
    timer_stop(s->rt->world, &s->jobs.timer);
    depot_leave(&s->jobs.hand);
}
