/*
** outage.c -- striking, and sorting replies by when they should have left.
**
** When all have turned is known at the end only, so the replies after the kill
** are kept and sorted into their phases when the figures are told.
*/
#include "outage.h"
#include "tool.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

void outage_strike(struct outage *o, int64_t began, int64_t now)
{
    if (o->pid == 0 || o->killed != 0 || now - began < o->after * 1000000)
        return;
    if (kill((pid_t)o->pid, o->stops ? SIGSTOP : SIGKILL) != 0)
        tool_die("load: process %ld cannot be killed", o->pid);
    o->killed = tool_now();
}

static void met(struct outage *o, const struct outage_reply *reply)
{
    o->settled = reply->ended;
    if (reply->since > o->turned)
        o->turned = reply->since;
}

void outage_note(struct outage *o, const struct outage_reply *reply,
                 const char *head)
{
    if (o->pid == 0)
        return;
    if (o->killed == 0) {
        samples_add(&o->before, reply->ended - reply->since);
        return;
    }
    if (strstr(head, o->sign) != NULL)
        o->signs++;
    else
        met(o, reply);
    if (o->n == o->cap) {
        o->cap = o->cap > 0 ? 2 * o->cap : 4096;
        o->replies = tool_grow(o->replies, o->cap * sizeof *o->replies);
    }
    o->replies[o->n++] = *reply;
}

static void tell(const char *phase, struct samples *s)
{
    samples_sort(s);
    printf("\"%s\":%zu,\"%s_p50_us\":%.0f,\"%s_p99_us\":%.0f,"
           "\"%s_max_us\":%.0f,",
           phase, s->n, phase, samples_rank(s, 0.5), phase,
           samples_rank(s, 0.99), phase, samples_rank(s, 1));
}

/* Microseconds from the kill to then. */
static long long us(const struct outage *o, int64_t then)
{
    return then > o->killed ? (then - o->killed) / 1000 : 0;
}

bool outage_showed(const struct outage *o)
{
    return o->pid == 0 || o->signs > 0;
}

void outage_tell(struct outage *o)
{
    struct samples meanwhile = {.n = 0}, after = {.n = 0};
    if (o->pid == 0)
        return;
    for (size_t i = 0; i < o->n; i++) {
        const struct outage_reply *r = &o->replies[i];
        samples_add(r->since <= o->turned ? &meanwhile : &after,
                    r->ended - r->since);
    }
    printf("\"turned_us\":%lld,\"settled_us\":%lld,", us(o, o->turned),
           us(o, o->settled));
    tell("before", &o->before);
    tell("meanwhile", &meanwhile);
    tell("after", &after);
}
