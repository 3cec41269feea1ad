/*
** refuse.c -- what is answered without asking anybody.
**
** A request that cannot be read has no policy to ask. It gets an error in the
** OpenAI shape, which says what was wrong and what to do, and since nobody
** knows where the next request would begin, the connection ends with it.
*/
#include "net/http/conn.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"

struct refusal {
    int status;
    const char *code, *message;
};

static const struct refusal refusals[] = {
    {400, "bad_http_request",
     "This is not a valid HTTP/1.1 request. Check the request line, the Host "
     "header and the framing of the body."},
    {405, "method_not_allowed",
     "This is no proxy: CONNECT opens no tunnel here."},
    {408, "request_timeout", NULL},
    {413, "request_too_large", NULL},
    {414, "uri_too_long",
     "The request target is too long. Send data in the body instead."},
    {417, "expectation_failed",
     "Only 'Expect: 100-continue' is understood. Leave the header out."},
    {431, "headers_too_large",
     "The request has too many headers, or too large ones. Send fewer."},
    {501, "not_implemented",
     "Only 'Transfer-Encoding: chunked' is understood. Send the body so, or "
     "with a Content-Length."},
    {503, "overloaded",
     "The gateway has as many requests as it can hold. Try again in a "
     "moment."},
    {505, "http_version_not_supported",
     "Only HTTP/1.1 and HTTP/1.0 are spoken here."},
};

static const struct refusal *refusal_of(int status)
{
    size_t n = sizeof refusals / sizeof refusals[0];
    for (size_t i = 0; i < n; i++)
        if (refusals[i].status == status)
            return &refusals[i];
    return &refusals[0];
}

/* The messages that name a limit. */
static void message_of(char *to, size_t size, const struct conn *c, int status)
{
    const struct server_limits *l = &c->server->limits;
    if (status == 413)
        snprintf(to, size,
                 "The request body is larger than the %zu bytes allowed here. "
                 "Send less.",
                 l->max_body);
    else if (c->state == CONN_HEAD)
        snprintf(to, size,
                 "The head of the request did not arrive within %.3g s. Send "
                 "the request again.",
                 (double)l->header_timeout / 1e9);
    else
        snprintf(to, size,
                 "The body of the request arrived at less than %" PRId64
                 " bytes per second. Send it again over a faster connection.",
                 l->body_rate);
}

/* The fields of the answer: how many. */
static int fields_of(struct http_field fields[6], const struct refused *what)
{
    str id = str_of(what->id);
    bool passing = what->status == 408 || what->status == 503;
    int n = 0;
    fields[n++] =
        (struct http_field){STR("Content-Type"), STR("application/json")};
    fields[n++] = (struct http_field){STR("x-should-retry"),
                                      passing ? STR("true") : STR("false")};
    if (what->status == 405)
        fields[n++] =
            (struct http_field){STR("Allow"), STR("GET, HEAD, POST, OPTIONS")};
    if (what->status == 503)
        fields[n++] = (struct http_field){STR("Retry-After"), STR("1")};
    if (id.n == 0)
        return n;
    fields[n++] = (struct http_field){STR("x-request-id"), id};
    fields[n++] = (struct http_field){STR("request-id"), id};
    return n;
}

static void answer(struct conn *c, const struct refused *what)
{
    struct http_field fields[6];
    char body[512];
    int n =
        snprintf(body, sizeof body,
                 "{\"error\":{\"message\":\"%s\",\"type\":\"%s\","
                 "\"param\":null,\"code\":\"%s\"}}",
                 what->message,
                 what->status == 503 ? "server_error" : "invalid_request_error",
                 what->code);
    c->state = CONN_WAITING;
    c->keep_alive = false;
    conn_head(c, what->status, fields, fields_of(fields, what), n);
    conn_write(c, (str){body, (size_t)n});
    conn_linger(c);
}

void conn_refuse(struct conn *c, int status)
{
    struct server *s = c->server;
    const struct refusal *r = refusal_of(status);
    char named[160];
    message_of(named, sizeof named, c, status);
    struct refused what = {
        .status = r->status,
        .code = r->code,
        .message = r->message != NULL ? r->message : named,
        .took = world_now(s->world) - c->began,
    };
    s->handler->on_refused(s->user, c, &what);
    answer(c, &what);
}
