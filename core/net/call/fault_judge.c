/*
** fault_judge.c -- from what providers send to the closed set.
**
** Status alone decides nothing: a 429 may mean "wait" or "never", a 400 "too
** long", "filtered", "no money" or "wrong key". So the evidence is heard in
** order: details, codes, words, codes that say little, the status. All but the
** last are one table; a new provider's saying is a new row.
**
** Words are the weakest: a provider may repeat the client's own. What they
** prove is good for this request and for nothing that outlives it.
*/
#include "net/call/fault.h"

#include "base/defence.h"

enum where {
    DETAILS, /* error.details, error.innererror: raw */
    CODE,    /* error.code or error.type */
    WORDS,   /* error.message */
    VAGUE,   /* code or type, once the words said nothing */
    INSIDE   /* the same, of an error event in a stream: it has no status */
};

static const struct sign {
    enum where where;
    const char *text;
    enum fault_kind kind;
    int status; /* see struct verdict */
} signs[] = {
    {DETAILS, "enforced_spend_limit_reached", FAULT_QUOTA_EXHAUSTED, 0},
    {DETAILS, "API_KEY_INVALID", FAULT_AUTH, 0},
    {DETAILS, "ResponsibleAIPolicyViolation", FAULT_CONTENT_FILTERED, 0},
    {DETAILS, "PerDay", FAULT_QUOTA_EXHAUSTED, 0},

    {CODE, "context_length_exceeded", FAULT_CONTEXT_TOO_LONG, 0},
    {CODE, "exceed_context_size_error", FAULT_CONTEXT_TOO_LONG, 0},
    {CODE, "content_filter", FAULT_CONTENT_FILTERED, 0},
    {CODE, "content_policy_violation", FAULT_CONTENT_FILTERED, 0},
    {CODE, "ResponsibleAIPolicyViolation", FAULT_CONTENT_FILTERED, 0},
    {CODE, "insufficient_quota", FAULT_QUOTA_EXHAUSTED, 0},
    {CODE, "credit_balance_exhausted", FAULT_QUOTA_EXHAUSTED, 0},
    {CODE, "spend_limit", FAULT_QUOTA_EXHAUSTED, 0},
    {CODE, "usage_limit_exceeded", FAULT_QUOTA_EXHAUSTED, 0},
    {CODE, "billing", FAULT_QUOTA_EXHAUSTED, 0},
    {CODE, "invalid_api_key", FAULT_AUTH, 0},
    {CODE, "API_KEY_INVALID", FAULT_AUTH, 0},
    {CODE, "model_not_found", FAULT_NOT_FOUND, 0},
    {CODE, "DeploymentNotFound", FAULT_NOT_FOUND, 502}, /* our mistake */
    {CODE, "overloaded", FAULT_OVERLOADED, 0},

    {WORDS, "prompt is too long", FAULT_CONTEXT_TOO_LONG, 0},
    {WORDS, "exceed context limit", FAULT_CONTEXT_TOO_LONG, 0},
    {WORDS, "maximum context length", FAULT_CONTEXT_TOO_LONG, 0},
    {WORDS, "exceeds the maximum number of tokens", FAULT_CONTEXT_TOO_LONG, 0},
    {WORDS, "too many tokens", FAULT_CONTEXT_TOO_LONG, 0},
    {WORDS, "content management policy", FAULT_CONTENT_FILTERED, 0},
    {WORDS, "spend limit", FAULT_QUOTA_EXHAUSTED, 0},
    {WORDS, "credit balance is too low", FAULT_QUOTA_EXHAUSTED, 0},
    {WORDS, "experiencing high demand", FAULT_OVERLOADED, 0},

    {VAGUE, "rate_limit", FAULT_RATE_LIMITED, 0},
    {VAGUE, "slow_down", FAULT_RATE_LIMITED, 0},
    {VAGUE, "RESOURCE_EXHAUSTED", FAULT_RATE_LIMITED, 0},
    {VAGUE, "Throttling", FAULT_RATE_LIMITED, 0},
    {VAGUE, "ModelNotReady", FAULT_RATE_LIMITED, 0},
    {VAGUE, "FAILED_PRECONDITION", FAULT_AUTH, 0}, /* of our account */

    {INSIDE, "invalid_request", FAULT_BAD_REQUEST, 0},
    {INSIDE, "INVALID_ARGUMENT", FAULT_BAD_REQUEST, 0},
    {INSIDE, "request_too_large", FAULT_BAD_REQUEST, 0},
    {INSIDE, "authentication_error", FAULT_AUTH, 0},
    {INSIDE, "permission_error", FAULT_AUTH, 0},
    {INSIDE, "PERMISSION_DENIED", FAULT_AUTH, 0},
    {INSIDE, "UNAUTHENTICATED", FAULT_AUTH, 0},
    {INSIDE, "not_found_error", FAULT_NOT_FOUND, 0},
    {INSIDE, "NOT_FOUND", FAULT_NOT_FOUND, 0},
    {INSIDE, "service_unavailable", FAULT_OVERLOADED, 0},
    {INSIDE, "UNAVAILABLE", FAULT_OVERLOADED, 0},
    {INSIDE, "timeout_error", FAULT_TIMEOUT_TOTAL, 0},
    {INSIDE, "DEADLINE_EXCEEDED", FAULT_TIMEOUT_TOTAL, 0},
};

static bool contains(str text, const char *what)
{
    return text.n != 0 && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

/* Words count where they explain a refusal of this request, not beside the
** statuses that say enough by themselves. */
static bool words_count(int status)
{
    return status == 0 || status == 400 || status == 413 || status == 422 ||
           status == 429;
}

static bool seen(const struct sign *sign, int status,
                 const struct upstream_error *e)
{
    switch (sign->where) {
    case DETAILS:
        return contains(e->details, sign->text);
    case WORDS:
        return words_count(status) && contains(e->message, sign->text);
    case INSIDE:
        if (status != 0)
            return false;
        break;
    case CODE:
    case VAGUE:
        break;
    }
    return contains(e->code, sign->text) || contains(e->type, sign->text);
}

static const struct sign *find(int status, const struct upstream_error *e)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (seen(&signs[i], status, e))
            return &signs[i];
    return NULL;
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
    case 504:
        return FAULT_TIMEOUT_TOTAL;
    case 409: /* somebody else was there at the same time */
        return FAULT_SERVER_ERROR;
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

/* Inside a stream some say the status as their code. */
static int status_in(int status, str code)
{
    int64_t number = status == 0 ? str_number(code, 599) : -1;
    return number >= 400 ? (int)number : status;
}

/* The number behind a word of the message: "Limit 30000"; -1: none. */
static int64_t number_after(str message, const char *word)
{
    const char *at =
        message.n > 0 ? memmem(message.p, message.n, word, strlen(word)) : NULL;
    if (at == NULL)
        return -1;
    str rest = str_from(message, (size_t)(at - message.p) + strlen(word));
    size_t n = 0;
    while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
        n++;
    return str_number((str){rest.p, n}, INT64_MAX / 2);
}

/* More than a whole minute's budget: it fits at no time. */
static bool never_fits(const struct upstream_error *e)
{
    int64_t limit = number_after(e->message, "Limit ");
    return limit >= 0 && number_after(e->message, "Requested ") > limit;
}

struct verdict fault_judge(int status, const struct upstream_error *e)
{
    const struct sign *sign = find(status, e);
    struct verdict v = {.kind = by_status(status_in(status, e->code))};
    v.firm = status != 403 && status != 0;
    if (sign != NULL) {
        v.kind = sign->kind;
        v.status = sign->status;
        v.firm = sign->where < WORDS || !DEFENCE(words_condemn);
    }
    bool moved = status >= 300 && status < 400;
    v.again = fault_passing(v.kind) && !moved && !never_fits(e);
    return v;
}
