/*
** stage_rig.h -- a whole gateway in a simulated world, for tests.
**
**     begin(PRELUDE "return { 'openai/a', p.sorry 'busy' }");
**     play("openai/a", (struct sim_script){.fails = 500});
**     struct guest *g = ask(BODY);
**     CHECK_INT(g->status, 200);
**     CHECK(holds(line_of(g), "\"path\":\"a server_error, sorry\""));
**     finish();
*/
#ifndef TESTS_TOOL_STAGE_RIG_H
#define TESTS_TOOL_STAGE_RIG_H

#include "unit.h"

#include "bind/bind.h"
#include "net/virtual/virtual.h"
#include "tool/stage.h"

#define PRELUDE "local p = require 'perilune' "
#define BODY                                                        \
    "{\"model\":\"any\",\"messages\":[{\"role\":\"user\",\"content" \
    "\":\"hi\"}]}"
#define STREAM                                                    \
    "{\"model\":\"any\",\"stream\":true,\"messages\":[{\"role\":" \
    "\"user\",\"content\":\"hi\"}]}"

static struct stage *s;
static nanos began; /* the stage's first instant */

/* Put a policy, a text, in force. */
static inline int load(const char *policy)
{
    struct policy_source source = {.name = STR("P"), .text = str_of(policy)};
    return stage_load(s, &source);
}

/* A gateway under this policy, which loads. */
static inline void begin_seeded(const char *policy, uint64_t seed)
{
    struct stage_setup setup = {.bind = &bind_lua, .seed = seed};
    CHECK_INT(stage_open(&s, &setup), 0);
    began = world_now(stage_world(s));
    CHECK_INT(load(policy), 0);
}

static inline void begin(const char *policy)
{
    begin_seeded(policy, 1);
}

static inline void finish(void)
{
    stage_close(s);
    stage_forget_compiled();
}

/* A client that comes so long after the beginning. */
static inline struct guest *guest_at(const char *body, nanos at)
{
    struct arrival what = {.method = STR("POST"),
                           .path = STR("/v1/chat/completions"),
                           .body = str_of(body)};
    return stage_guest(s, &what, began + at);
}

/* One that comes now; when this returns it is done. */
static inline struct guest *ask(const char *body)
{
    struct guest *g = guest_at(body, 0);
    CHECK_INT(stage_play(s, g, NANOS_NEVER), STAGE_DONE);
    return g;
}

/* From now on the upstream does this. */
static inline void play(const char *name, struct sim_script script)
{
    struct upstream_act act = {.script = script};
    CHECK_INT(upstreams_play(virtual_upstreams(stage_world(s)), str_of(name),
                             &act, 1),
              0);
}

static inline bool holds(str text, const char *what)
{
    return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

/* Its line in the log. */
static inline str line_of(const struct guest *g)
{
    return (str){stage_log(s).p + g->line, g->line_n};
}

#endif
