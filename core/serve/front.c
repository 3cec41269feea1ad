/*
** front.c -- from client connections to arrivals, and back.
**
** Browsers may ask from other origins; every answer to a request that names
** an Origin says that it may be read.
*/
#include "serve/inner.h"

#include "base/defence.h"
#include "base/mem.h"

#define FRONT_HEADERS 32

/* One exchange on a connection. */
struct client {
    struct conn *conn;
    struct request *request;
    bool cors, preflight;
    bool taking, done; /* done while service_take still runs */
    str asked_headers; /* Access-Control-Request-Headers */
};

static void add(struct http_field *fields, int *n, const char *name, str value)
{
    if (*n < FRONT_HEADERS && value.n > 0 && http_value_ok(value))
        fields[(*n)++] = (struct http_field){str_of(name), value};
}

static void add_cors(const struct client *c, struct http_field *fields, int *n)
{
    add(fields, n, "access-control-allow-origin", STR("*"));
    add(fields, n, "access-control-expose-headers",
        STR("x-request-id, request-id, retry-after, x-should-retry, "
            "x-perilune-model, x-perilune-attempts, x-perilune-path, "
            "location, preference-applied, "
            "x-perilune-policy, x-perilune-overhead-us, x-perilune-cost-usd, "
            "idempotent-replayed, "
            "anthropic-ratelimit-requests-limit, "
            "anthropic-ratelimit-requests-remaining, "
            "anthropic-ratelimit-requests-reset, "
            "anthropic-ratelimit-tokens-limit, "
            "anthropic-ratelimit-tokens-remaining, "
            "anthropic-ratelimit-tokens-reset, "
            "x-ratelimit-limit-requests, x-ratelimit-limit-tokens, "
            "x-ratelimit-remaining-requests, x-ratelimit-remaining-tokens, "
            "x-ratelimit-reset-requests, x-ratelimit-reset-tokens"));
    if (!c->preflight)
        return;
    add(fields, n, "access-control-allow-methods",
        STR("GET, POST, DELETE, OPTIONS"));
    add(fields, n, "access-control-allow-headers",
        c->asked_headers.n > 0 ? c->asked_headers : STR("*"));
    add(fields, n, "access-control-max-age", STR("86400"));
}

static void head(void *user, int status, const struct http_field *given,
                 int given_n, int64_t length)
{
    struct client *c = user;
    MEM_UNSET struct http_field fields[FRONT_HEADERS];
    int n = 0;
    for (; n < given_n && n < FRONT_HEADERS - 6; n++)
        fields[n] = given[n];
    if (c->cors)
        add_cors(c, fields, &n);
    conn_head(c->conn, status, fields, n, length);
}

static bool chunk(void *user, str bytes)
{
    struct client *c = user;
    return conn_write(c->conn, bytes);
}

static void done(void *user, enum outcome outcome)
{
    struct client *c = user;
    if (outcome != OUTCOME_CLIENT_GONE)
        conn_end(c->conn);
    c->done = true;
    if (!c->taking)
        mem_free(c);
}

static void refuse_for_memory(struct conn *conn)
{
    static const struct http_field json = {{"content-type", 12},
                                           {"application/json", 16}};
    str body =
        STR("{\"error\":{\"message\":\"The gateway is out of memory. Try "
            "again later.\",\"type\":\"server_error\",\"param\":null,"
            "\"code\":\"no_memory\"}}");
    conn_head(conn, 503, &json, 1, (int64_t)body.n);
    conn_write(conn, body);
    conn_end(conn);
}

static void *on_request(void *user, struct conn *conn, struct incoming *in)
{
    struct client *c = mem_zero(sizeof *c);
    if (c == NULL) {
        mem_free(in->memory);
        refuse_for_memory(conn);
        return NULL;
    }
    *c = (struct client){.conn = conn, .taking = true};
    struct arrival a = {
        .method = in->head->method,
        .path = DEFENCE(query_unseen) ? in->head->path : in->head->target,
        .fields = in->head->fields,
        .fields_n = in->head->fields_n,
        .body = in->body,
        .memory = in->memory,
        .crowded = in->crowded,
        .sink = {c, head, chunk, done},
    };
    c->preflight = str_eq(a.method, STR("OPTIONS"));
    c->cors = c->preflight || arrival_field(&a, STR("origin")).p != NULL;
    c->asked_headers = arrival_field(&a, STR("access-control-request-headers"));
    c->request = service_take(user, &a);
    c->taking = false;
    if (!c->done)
        return c;
    mem_free(c);
    return NULL;
}

static void on_gone(void *user, void *exchange)
{
    struct client *c = exchange;
    (void)user;
    if (c != NULL && DEFENCE(gone_client))
        request_stop(c->request, OUTCOME_CLIENT_GONE);
}

static void on_drained(void *user, void *exchange)
{
    struct client *c = exchange;
    (void)user;
    if (c != NULL)
        request_drained(c->request);
}

/* Refused below: counted and logged as any other refusal is. */
static void on_refused(void *user, struct conn *conn, struct refused *what)
{
    char peer[CONN_PEER];
    struct arrival a = {.service = user};
    struct error_shape e = {.code = str_of(what->code),
                            .message = str_of(what->message)};
    a.started = world_now(a.service->rt->world) - what->took;
    identify_arrival(user, &a, what->id);
    if (what->status == 503) {
        admission_refused(user);
        return;
    }
    journal_refused(&a, what->status, &e, conn_peer(conn, peer));
}

const struct server_handler service_handler = {on_request, on_gone, on_drained,
                                               on_refused, admission_admits};
