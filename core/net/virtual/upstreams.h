/*
** upstreams.h -- every provider and model of a simulated world.
**
**     "openai/gpt-4o"   acts: fails 503, three times
**                             hangs, from 10 s to 600 s
**     "openai/\*"       acts: ...
**
** Whatever its url, a model that is asked plays the first of its acts that
** holds at the moment; when none does it is in good health. A model that has no
** acts of its own plays its provider's ("openai/\*") or all's ("*"), else what the policy says
** of its own simulated providers, else it is in good health too.
**
** What arrives is counted here, where an upstream reads it: what the gateway
** believes to have sent is another figure.
*/
#ifndef NET_VIRTUAL_UPSTREAMS_H
#define NET_VIRTUAL_UPSTREAMS_H

#include "base/arena.h"
#include "net/sim.h"

struct upstreams;

/* So many requests, or tokens, in so much time; it refills steadily. */
struct upstream_limit {
    double n; /* 0: no limit */
    nanos per;
};

/* What an upstream does, and when. */
struct upstream_act {
    struct sim_script script; /* texts and headers live in the arena */
    nanos latency_most;       /* drawn from script.latency up to here; 0: not */
    nanos from, until;        /* on the world's clock; until 0: for ever */
    struct upstream_limit requests, tokens;
};

/* What one has met. */
struct upstream_counts {
    int64_t arrivals; /* requests read */
    int64_t refused;  /* connections refused */
    int64_t limited;  /* answered 429 by its limits; of a provider, for all */
    int64_t failed;   /* answered with an error: it made nothing */
    int64_t told;     /* replies whose usage it told, that ended well */
    int64_t tokens;   /* what these took */
    int64_t nano;     /* what these cost, in nano-dollars */
    int64_t unpriced; /* those of which nobody knows */
};

/* What a call costs that took so many tokens: nano-dollars, or -1 when there is no
** price. */
typedef int64_t upstream_bill(void *user, str name, int64_t input,
                              int64_t output);

/* 0 or ERR_MEMORY; used by virtual.c. */
int upstreams_open(struct upstreams **out, struct world *w);
void upstreams_close(struct upstreams *u);
struct transport *upstreams_transport(struct upstreams *u);

/* Memory for the texts of acts, as long as the world. */
struct arena *upstreams_arena(struct upstreams *u);

/* From now on `name` ("provider/model", "provider/\*" for all of its models, or
** "*" for all there are) plays these acts; copied. 0 or ERR_MEMORY. */
int upstreams_play(struct upstreams *u, str name,
                   const struct upstream_act *acts, int n);

/* From now on this says what a call costs. */
void upstreams_price(struct upstreams *u, upstream_bill *bill, void *user);

/* The last request sent to one: its body, and "name: value" lines of its head.
** False if there was none. Borrowed until the next. */
bool upstreams_last(struct upstreams *u, str name, str *body, str *fields);

/* Call see(name, counts, user) for each that was asked or has acts, in the
** order in which they were first named. */
void upstreams_each(const struct upstreams *u,
                    void (*see)(void *user, str name,
                                const struct upstream_counts *),
                    void *user);

#endif
