/*
** test_idempotent.c -- repeats in a world whose clock is turned.
*/
#include "stage_rig.h"

#define COUNTS                                           \
    "local n = 0 return function() n = n + 1 return p.s" \
    "ay('a' .. n) end"
#define DAY (24 * 3600 * NANOS_S)

static struct guest *send_at(const char *key, const char *body, nanos at)
{
    struct http_field field = {STR("idempotency-key"), str_of(key)};
    struct arrival what = {.method = STR("POST"),
                           .path = STR("/v1/chat/completions"),
                           .fields = &field,
                           .fields_n = 1,
                           .body = str_of(body)};
    return stage_guest(s, &what, began + at);
}

static str repeat_at(const char *key, nanos at)
{
    struct guest *g = send_at(key, BODY, at);
    CHECK_INT(stage_play(s, g, NANOS_NEVER), STAGE_DONE);
    return buf_str(&g->body);
}

static void an_answer_is_kept_for_a_day(void)
{
    begin(PRELUDE COUNTS);
    CHECK(holds(repeat_at("k", 0), "a1"));
    CHECK(holds(repeat_at("k", DAY - NANOS_S), "a1"));
    CHECK(holds(repeat_at("k", DAY + NANOS_S), "a2"));
    CHECK(holds(repeat_at("k", 2 * DAY - NANOS_S), "a2"));
    finish();
}

static void or_for_as_long_as_the_policy_says(void)
{
    begin(PRELUDE "p.idempotent { ttl = '1h' } " COUNTS);
    CHECK(holds(repeat_at("k", 0), "a1"));
    CHECK(holds(repeat_at("k", DAY / 24 - NANOS_S), "a1"));
    CHECK(holds(repeat_at("k", DAY / 24 + NANOS_S), "a2"));
    finish();
}

static void a_repeat_is_told_by_its_line_in_the_log(void)
{
    begin(PRELUDE "return 'openai/a'");
    repeat_at("k", 0);
    struct guest *g = send_at("k", BODY, NANOS_S);
    CHECK_INT(stage_play(s, g, NANOS_NEVER), STAGE_DONE);
    CHECK(holds(line_of(g), "\"path\":\"idempotency replayed\""));
    CHECK(holds(line_of(g), "\"attempts\":0"));
    CHECK(holds(line_of(g), "\"cost_usd\":0"));
    finish();
}

static void those_who_wait_are_answered_at_the_same_instant(void)
{
    begin(PRELUDE "local n = 0 return function() n = n + 1 p.sleep '10s' "
                  "return p.say('a' .. n) end");
    struct guest *first = send_at("k", BODY, 0);
    struct guest *second = send_at("k", BODY, 4 * NANOS_S);
    struct guest *other = send_at("k", STREAM, 5 * NANOS_S);
    CHECK_INT(stage_play(s, second, NANOS_NEVER), STAGE_DONE);
    CHECK(holds(buf_str(&first->body), "a1"));
    CHECK(holds(buf_str(&second->body), "a1"));
    CHECK_INT(other->status, 422);
    CHECK_INT(world_now(stage_world(s)) - began, 10 * NANOS_S);
    finish();
}

TESTS(an_answer_is_kept_for_a_day, or_for_as_long_as_the_policy_says,
      a_repeat_is_told_by_its_line_in_the_log,
      those_who_wait_are_answered_at_the_same_instant)
