/*
** jobs_rig.h -- clients that ask to be answered later, and what they are told.
*/
#ifndef TESTS_TOOL_JOBS_RIG_H
#define TESTS_TOOL_JOBS_RIG_H

#include "tool/stage_rig.h"

#define MODEL "p.model { 'openai/a', breaker = false }"
#define LADDER                                                       \
    PRELUDE "p.prices { ['openai/a'] = { input = 1, output = 1 } } " \
            "return { " MODEL ", p.queue('later', {}) }"
#define BODY_MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define BODY_REST     BODY_MESSAGES "}"
#define DOWN          ((struct sim_script){.fails = 503})
#define WELL          ((struct sim_script){.text = {"here", 4}})

/* A client that asks to be answered later, if need be. */
static inline struct guest *ask_async(const char *body)
{
    struct http_field fields[] = {{STR("prefer"), STR("Respond-Async, wait=5")},
                                  {STR("authorization"), STR("Bearer CANARY")},
                                  {STR("x-team"), STR("blue")}};
    struct arrival what = {.method = STR("POST"),
                           .path = STR("/v1/chat/completions"),
                           .fields = fields,
                           .fields_n = 3,
                           .body = str_of(body)};
    struct guest *g = stage_guest(s, &what, world_now(stage_world(s)));
    CHECK_INT(stage_play(s, g, NANOS_NEVER), STAGE_DONE);
    return g;
}

static inline struct guest *plain(const char *method, str path)
{
    struct arrival what = {.method = str_of(method), .path = path};
    struct guest *g = stage_guest(s, &what, world_now(stage_world(s)));
    CHECK_INT(stage_play(s, g, NANOS_NEVER), STAGE_DONE);
    return g;
}

static inline str field_of(const struct guest *g, const char *name)
{
    for (int i = 0; i < g->fields_n; i++)
        if (str_eq(g->fields[i].name, str_of(name)))
            return g->fields[i].value;
    return STR_NONE;
}

/* What has become of the job that `g` was told of. */
static inline struct guest *look(const struct guest *g)
{
    return plain("GET", field_of(g, "location"));
}

static inline void pass(nanos time)
{
    stage_play(s, NULL, world_now(stage_world(s)) + time);
}

static inline void count_arrivals(void *user, str name,
                                  const struct upstream_counts *c)
{
    (void)name;
    *(int64_t *)user += c->arrivals;
}

static inline int64_t all_arrivals(void)
{
    int64_t arrivals = 0;
    upstreams_each(virtual_upstreams(stage_world(s)), count_arrivals,
                   &arrivals);
    return arrivals;
}

static inline bool body_holds(const struct guest *g, const char *what)
{
    bool it_does = holds(buf_str(&g->body), what);
    if (!it_does)
        printf("#    not '%s' in '%.*s'\n", what, (int)g->body.n, g->body.p);
    return it_does;
}

#endif
