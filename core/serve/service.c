/*
** service.c -- the table of endpoints.
**
** Clients set their base URL with and without /v1, with a slash at the end,
** and sometimes twice; so the path is first brought to one form, and then
** looked up. One path, one parse: whatever else looks at it sees this one.
*/
#include "serve/inner.h"

#include "base/mem.h"
#include "run/answer.h"

#define RETRY_AFTER "1" /* seconds */

enum method { GET, POST, DELETE, OTHER, UNKNOWN };

struct route {
    enum method method;
    const char *path; /* a '*' at the end takes the rest */
    void (*serve)(struct service *, struct arrival *);
    struct request *(*take)(struct service *, struct arrival *);
    void (*serve_rest)(struct service *, struct arrival *, str rest);
    bool open; /* to anybody, without a key */
};

static const struct route routes[] = {
    {POST, "/chat/completions", NULL, chat_take, NULL, false},
    {GET, "/jobs/*", NULL, NULL, jobs_get, false},
    {DELETE, "/jobs/*", NULL, NULL, jobs_delete, false},
    {GET, "/models", models_list, NULL, NULL, false},
    {GET, "/models/*", NULL, NULL, models_one, false},
    {GET, "/healthz", health_full, NULL, NULL, true},
    {GET, "/readyz", health_ready, NULL, NULL, true},
    {GET, "/", health_root, NULL, NULL, true},
};

/* --- answering without a request ------------------------------------------- */

str arrival_field(const struct arrival *a, str name)
{
    for (int i = 0; i < a->fields_n; i++)
        if (str_eq_nocase(a->fields[i].name, name))
            return a->fields[i].value;
    return STR_NONE;
}

/* One more field of a head; without a value it is none. */
#define NO_FIELD ((struct http_field){STR_NONE, STR_NONE})

static void say(struct arrival *a, int status, const char *kind,
                struct http_field extra, str body)
{
    bool again = str_eq(extra.name, STR("retry-after"));
    struct http_field fields[5];
    int n = 0;
    if (kind != NULL)
        fields[n++] = (struct http_field){STR("content-type"), str_of(kind)};
    fields[n++] = (struct http_field){STR("x-request-id"), a->id};
    fields[n++] = (struct http_field){STR("request-id"), a->id};
    if (extra.value.p != NULL)
        fields[n++] = extra;
    if (status >= 400)
        fields[n++] = (struct http_field){STR("x-should-retry"),
                                          again ? STR("true") : STR("false")};
    a->sink.head(a->sink.user, status, fields, n, (int64_t)body.n);
    if (body.n > 0)
        a->sink.chunk(a->sink.user, body);
    a->sink.done(a->sink.user, OUTCOME_ANSWERED);
}

void arrival_json(struct arrival *a, int status, str body)
{
    say(a, status, "application/json", NO_FIELD, body);
}

static void say_error(struct arrival *a, int status,
                      const struct error_shape *e, struct http_field extra)
{
    struct buf body;
    buf_init(&body, e->message.n * 6 + 4096);
    dialect_openai.put_error(&body, e);
    say(a, status, "application/json", extra, buf_str(&body));
    buf_fini(&body);
}

void arrival_error_with(struct arrival *a, int status,
                        const struct error_shape *e, struct http_field extra)
{
    journal_refused(a, status, e, STR_NONE);
    say_error(a, status, e, extra);
}

void arrival_error(struct arrival *a, int status, const struct error_shape *e)
{
    arrival_error_with(a, status, e, NO_FIELD);
}

void arrival_busy(struct arrival *a, str message)
{
    struct error_shape e = {.message = message,
                            .type = STR("server_error"),
                            .code = STR("overloaded")};
    say_error(a, 503, &e,
              (struct http_field){STR("retry-after"), STR(RETRY_AFTER)});
}

/* --- finding the endpoint -------------------------------------------------- */

static str plain_path(str path)
{
    while (str_starts(path, STR("/v1/")) || str_eq(path, STR("/v1")))
        path = path.n > 3 ? str_from(path, 3) : STR("/");
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

static bool fits(const struct route *route, str path, str *rest)
{
    str want = str_of(route->path);
    if (want.p[want.n - 1] != '*')
        return str_eq(path, want);
    want.n--;
    if (!str_starts(path, want) || path.n == want.n)
        return false;
    *rest = str_from(path, want.n);
    return true;
}

static enum method method_of(str method)
{
    static const char *const others[] = {"PATCH", "PUT", "TRACE"};
    if (str_eq(method, STR("GET")) || str_eq(method, STR("HEAD")))
        return GET;
    if (str_eq(method, STR("POST")))
        return POST;
    if (str_eq(method, STR("DELETE")))
        return DELETE;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (str_eq(method, str_of(others[i])))
            return OTHER;
    return UNKNOWN;
}

static void not_found(struct arrival *a)
{
    struct error_shape e = {
        .message = STR("There is nothing at this path. Chat completions are "
                       "at POST /v1/chat/completions, models at GET "
                       "/v1/models."),
        .type = STR("invalid_request_error"),
        .code = STR("unknown_url"),
    };
    arrival_error(a, 404, &e);
}

/* `wanted`: the last of the table's that would do; what takes DELETE takes GET. */
static void wrong_method(struct arrival *a, enum method wanted)
{
    static const char *const use[] = {[GET] = "Use GET for this path.",
                                      [POST] = "Use POST for this path.",
                                      [DELETE] =
                                          "Use GET or DELETE for this path."};
    static const char *const allow[] = {[GET] = "GET, HEAD, OPTIONS",
                                        [POST] = "POST, OPTIONS",
                                        [DELETE] =
                                            "GET, HEAD, DELETE, OPTIONS"};
    struct error_shape e = {
        .message = str_of(use[wanted]),
        .type = STR("invalid_request_error"),
        .code = STR("method_not_allowed"),
    };
    arrival_error_with(
        a, 405, &e, (struct http_field){STR("allow"), str_of(allow[wanted])});
}

static void unknown_method(struct arrival *a)
{
    struct error_shape e = {
        .message = STR("There is no such method. Use GET or POST; methods are "
                       "written in capitals."),
        .type = STR("invalid_request_error"),
        .code = STR("unknown_method"),
    };
    arrival_error(a, 501, &e);
}

static struct request *go(struct service *s, struct arrival *a,
                          const struct route *route, str rest)
{
    if (!route->open && !entry_passes(s, a))
        return NULL;
    if (route->take != NULL)
        return hops_refused(s, a) ? NULL : route->take(s, a);
    if (route->serve_rest != NULL)
        route->serve_rest(s, a, rest);
    else
        route->serve(s, a);
    return NULL;
}

static struct request *find_and_go(struct service *s, struct arrival *a)
{
    str path = plain_path(a->path), rest = STR_NONE;
    const struct route *other = NULL;
    enum method method = method_of(a->method);
    if (method == UNKNOWN) {
        unknown_method(a);
        return NULL;
    }
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!fits(&routes[i], path, &rest))
            continue;
        if (routes[i].method == method)
            return go(s, a, &routes[i], rest);
        other = &routes[i];
    }
    if (other != NULL)
        wrong_method(a, other->method);
    else
        not_found(a);
    return NULL;
}

struct request *service_take(struct service *s, struct arrival *a)
{
    char room[64];
    struct request *r = NULL;
    a->service = s;
    a->started = world_now(s->rt->world);
    identify_arrival(s, a, room);
    if (str_eq(a->method, STR("OPTIONS")))
        say(a, 204, NULL, NO_FIELD, STR(""));
    else
        r = find_and_go(s, a);
    entry_leave(a);
    mem_free(a->memory); /* unless a request took it */
    a->memory = NULL;
    return r;
}
