/*
** recording.c -- head, bytes and end, on their way through.
**
** What is too long to keep is let go at once, and the client notices nothing.
*/
#include "run/idempotency/recording.h"

#include "base/defence.h"
#include "base/mem.h"

#define LONGEST_MODEL 1000

static void lose(struct recording *rec, const char *why)
{
    buf_fini(&rec->body);
    buf_init(&rec->body, IDEM_LARGEST);
    repeats_unrecord(rec->repeats, rec->share);
    rec->share = 0;
    rec->lost = why;
}

static str field(const struct http_field *fields, int n, str name)
{
    for (int i = 0; i < n; i++)
        if (str_eq(fields[i].name, name))
            return fields[i].value;
    return STR_NONE;
}

static void head(void *user, int status, const struct http_field *fields, int n,
                 int64_t length)
{
    struct recording *rec = user;
    str kind = field(fields, n, STR("content-type"));
    str model = field(fields, n, STR("x-perilune-model"));
    rec->status = status;
    rec->stream = str_starts(kind, STR("text/event-stream"));
    if (model.n <= LONGEST_MODEL)
        rec->model = arena_copy(&rec->request->arena, model);
    rec->to.head(rec->to.user, status, fields, n, length);
}

static void record(struct recording *rec, str bytes)
{
    if (rec->lost != NULL)
        return;
    if (bytes.n > IDEM_LARGEST - rec->body.n && DEFENCE(idem_largest)) {
        lose(rec, "too_large");
        return;
    }
    if (!repeats_record(rec->repeats, bytes.n)) {
        lose(rec, "crowded");
        return;
    }
    rec->share += bytes.n;
    buf_add(&rec->body, bytes);
    if (!buf_ok(&rec->body))
        lose(rec, "no_memory");
}

static bool chunk(void *user, str bytes)
{
    struct recording *rec = user;
    record(rec, bytes);
    return rec->to.chunk(rec->to.user, bytes);
}

/* An error of this status would be the same tomorrow. */
static bool lies_in_the_request(int status)
{
    return status == 400 || status == 413 || status == 415 || status == 422;
}

static bool is_worth_it(const struct recording *rec, enum outcome outcome)
{
    const struct request *r = rec->request;
    if (outcome != OUTCOME_ANSWERED && DEFENCE(idem_whole))
        return false;
    if (r->answer != NULL && r->answer->cut && DEFENCE(idem_uncut))
        return false;
    if (rec->status >= 200 && rec->status < 300)
        return !r->sorry || !DEFENCE(idem_sorry);
    if (!DEFENCE(idem_errors))
        return true;
    return lies_in_the_request(rec->status) && r->attempts > 0;
}

static void done(void *user, enum outcome outcome)
{
    struct recording *rec = user;
    struct sink to = rec->to;
    if (rec->lost == NULL && is_worth_it(rec, outcome)) {
        struct idem_answer answer = {.status = rec->status,
                                     .stream = rec->stream,
                                     .model = rec->model,
                                     .body = buf_str(&rec->body)};
        rec->ended(rec, &answer);
    } else {
        rec->ended(rec, NULL);
    }
    repeats_unrecord(rec->repeats, rec->share);
    buf_fini(&rec->body);
    to.done(to.user, outcome);
}

void recording_begin(struct recording *rec, struct request *r,
                     struct repeats *repeats)
{
    rec->request = r;
    rec->repeats = repeats;
    rec->to = r->sink;
    buf_init(&rec->body, IDEM_LARGEST);
    r->sink = (struct sink){rec, head, chunk, done};
}
