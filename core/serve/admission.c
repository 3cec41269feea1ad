/*
** admission.c -- two comparisons for each request, and a quiet log.
**
** What is in flight is bounded by a number and what is held by bytes, and
** nothing is bounded by time: a request in flight waits for its upstream,
** whose slowness is not our load.
**
** The first refusal is logged when it happens. It starts a timer, and what
** is refused until it fires is summed up in its line.
*/
#include "serve/admission.h"

#include "base/defence.h"
#include "run/events.h"
#include "serve/inner.h"

#define QUIET NANOS_S /* between two lines about one flood */

#define OWNER(t)                                                     \
    ((struct service *)(void *)((char *)(t)-offsetof(struct service, \
                                                     admission.timer)))

static const struct words {
    const char *name, *message;
} reasons[AWAY_REASONS] = {
    [AWAY_REQUESTS] = {"requests",
                       "The gateway has as many requests in flight as it may "
                       "have. Try again in a moment."},
    [AWAY_MEMORY] = {"memory",
                     "The gateway has as many requests as it can hold. Try "
                     "again in a moment."},
    [AWAY_CONNECTIONS] = {"connections",
                          "The gateway has as many connections as it may "
                          "have. Try again in a moment."},
};

/* --- the log --------------------------------------------------------------- */

static void write_line(struct service *s, enum away why)
{
    struct buf line;
    struct runtime *rt = s->rt;
    struct admission *a = &s->admission;
    event_begin(&line, rt->world);
    event_text(&line, "event", STR("overloaded"));
    event_text(&line, "reason", str_of(reasons[why].name));
    event_int(&line, "requests", (int64_t)a->unsaid[why]);
    event_int(&line, "in_flight", (int64_t)stat_get(&rt->stats.open));
    event_int(&line, "held_bytes", (int64_t)rt->hold.used);
    event_send(&line, rt->world);
    a->unsaid[why] = 0;
}

/* Is there anything to say? Say it. */
static bool tell_all(struct service *s)
{
    bool told = false;
    for (int why = 0; why < AWAY_REASONS; why++)
        if (s->admission.unsaid[why] > 0) {
            write_line(s, (enum away)why);
            told = true;
        }
    return told;
}

static void be_quiet(struct service *s)
{
    struct world *world = s->rt->world;
    timer_start(world, &s->admission.timer, world_now(world) + QUIET);
}

static void quiet_is_over(struct timer *t)
{
    struct service *s = OWNER(t);
    if (tell_all(s))
        be_quiet(s);
}

static void note(struct service *s, enum away why)
{
    s->admission.unsaid[why]++;
    if (DEFENCE(quiet_flood) && timer_running(&s->admission.timer))
        return;
    tell_all(s);
    be_quiet(s);
}

/* --- who comes in ---------------------------------------------------------- */

void admission_init(struct service *s)
{
    s->admission = (struct admission){.timer = {.fire = quiet_is_over}};
}

void admission_fini(struct service *s)
{
    timer_stop(s->rt->world, &s->admission.timer);
    tell_all(s);
}

enum away admission_ask(struct service *s, bool crowded)
{
    const struct runtime *rt = s->rt;
    if (DEFENCE(max_requests) &&
        stat_get(&rt->stats.open) >= (uint64_t)rt->limits.requests)
        return AWAY_REQUESTS;
    if (!hold_has(&rt->hold, 0))
        return AWAY_MEMORY;
    return crowded ? AWAY_CONNECTIONS : AWAY_NOT;
}

static void count(struct service *s, enum away why)
{
    struct stats *stats = &s->rt->stats;
    stat_add(&stats->requests, 1);
    stat_add(&stats->failed, 1);
    stat_add(&stats->overloaded, 1);
    note(s, why);
}

void admission_refuse(struct arrival *a, enum away why)
{
    arrival_busy(a, str_of(reasons[why].message));
    count(a->service, why);
}

bool admission_admits(void *service, bool crowded)
{
    struct service *s = service;
    s->admission.why = admission_ask(s, crowded);
    return s->admission.why == AWAY_NOT;
}

/* When nobody was refused by admission_admits, it is the hold that is full. */
void admission_refused(struct service *s)
{
    enum away why = s->admission.why;
    s->admission.why = AWAY_NOT;
    count(s, why != AWAY_NOT ? why : AWAY_MEMORY);
}
