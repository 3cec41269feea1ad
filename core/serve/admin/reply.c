/*
** reply.c -- saying something. Nobody on the way may keep it.
*/
#include "serve/admin/inner.h"

#include "wire/dialect.h"

#define MOST_FIELDS 8

static void say(struct errand *e, int status, const char *kind,
                const struct http_field *extra, str body)
{
    struct http_field fields[MOST_FIELDS] = {
        {STR("content-type"), str_of(kind)},
        {STR("cache-control"), STR("no-store")},
        {STR("x-content-type-options"), STR("nosniff")},
        {STR("x-request-id"), str_of(e->id)},
    };
    int n = 4;
    if (extra != NULL)
        fields[n++] = *extra;
    conn_head(e->conn, status, fields, n, (int64_t)body.n);
    conn_write(e->conn, body);
    conn_end(e->conn);
    e->conn = NULL;
}

void errand_json(struct errand *e, int status, str body)
{
    say(e, status, "application/json", NULL, body);
}

void errand_text(struct errand *e, const char *kind, str body)
{
    say(e, 200, kind, NULL, body);
}

void errand_no(struct errand *e, const struct no *no)
{
    struct buf body;
    struct error_shape shape = {
        .message = no->message,
        .type = no->status < 500 ? STR("invalid_request_error")
                                 : STR("server_error"),
        .param = no->param,
        .code = str_of(no->code),
    };
    if (no->status != 401)
        audit_refused(e, no);
    buf_init(&body, no->message.n * 6 + 4096);
    dialect_openai.put_error(&body, &shape);
    say(e, no->status, "application/json", no->extra, buf_str(&body));
    buf_fini(&body);
}
