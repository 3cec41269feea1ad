/*
** events.c -- small JSON lines.
*/
#include "run/events.h"

#include <time.h>

#define LONGEST_LINE (64 * 1024)

void event_begin(struct buf *line, struct world *world)
{
    nanos now = world_calendar(world);
    time_t seconds = (time_t)(now / NANOS_S);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    buf_init(line, LONGEST_LINE);
    buf_print(line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
              tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
              tm.tm_min, tm.tm_sec, (int)(now % NANOS_S / NANOS_MS));
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

void event_request(struct request *r, const char *event, str message)
{
    struct buf line;
    event_begin(&line, r->rt->world);
    event_text(&line, "event", str_of(event));
    event_text(&line, "request_id", r->id);
    event_text(&line, "message", message);
    event_send(&line, r->rt->world);
}
