/*
** audit.c -- what was changed and by whom, and what was refused.
**
** A token is told by its mark, the first digits of a hash made with the secret
** of the keys: the same as long as that is, and worth nothing to whoever reads
** the log. Of a path or a method that somebody sent, the beginning is told; of a
** path that has the text of a key where its id belongs, what is before that.
*/
#include "serve/admin/inner.h"

#include "base/defence.h"
#include "run/events.h"

#define LONGEST 256

static str bounded(str s)
{
    return s.n > LONGEST ? (str){s.p, LONGEST} : s;
}

static str endpoint(str path)
{
    size_t n = 0;
    str text = STR(KEEPER_PREFIX);
    while (n < path.n && !str_starts(str_from(path, n), text))
        n++;
    return bounded(DEFENCE(audit_keys) ? (str){path.p, n} : path);
}

static void begin(struct buf *line, struct errand *e, const char *event)
{
    char peer[CONN_PEER];
    event_begin(line, e->admin->rt->world);
    event_text(line, "event", str_of(event));
    event_text(line, "request_id", str_of(e->id));
    event_text(line, "peer", conn_peer(e->conn, peer));
    event_text(line, "method", bounded(e->head->method));
    event_text(line, "endpoint", endpoint(e->head->path));
}

void audit_change(struct errand *e, const char *what, str key,
                  const char mark[9])
{
    struct buf line;
    begin(&line, e, "admin_change");
    event_text(&line, "token_mark", str_of(mark));
    event_text(&line, "what", str_of(what));
    event_text(&line, "client_key", key);
    event_send(&line, e->admin->rt->world);
}

void audit_refused(struct errand *e, const struct no *no)
{
    struct buf line;
    begin(&line, e, "admin_refused");
    event_int(&line, "status", no->status);
    event_text(&line, "fault", str_of(no->code));
    event_text(&line, "fault_message", no->message);
    event_send(&line, e->admin->rt->world);
}

void audit_wrong_token(struct errand *e)
{
    struct buf line;
    struct admin *a = e->admin;
    nanos now = world_now(a->rt->world);
    a->untold++;
    if (a->told != 0 && now - a->told < NANOS_S)
        return;
    begin(&line, e, "admin_refused");
    event_int(&line, "status", 401);
    event_text(&line, "fault", STR("invalid_token"));
    event_int(&line, "count", a->untold);
    event_send(&line, a->rt->world);
    a->told = now;
    a->untold = 0;
}

void audit_unread(struct admin *a, struct conn *conn,
                  const struct refused *what)
{
    struct buf line;
    char peer[CONN_PEER];
    event_begin(&line, a->rt->world);
    event_text(&line, "event", STR("admin_refused"));
    event_text(&line, "peer", conn_peer(conn, peer));
    event_int(&line, "status", what->status);
    event_text(&line, "fault", str_of(what->code));
    event_text(&line, "fault_message", str_of(what->message));
    event_send(&line, a->rt->world);
}
