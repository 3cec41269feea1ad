/*
** api.c -- GET and DELETE /v1/jobs/{id}.
**
** While a job waits or runs the answer is a 202 that says how long it may take;
** then it is the reply itself, with its own status and in the client's dialect. A
** job of somebody else is not there.
*/
#include "serve/inner.h"

#include "base/defence.h"
#include "run/jobs/depot.h"

#define MOST_STATE  4096
#define OWN_FIELDS  6
#define MOST_FIELDS 64

/* --- saying ---------------------------------------------------------------- */

static void say(struct arrival *a, int status, const struct http_field *more,
                int n, str body)
{
    struct http_field fields[MOST_FIELDS + OWN_FIELDS] = {
        {STR("x-request-id"), a->id},
        {STR("request-id"), a->id},
        {STR("cache-control"), STR("no-store")},
    };
    int all = 3;
    for (int i = 0; i < n && i < MOST_FIELDS; i++)
        fields[all++] = more[i];
    if (status >= 400)
        fields[all++] =
            (struct http_field){STR("x-should-retry"), STR("false")};
    a->sink.head(a->sink.user, status, fields, all, (int64_t)body.n);
    a->sink.chunk(a->sink.user, body);
    a->sink.done(a->sink.user, OUTCOME_ANSWERED);
}

static void say_error(struct arrival *a, int status, const char *code,
                      const char *message)
{
    struct error_shape e = {
        .message = str_of(message),
        .type =
            status < 500 ? STR("invalid_request_error") : STR("server_error"),
        .code = str_of(code),
    };
    arrival_error(a, status, &e);
}

static void not_there(struct arrival *a)
{
    say_error(a, 404, "job_not_found",
              "There is no such job of yours. Jobs are forgotten some time "
              "after their end.");
}

static void say_state(struct arrival *a, int status, str id,
                      const struct job_view *view)
{
    char room[24];
    struct buf body, wait = {.p = room, .cap = sizeof room, .max = sizeof room};
    struct http_field fields[2] = {
        {STR("content-type"), STR("application/json")}};
    buf_init(&body, MOST_STATE);
    depot_describe(view, id, &body);
    buf_int(&wait, depot_seconds(view->eta));
    fields[1] = (struct http_field){STR("retry-after"), buf_str(&wait)};
    say(a, status, fields, status == 202 ? 2 : 1, buf_str(&body));
    buf_fini(&body);
}

/* Why one that failed has no answer. */
static const char *reason(const char *why)
{
    if (strcmp(why, "job_gave_up") == 0)
        return "The gateway ended each time it did this job, so it is given "
               "up.";
    if (strcmp(why, "result_not_kept") == 0)
        return "The job was done, but what came of it could not be kept.";
    return "What there was to do cannot be read any more.";
}

/* What came of it, if it could be read. */
static void say_packet(struct arrival *a, int status, enum store_result read,
                       const struct job_packet *packet)
{
    if (read == STORE_OK)
        say(a, status, packet->fields, packet->fields_n, packet->body);
    else if (read == STORE_MISSING)
        not_there(a); /* forgotten just now */
    else
        say_error(a, 503, "job_unreadable",
                  "What came of the job cannot be read now. Try again later.");
}

/* One that is over: what came of it. */
static void say_result(struct service *s, struct arrival *a, str id,
                       const struct job_view *view)
{
    struct arena arena;
    struct job_packet packet;
    arena_init(&arena);
    if (view->why != NULL)
        say_error(a, view->status, view->why, reason(view->why));
    else if (view->state == JOB_CANCELLED)
        say_error(a, 410, "job_cancelled", "The job was cancelled.");
    else if (view->state == JOB_EXPIRED)
        say_error(a, 410, "job_expired",
                  "The job waited as long as its queue keeps one, and nobody "
                  "could answer it.");
    else
        say_packet(a, view->status,
                   depot_result(&s->jobs.hand, id, &arena, &packet), &packet);
    arena_fini(&arena);
}

/* --- asked ----------------------------------------------------------------- */

static struct job_caller caller_of(const struct arrival *a)
{
    const struct client_key *key = a->caller.key;
    if (key == NULL)
        return (struct job_caller){STR_NONE, STR_NONE, STR_NONE};
    return (struct job_caller){key->id, key->user, key->team};
}

/* The depot. A runtime whose policy has declared no queue yet, since nobody has
** asked it for an answer since the edit, joins what the others have. */
static struct depot *depot_here(struct service *s)
{
    struct hand *hand = &s->jobs.hand;
    struct depot *d = hand->depot == NULL && DEFENCE(jobs_everywhere)
                          ? depot_found(s->rt->realm)
                          : NULL;
    if (d != NULL)
        depot_join(d, hand);
    return hand->depot;
}

void jobs_get(struct service *s, struct arrival *a, str id)
{
    struct job_view view;
    struct job_caller caller = caller_of(a);
    struct depot *d = depot_here(s);
    nanos now = world_now(s->rt->world);
    if (d == NULL || !depot_see(d, id, &caller, now, &view))
        not_there(a);
    else if (!job_over(view.state))
        say_state(a, 202, id, &view);
    else
        say_result(s, a, id, &view);
}

void jobs_delete(struct service *s, struct arrival *a, str id)
{
    struct job_view view;
    struct job_caller caller = caller_of(a);
    struct hand *hand = &s->jobs.hand;
    if (depot_here(s) == NULL || !depot_cancel(hand, id, &caller, &view))
        not_there(a);
    else
        say_state(a, 200, id, &view);
}
