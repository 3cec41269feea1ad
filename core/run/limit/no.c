/*
** no.c -- a sentence with numbers, and a status.
*/
#include "run/limit/no.h"

#include <stdio.h>

#define NOBODY_KNOWS NANOS_S /* Retry-After when a place must become free */

static const char *period(const struct limit_part *part)
{
    static const struct {
        nanos per;
        const char *word;
    } words[] = {{1, "second"},
                 {60, "minute"},
                 {3600, "hour"},
                 {86400, "day"},
                 {604800, "week"}};
    size_t i = 0;
    while (i + 1 < sizeof words / sizeof words[0] &&
           part->rate.per > words[i].per * NANOS_S)
        i++;
    return words[i].word;
}

static long long seconds(nanos t)
{
    return (long long)((t + NANOS_S - 1) / NANOS_S);
}

static void say_too_large(const struct limit_no *no, struct buf *to)
{
    const struct limit_verdict *v = no->verdict;
    const struct limit_part *part = &no->rules->parts[v->part];
    int64_t most = part->rate.burst > 0 ? part->rate.burst : part->rate.n;
    buf_print(to,
              "limit %.*s: this request may need %lld tokens, and no more than "
              "%lld ever pass at once; shorten it or ask for fewer max_tokens",
              STR_ARG(no->name), (long long)v->asked, (long long)most);
}

static void say_limited(const struct limit_no *no, nanos wait, struct buf *to)
{
    const struct limit_verdict *v = no->verdict;
    const struct limit_part *part = &no->rules->parts[v->part];
    const struct limit_state *s = &v->parts[v->part];
    long long limit = (long long)s->limit, used = limit - (long long)s->left;
    buf_print(to, "limit %.*s: ", STR_ARG(no->name));
    if (part->unit == COUNT_PLACES) {
        buf_print(to,
                  "%lld of %lld requests at a time are under way; try "
                  "again when one has ended",
                  used, limit);
        return;
    }
    if (part->rate.burst > 0)
        buf_print(to, "more than %lld at once and %lld ",
                  (long long)part->rate.burst, limit);
    else
        buf_print(to, "%lld of %lld ", used, limit);
    buf_print(to, "%s per %s",
              part->unit == COUNT_TOKENS ? "tokens" : "requests", period(part));
    buf_text(to, part->rate.burst > 0 ? "" : " are used");
    if (part->unit == COUNT_TOKENS)
        buf_print(to, " and this request may need %lld", (long long)v->asked);
    buf_print(to, "; try again in %lld s (all is free again in %lld s)",
              seconds(wait), seconds(s->reset));
}

static nanos wait_of(const struct limit_no *no)
{
    nanos at = no->verdict->at;
    if (at == NANOS_NEVER)
        return NOBODY_KNOWS;
    return at > no->now ? at - no->now : 1;
}

void limit_no_text(const struct limit_no *no, struct buf *to)
{
    if (no->verdict->word == LIMIT_TOO_LARGE)
        say_too_large(no, to);
    else
        say_limited(no, wait_of(no), to);
}

void limit_no_status(const struct limit_no *no, struct written_reply *w)
{
    bool never = no->verdict->word == LIMIT_TOO_LARGE;
    w->status = never ? 413 : 429;
    w->again = !never;
    w->wait = never ? 0 : wait_of(no);
    snprintf(w->code, sizeof w->code, "%s",
             never ? "request_too_large" : "rate_limit_exceeded");
}
