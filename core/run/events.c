/*
** events.c -- small JSON lines.
*/
#include "run/events.h"

#include <stdio.h>

#include "base/utc.h"

#define LONGEST_LINE (64 * 1024)
#define LINE_GUESS   640 /* most lines fit, so they grow once */

/* "2026-01-31T12:00:00.000Z", of a calendar time. */
static void put_time(struct buf *line, nanos now)
{
    struct utc u = utc_of(now / NANOS_S);
    const struct {
        int value, width;
        char after;
    } parts[] = {{u.year, 4, '-'},
                 {u.month, 2, '-'},
                 {u.day, 2, 'T'},
                 {u.hour, 2, ':'},
                 {u.minute, 2, ':'},
                 {u.second, 2, '.'},
                 {(int)(now % NANOS_S / NANOS_MS), 3, 'Z'}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        buf_digits(line, parts[i].value, parts[i].width);
        buf_byte(line, parts[i].after);
    }
}

void event_begin(struct buf *line, struct world *world)
{
    buf_init(line, LONGEST_LINE);
    buf_room(line, LINE_GUESS);
    buf_text(line, "{\"time\":\"");
    put_time(line, world_calendar(world));
    buf_byte(line, '"');
}

void event_text(struct buf *line, const char *name, str value)
{
    json_put_name(line, str_of(name));
    if (value.p != NULL)
        json_put_string(line, value);
    else
        buf_text(line, "null");
}

void event_int(struct buf *line, const char *name, int64_t value)
{
    json_put_name(line, str_of(name));
    buf_int(line, value);
}

void event_send(struct buf *line, struct world *world)
{
    buf_byte(line, '}');
    if (buf_ok(line))
        world_log(world, buf_str(line));
    else
        world_log(world, STR("{\"event\":\"log_line_too_long\"}"));
    buf_fini(line);
}

void event_runtime(struct runtime *rt, const char *event, str message)
{
    struct buf line;
    event_begin(&line, rt->world);
    event_text(&line, "event", str_of(event));
    event_text(&line, "message", message);
    event_send(&line, rt->world);
}

void event_key(struct runtime *rt, const struct call *call)
{
    const struct keys *keys = &call->ask.provider->keys;
    enum key_trouble trouble = keys_trouble(&call->fault);
    bool sent = call->sent != 0 && call->key < keys->n;
    struct key_state *state = sent ? keys->key[call->key].state : NULL;
    char number[16];
    struct buf line;
    if (state == NULL || trouble < KEY_SPENT || !key_untold(state, trouble))
        return;
    snprintf(number, sizeof number, "k%d", call->key + 1);
    event_begin(&line, rt->world);
    event_text(&line, "event", STR("key_refused"));
    event_text(&line, "provider", call->ask.provider->name);
    event_text(&line, "key", str_of(number));
    event_text(&line, "fault", str_of(fault_name(call->fault.kind)));
    event_text(&line, "message", call->fault.message);
    event_send(&line, rt->world);
}

void event_violation(const struct request *r, const struct call *call)
{
    const struct bound *bound = &call->ask.bound;
    const struct usage *told = &call->tap.usage;
    struct buf line;
    event_begin(&line, r->rt->world);
    event_text(&line, "event", STR("bound_violation"));
    event_text(&line, "request_id", r->id);
    event_text(&line, "provider", call->ask.provider->name);
    event_text(&line, "model", call->ask.model);
    event_int(&line, "prompt_bound", bound->input);
    event_int(&line, "completion_bound", bound_output(bound));
    if (told->known) {
        event_int(&line, "prompt_tokens", told->prompt);
        event_int(&line, "completion_tokens", told->completion);
    }
    buf_text(&line, call->past ? ",\"cut\":true" : ",\"cut\":false");
    event_send(&line, r->rt->world);
}

void event_policy(struct runtime *rt, const struct request *r,
                  const char *reason, str message)
{
    struct buf line;
    event_begin(&line, rt->world);
    event_text(&line, "event", STR("policy_error"));
    if (r != NULL)
        event_text(&line, "request_id", r->id);
    event_text(&line, "reason", str_of(reason));
    event_text(&line, "message", message);
    event_send(&line, rt->world);
}
