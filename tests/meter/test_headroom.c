/*
** test_headroom.c -- what limits leave, before anybody is told 429.
*/
#include "unit.h"

#include "meter/headroom.h"

static struct headroom h;
static struct headroom_mark mark;
static nanos now;

static void begin(void)
{
    h = (struct headroom){.each = {0}};
    now = 1000 * NANOS_S;
}

static void send(int n)
{
    for (int i = 0; i < n; i++)
        headroom_sent(&h, 400, now, &mark);
}

static struct hints requests(int64_t limit, int64_t remaining, nanos reset)
{
    struct hints said = hints_none();
    said.requests = (struct quota_hint){limit, remaining, reset};
    return said;
}

static void hear(struct hints said)
{
    headroom_heard(&h, &mark, &said, now);
}

static struct headroom_view look(void)
{
    return headroom_look(&h, 2 * NANOS_S, now);
}

static void what_nobody_told_of_is_plenty(void)
{
    begin();
    send(1000);
    CHECK(!look().known);
    CHECK_NEAR(look().share, 1);
    CHECK(!look().scarce);
    hear(hints_none());
    CHECK(!look().known);
}

static void what_was_sent_since_is_taken_off(void)
{
    begin();
    send(1);
    hear(requests(100, 40, 60 * NANOS_S));
    CHECK_NEAR(look().share, 0.4);
    send(30);
    CHECK_NEAR(look().share, 0.1);
    send(20);
    CHECK_NEAR(look().share, 0);
    CHECK(look().scarce);
}

static void what_flows_back_is_added(void)
{
    begin();
    send(1);
    hear(requests(100, 40, 60 * NANOS_S));
    now += 30 * NANOS_S;
    CHECK_NEAR(look().share, 0.7);
    now += 29 * NANOS_S;
    CHECK(look().share > 0.98 && look().share <= 1);
}

static void the_reply_to_an_older_call_says_nothing_new(void)
{
    begin();
    struct headroom_mark older;
    headroom_sent(&h, 400, now, &older);
    send(1);
    hear(requests(100, 40, 60 * NANOS_S));
    struct hints late = requests(100, 99, 60 * NANOS_S);
    headroom_heard(&h, &older, &late, now);
    CHECK_NEAR(look().share, 0.4);
}

static void the_scarcest_limit_counts(void)
{
    begin();
    send(1);
    struct hints said = requests(100, 90, 60 * NANOS_S);
    said.tokens = (struct quota_hint){10000, 2000, 60 * NANOS_S};
    hear(said);
    CHECK_NEAR(look().share, 0.2);
    headroom_used(&h, 300, 200);
    send(2); /* 500 tokens each */
    CHECK_NEAR(look().share, 0.1);
}

static void input_and_output_are_counted_apart(void)
{
    begin();
    headroom_used(&h, 100, 900);
    send(1);
    struct hints said = hints_none();
    said.input = (struct quota_hint){1000, 1000, 0};
    said.output = (struct quota_hint){1000, 1000, 0};
    hear(said);
    send(1);
    CHECK_NEAR(look().share, 0.1);
    CHECK(look().scarce);
}

static void it_is_scarce_before_it_is_empty(void)
{
    begin();
    send(1);
    hear(requests(100, 30, 60 * NANOS_S));
    CHECK(!look().scarce);
    send(28); /* 2 left, and 2.9 a second leave */
    CHECK(look().share > 0.01);
    CHECK(look().scarce);
    now += 30 * NANOS_S;
    CHECK(!look().scarce);
}

static void nothing_is_believed_for_ever(void)
{
    begin();
    send(1);
    hear(requests(100, 0, NANOS_NEVER));
    CHECK(look().scarce);
    now += 61 * NANOS_S;
    CHECK(!look().scarce);
    CHECK(!look().known);
}

static void nonsense_is_not_listened_to(void)
{
    begin();
    send(1);
    hear(requests(0, 0, 0));
    hear(requests(-1, 5, -1));
    hear(requests(100, -1, -1));
    CHECK(!look().known);
    hear(requests(100, 500, -1));
    CHECK_NEAR(look().share, 1);
}

TESTS(what_nobody_told_of_is_plenty, what_was_sent_since_is_taken_off,
      what_flows_back_is_added, the_reply_to_an_older_call_says_nothing_new,
      the_scarcest_limit_counts, input_and_output_are_counted_apart,
      it_is_scarce_before_it_is_empty, nothing_is_believed_for_ever,
      nonsense_is_not_listened_to)
