/*
** fault.c -- the closed set: what each kind is called and what it means.
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

bool fault_turned_away(enum fault_kind kind)
{
    return kind == FAULT_RATE_LIMITED || kind == FAULT_OVERLOADED;
}

nanos fault_comeback(const struct fault *fault)
{
    bool known = fault_turned_away(fault->kind) && fault->wait != NANOS_NEVER;
    if (fault->retry_after > 0)
        return fault->retry_after * NANOS_S;
    return known ? fault->wait : 0;
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
    case EXCHANGE_UNTRUSTED:
    case EXCHANGE_CLOSED:
        return FAULT_NETWORK;
    }
    return FAULT_NETWORK;
}
