/*
** bound_rig.h -- bodies, and what a call for them can take.
*/
#ifndef TESTS_WIRE_BOUND_RIG_H
#define TESTS_WIRE_BOUND_RIG_H

#include "unit.h"

#include "base/err.h"
#include "wire/bound.h"

#define USER(content) \
    "{\"messages\":[{\"role\":\"user\",\"content\":" content "}]"

static struct bound_why why;

static inline struct json body_of(const char *json)
{
    struct json_error error;
    CHECK(json_check(str_of(json), &error));
    return json_of(str_of(json));
}

static inline struct bound bound_with(struct bound_ask ask, const char *json)
{
    struct bound b;
    ask.body = body_of(json);
    if (ask.model.p == NULL)
        ask.model = STR("m");
    CHECK_INT(bound_of(&ask, &b, &why), 0);
    return b;
}

static inline struct bound bound(const char *json)
{
    return bound_with((struct bound_ask){0}, json);
}

static inline bool refused_with(const struct bound_most *most, const char *json)
{
    struct bound b;
    struct bound_ask ask = {
        .body = body_of(json), .model = STR("m"), .most = most};
    int error = bound_of(&ask, &b, &why);
    CHECK(error == 0 || error == ERR_INPUT);
    return error != 0;
}

/* Is there no bound, for this reason? */
static inline void refuses(const char *json, enum bound_kind kind,
                           const char *name)
{
    CHECK(refused_with(NULL, json));
    CHECK_INT(why.kind, kind);
    CHECK_STR(why.name, name);
}

static inline struct bound_most most(enum bound_kind kind, int64_t tokens)
{
    struct bound_most m = {.said = 1u << kind};
    m.of[kind] = tokens;
    return m;
}

#endif
