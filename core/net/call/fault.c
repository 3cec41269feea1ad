/*
** fault.c -- from what providers send to the closed set.
**
** Status alone decides nothing: a 429 may mean "wait" or "never", a 400 may
** mean "too long" or "filtered". So the code in the error body is looked at
** first, then the words of the message, then the status. Both are tables.
*/
#include "net/call/fault.h"

static const struct kind {
    const char *name;
    int status;
    bool passing, lasting, refuses;
} kinds[FAULT_KINDS] = {
    [FAULT_NONE] = {"none", 503, false, false, false},
    [FAULT_RATE_LIMITED] = {"rate_limited", 429, true, false, false},
    [FAULT_QUOTA_EXHAUSTED] = {"quota_exhausted", 503, false, true, false},
    [FAULT_OVERLOADED] = {"overloaded", 503, true, false, false},
    [FAULT_CONTEXT_TOO_LONG] = {"context_too_long", 400, false, true, false},
    [FAULT_CONTENT_FILTERED] = {"content_filtered", 400, false, true, true},
    [FAULT_BAD_REQUEST] = {"bad_request", 400, false, true, true},
    [FAULT_AUTH] = {"auth", 502, false, true, false},
    [FAULT_NOT_FOUND] = {"not_found", 404, false, true, false},
    [FAULT_SERVER_ERROR] = {"server_error", 502, true, false, false},
    [FAULT_TIMEOUT_CONNECT] = {"timeout_connect", 504, true, false, false},
    [FAULT_TIMEOUT_FIRST] = {"timeout_first", 504, true, false, false},
    [FAULT_TIMEOUT_IDLE] = {"timeout_idle", 504, true, false, false},
    [FAULT_TIMEOUT_TOTAL] = {"timeout_total", 504, true, false, false},
    [FAULT_NETWORK] = {"network", 502, true, false, false},
    [FAULT_BROKEN_STREAM] = {"broken_stream", 502, true, false, false},
    [FAULT_MALFORMED] = {"malformed", 502, true, false, false},
    [FAULT_DEADLINE] = {"deadline", 504, false, false, false},
    [FAULT_REJECTED] = {"rejected", 502, false, false, false},
    [FAULT_BUDGET] = {"budget", 429, false, false, false},
    [FAULT_POLICY] = {"policy", 500, false, false, false},
};

const char *fault_name(enum fault_kind kind)
{
    return kinds[kind].name;
}

enum fault_kind fault_of(str name)
{
    int kind = 0;
    while (kind < FAULT_KINDS && !str_eq(name, str_of(kinds[kind].name)))
        kind++;
    return (enum fault_kind)kind;
}

const char *fault_word(enum fault_kind kind)
{
    bool timeout = str_starts(str_of(kinds[kind].name), STR("timeout_"));
    return timeout ? "timeout" : kinds[kind].name;
}

int fault_status(enum fault_kind kind)
{
    return kinds[kind].status;
}

bool fault_passing(enum fault_kind kind)
{
    return kinds[kind].passing;
}

bool fault_lasting(enum fault_kind kind)
{
    return kinds[kind].lasting;
}

bool fault_refuses(enum fault_kind kind)
{
    return kinds[kind].refuses;
}

/* What error codes and messages say, the most telling first. */
static const struct sign {
    const char *text;
    enum fault_kind kind;
} codes[] =
    {
        {"context_length_exceeded", FAULT_CONTEXT_TOO_LONG},
        {"exceed_context_size_error", FAULT_CONTEXT_TOO_LONG},
        {"content_filter", FAULT_CONTENT_FILTERED},
        {"content_policy_violation", FAULT_CONTENT_FILTERED},
        {"ResponsibleAIPolicyViolation", FAULT_CONTENT_FILTERED},
        {"insufficient_quota", FAULT_QUOTA_EXHAUSTED},
        {"credit_balance_exhausted", FAULT_QUOTA_EXHAUSTED},
        {"spend_limit", FAULT_QUOTA_EXHAUSTED},
        {"usage_limit_exceeded", FAULT_QUOTA_EXHAUSTED},
        {"billing", FAULT_QUOTA_EXHAUSTED},
        {"invalid_api_key", FAULT_AUTH},
        {"API_KEY_INVALID", FAULT_AUTH},
        {"model_not_found", FAULT_NOT_FOUND},
        {"overloaded", FAULT_OVERLOADED},
},
  messages[] = {
      {"prompt is too long", FAULT_CONTEXT_TOO_LONG},
      {"exceed context limit", FAULT_CONTEXT_TOO_LONG},
      {"maximum context length", FAULT_CONTEXT_TOO_LONG},
      {"exceeds the maximum number of tokens", FAULT_CONTEXT_TOO_LONG},
      {"content management policy", FAULT_CONTENT_FILTERED},
};

static bool contains(str text, const char *what)
{
    return text.n != 0 && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static enum fault_kind by_text(const struct upstream_error *e)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (contains(e->code, codes[i].text) ||
            contains(e->type, codes[i].text))
            return codes[i].kind;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (contains(e->message, messages[i].text))
            return messages[i].kind;
    return FAULT_NONE;
}

static enum fault_kind by_status(int status)
{
    switch (status) {
    case 401:
    case 403:
        return FAULT_AUTH;
    case 402:
        return FAULT_QUOTA_EXHAUSTED;
    case 404:
        return FAULT_NOT_FOUND;
    case 408:
        return FAULT_TIMEOUT_TOTAL;
    case 429:
        return FAULT_RATE_LIMITED;
    case 503:
    case 529:
        return FAULT_OVERLOADED;
    default:
        return status >= 400 && status < 500 ? FAULT_BAD_REQUEST
                                             : FAULT_SERVER_ERROR;
    }
}

enum fault_kind fault_of_error(int status, const struct upstream_error *e)
{
    enum fault_kind kind = by_text(e);
    return kind != FAULT_NONE ? kind : by_status(status);
}

enum fault_kind fault_of_end(enum exchange_end end)
{
    switch (end) {
    case EXCHANGE_OK:
        return FAULT_NONE;
    case EXCHANGE_PROTOCOL:
    case EXCHANGE_LIMIT:
        return FAULT_MALFORMED;
    case EXCHANGE_BROKEN:
        return FAULT_BROKEN_STREAM;
    case EXCHANGE_MEMORY:
        return FAULT_SERVER_ERROR;
    case EXCHANGE_RESOLVE:
    case EXCHANGE_CONNECT:
    case EXCHANGE_CLOSED:
        return FAULT_NETWORK;
    }
    return FAULT_NETWORK;
}
