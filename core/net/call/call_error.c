/*
** call_error.c -- an error that the provider reported: what it is, what the
** client is told of it, how long it asks us to wait.
**
** What a provider says of the request helps the client, and is passed on as it
** came. What it says of our key, our account or its own innards does not, and
** may hold secrets: the client gets our words for it.
*/
#include "net/call/call_inner.h"

#include "base/defence.h"
#include "wire/json.h"

#define ERROR_BODY_MAX (64 * 1024)

/* What clients look for in an error that lies in their request. */
static const char *known_code(enum fault_kind kind)
{
    switch ((int)kind) {
    case FAULT_CONTEXT_TOO_LONG:
        return "context_length_exceeded";
    case FAULT_CONTENT_FILTERED:
        return "content_filter";
    default:
        return NULL;
    }
}

static bool tells_client(const struct verdict *v)
{
    bool ours = v->kind != FAULT_BAD_REQUEST &&
                v->kind != FAULT_CONTENT_FILTERED &&
                v->kind != FAULT_CONTEXT_TOO_LONG && v->kind != FAULT_NOT_FOUND;
    return !DEFENCE(provider_errors) || !(ours || v->status != 0);
}

/* May it pass as it came: is it of the dialect's shape, with a code where
** clients look for one? */
static bool is_of_shape(str body, const char *code)
{
    struct json error = json_get(json_of(body), STR("error"));
    return json_get(error, STR("message")).kind == JSON_STRING &&
           (code == NULL || json_get(error, STR("code")).kind == JSON_STRING) &&
           body.n <= ERROR_BODY_MAX;
}

/* The provider's error for the client: as it came, or else what it says in
** the dialect's shape. */
static str for_client(struct call *c, str body, const struct upstream_error *e,
                      enum fault_kind kind)
{
    const char *code = known_code(kind);
    if (is_of_shape(body, code))
        return arena_copy(&c->arena, body);
    struct error_shape shape = {.message = e->message,
                                .type = STR("invalid_request_error"),
                                .code = code != NULL ? str_of(code) : e->code};
    struct buf text;
    buf_init(&text, e->message.n * 6 + e->code.n * 6 + 1024);
    c->ask.provider->dialect->put_error(&text, &shape);
    str copy = arena_copy(&c->arena, buf_str(&text));
    buf_fini(&text);
    return copy;
}

/* The provider's word for it, if it is a word and nothing else. */
static str code_of(const struct call *c, const struct upstream_error *e)
{
    str code = str_is_word(e->code) ? e->code : e->type;
    if (!str_is_word(code) || provider_hides(c->ask.provider, code))
        return STR_NONE;
    return code;
}

static str reported(struct call *c, enum fault_kind kind,
                    const struct upstream_error *e)
{
    str code = code_of(c, e);
    str why =
        arena_print(&c->arena, "the provider answered %d %s%s%.*s", c->status,
                    fault_name(kind), code.n > 0 ? ", code " : "", (int)code.n,
                    code.n > 0 ? code.p : "");
    return call_told(c, why.p != NULL ? why.p : "the provider failed");
}

/* The wait it asks for: its head's word, its body's, or until what is used up
** is there again. 0: it asks for none. */
static nanos wait_of(const struct call *c, enum fault_kind kind, str body)
{
    nanos wait = c->hints.retry_after;
    if (wait < 0 && body.p != NULL)
        wait = hints_of_error(body);
    if (wait < 0 && kind == FAULT_RATE_LIMITED)
        wait = hints_exhausted(&c->hints);
    return wait > 0 ? wait : 0;
}

/* x-should-retry is the provider's own word and stands above what we make of
** the status; but what our key or the content is at fault for stays so. */
static bool again(const struct call *c, const struct verdict *v)
{
    static const uint32_t never =
        1u << FAULT_AUTH | 1u << FAULT_QUOTA_EXHAUSTED |
        1u << FAULT_CONTENT_FILTERED | 1u << FAULT_CONTEXT_TOO_LONG;
    if (c->hints.should_retry < 0)
        return v->again;
    return c->hints.should_retry == 1 && !(never & 1u << v->kind);
}

static bool hidden(const struct call *c, str text)
{
    return provider_hides(c->ask.provider, text);
}

/* The status for the client. A request that is at fault keeps its own, said
** why or not. */
static int status_for(const struct verdict *v, int status, bool tell)
{
    bool own = status >= 400 && status < 500 && v->kind == FAULT_BAD_REQUEST;
    if (own || (tell && status >= 400))
        return status;
    return v->status != 0 ? v->status : fault_status(v->kind);
}

void call_end_reported(struct call *c, str body)
{
    struct upstream_error e = {0};
    struct json_error wrong;
    struct buf scratch;
    buf_init(&scratch, body.n + 16);
    bool is_json = json_check(body, &wrong);
    bool legible =
        is_json && c->ask.provider->dialect->error_of(body, &e, &scratch);
    int status = c->status >= 300 ? c->status : 0;
    struct verdict v = fault_judge(status, &e);
    bool tell = legible && e.message.p != NULL && tells_client(&v) &&
                !hidden(c, body) && !hidden(c, e.message);
    struct fault fault = {.kind = v.kind,
                          .status = status_for(&v, status, tell),
                          .wait = wait_of(c, v.kind, is_json ? body : STR_NONE),
                          .again = again(c, &v),
                          .ran = !fault_turned_away(v.kind),
                          .firm = v.firm,
                          .message = reported(c, v.kind, &e)};
    if (tell)
        fault.body = for_client(c, body, &e, v.kind);
    call_finish(c, &fault);
    buf_fini(&scratch);
}
