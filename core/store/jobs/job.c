/*
** job.c -- records and packets of jobs, to bytes and back.
*/
#include "store/jobs/job.h"

#include "store/record.h"
#include "wire/json.h"

#define MOST_FIELDS (2 * HTTP_MAX_FIELDS)

static const char *const states[] = {"queued", "running", "done",
                                     "failed", "expired", "cancelled"};
#define STATES (int)(sizeof states / sizeof states[0])

/* Codes of jobs that failed without an answer. */
static const char *const reasons[] = {"job_gave_up", "job_lost",
                                      "result_not_kept"};
#define REASONS (sizeof reasons / sizeof reasons[0])

const char *job_state_name(enum job_state state)
{
    return states[state];
}

bool job_over(enum job_state state)
{
    return state != JOB_QUEUED && state != JOB_RUNNING;
}

/* --- a record -------------------------------------------------------------- */

static void put_text(struct buf *to, const char *name, str value)
{
    if (value.p == NULL)
        return;
    json_put_name(to, str_of(name));
    json_put_string(to, value);
}

static void put_int(struct buf *to, const char *name, int64_t n)
{
    json_put_name(to, str_of(name));
    buf_int(to, n);
}

void job_write(const struct job_record *job, struct buf *to)
{
    buf_byte(to, '{');
    put_text(to, "state", str_of(states[job->state]));
    put_text(to, "queue", job->queue);
    put_text(to, "key", job->key);
    put_text(to, "user", job->user);
    put_text(to, "team", job->team);
    put_int(to, "created", job->created);
    put_int(to, "expires", job->expires);
    put_int(to, "due", job->due);
    put_int(to, "tries", job->tries);
    put_int(to, "deaths", job->deaths);
    put_int(to, "status", job->status);
    put_int(to, "size", (int64_t)job->size);
    put_text(to, "why", str_of(job->why));
    buf_byte(to, '}');
}

static int64_t int_of(struct reading *r, const char *name, int64_t most)
{
    int64_t n = 0;
    bool whole = json_integer(json_get(r->root, str_of(name)), &n);
    r->well = r->well && whole && n >= 0 && n <= most;
    return n;
}

static enum job_state state_of(struct reading *r)
{
    int i = 0;
    str name = reading_text(r, "state", JOB_TEXT);
    while (i < STATES && !str_eq(name, str_of(states[i])))
        i++;
    r->well = r->well && i < STATES;
    return (enum job_state)(i % STATES);
}

static const char *why_of(struct reading *r)
{
    str code = reading_text(r, "why", JOB_TEXT);
    for (size_t i = 0; i < REASONS; i++)
        if (str_eq(code, str_of(reasons[i])))
            return reasons[i];
    return NULL;
}

bool job_read(str id, str json, struct arena *arena, struct job_record *job)
{
    struct json_error error;
    struct reading r = {.arena = arena, .well = true};
    if (id.n != JOB_ID || !json_check(json, &error))
        return false;
    r.root = json_of(json);
    *job = (struct job_record){
        .queue = reading_text(&r, "queue", JOB_TEXT),
        .key = reading_text(&r, "key", JOB_TEXT),
        .user = reading_text(&r, "user", JOB_TEXT),
        .team = reading_text(&r, "team", JOB_TEXT),
        .state = state_of(&r),
        .created = int_of(&r, "created", INT64_MAX),
        .expires = int_of(&r, "expires", INT64_MAX),
        .due = int_of(&r, "due", INT64_MAX),
        .tries = (int)int_of(&r, "tries", INT32_MAX),
        .deaths = (int)int_of(&r, "deaths", INT32_MAX),
        .status = (int)int_of(&r, "status", 999),
        .size = (size_t)int_of(&r, "size", INT32_MAX),
        .why = why_of(&r),
    };
    memcpy(job->id, id.p, JOB_ID);
    return r.well && job->queue.n > 0;
}

/* --- a packet -------------------------------------------------------------- */

void job_pack(const struct job_packet *packet, struct buf *to)
{
    buf_byte(to, '[');
    for (int i = 0; i < packet->fields_n; i++) {
        buf_text(to, i > 0 ? ",[" : "[");
        json_put_string(to, packet->fields[i].name);
        buf_byte(to, ',');
        json_put_string(to, packet->fields[i].value);
        buf_byte(to, ']');
    }
    buf_text(to, "]\n");
    buf_add(to, packet->body);
}

/* The text of the next item of an array of strings. */
static str next_text(struct json_walk *w, struct arena *arena)
{
    struct buf room;
    if (!json_next(w))
        return STR_NONE;
    buf_init(&room, w->value.text.n + 1);
    str copy = arena_copy(arena, json_text(w->value, &room));
    buf_fini(&room);
    return copy;
}

static bool read_fields(struct json list, struct arena *arena,
                        struct job_packet *packet)
{
    struct json_walk w = json_walk(list);
    packet->fields = arena_zero(arena, MOST_FIELDS * sizeof *packet->fields);
    if (packet->fields == NULL || list.kind != JSON_ARRAY)
        return false;
    while (json_next(&w)) {
        struct json_walk pair = json_walk(w.value);
        struct http_field *field = &packet->fields[packet->fields_n];
        if (packet->fields_n == MOST_FIELDS || w.value.kind != JSON_ARRAY)
            return false;
        field->name = next_text(&pair, arena);
        field->value = next_text(&pair, arena);
        if (field->name.p == NULL || field->value.p == NULL)
            return false;
        packet->fields_n++;
    }
    return true;
}

bool job_unpack(str from, struct arena *arena, struct job_packet *packet)
{
    struct json_error error;
    size_t end = str_find(from, '\n');
    *packet = (struct job_packet){.fields_n = 0};
    str list = arena_copy(arena, (str){from.p, end});
    if (end == from.n || list.p == NULL || !json_check(list, &error))
        return false;
    packet->body = arena_copy(arena, str_from(from, end + 1));
    return packet->body.p != NULL && read_fields(json_of(list), arena, packet);
}
