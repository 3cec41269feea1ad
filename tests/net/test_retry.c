/*
** test_retry.c -- who is asked again, and when.
*/
#include "net/call/retry.h"

#include "unit.h"

#define NOW (100 * NANOS_S)

static struct provider provider;
static struct retry_budget budget;
static struct call failed;

static struct retry begin(int tries, struct fault fault)
{
    retry_budget_init(&budget);
    provider = (struct provider){.retries = &budget};
    failed = (struct call){
        .fault = fault,
        .ask = {.provider = &provider, .deadline = NOW + 60 * NANOS_S}};
    return (struct retry){.tries = tries};
}

#define PASSING                                 \
    {                                           \
        .kind = FAULT_OVERLOADED, .again = true \
    }
#define RAN                                                    \
    {                                                          \
        .kind = FAULT_SERVER_ERROR, .again = true, .ran = true \
    }
#define LIMITED(s)                                 \
    {                                              \
        .kind = FAULT_RATE_LIMITED, .again = true, \
        .wait = (nanos)((s)*NANOS_S)               \
    }

static bool asks(struct retry *t)
{
    return retry_when(t, &failed, NOW, 0) != NANOS_NEVER;
}

static void a_passing_fault_is_asked_again_as_tries_say(void)
{
    struct retry t = begin(3, (struct fault)PASSING);
    CHECK(asks(&t) && asks(&t) && !asks(&t));
    CHECK_INT(t.tried, 3);
}

static void one_try_is_one_try(void)
{
    struct retry t = begin(1, (struct fault)PASSING);
    CHECK(!asks(&t));
}

static void what_waiting_does_not_cure_is_not_asked_again(void)
{
    struct retry t = begin(3, (struct fault){.kind = FAULT_AUTH});
    CHECK(!asks(&t));
}

static void a_policy_may_say_that_a_kind_passes(void)
{
    struct retry t = begin(3, (struct fault){.kind = FAULT_NOT_FOUND});
    t.also = 1u << FAULT_NOT_FOUND;
    CHECK(asks(&t));
    failed.fault.kind = FAULT_BAD_REQUEST;
    CHECK(!asks(&t));
}

static void what_may_have_run_is_asked_once_more_at_most(void)
{
    struct retry t = begin(5, (struct fault)RAN);
    CHECK(asks(&t) && !asks(&t));
    t = begin(5, (struct fault)RAN);
    CHECK(asks(&t));
    failed.fault = (struct fault)PASSING;
    CHECK(asks(&t));
    failed.fault = (struct fault)RAN;
    CHECK(!asks(&t));
}

static void the_providers_wait_is_waited_and_a_little_more(void)
{
    struct retry t = begin(3, (struct fault)LIMITED(7));
    CHECK_INT(retry_when(&t, &failed, NOW, 0), NOW + 7 * NANOS_S);
    CHECK_INT(retry_when(&t, &failed, NOW, 1u << 31),
              NOW + 7 * NANOS_S + NANOS_S / 2);
}

static void without_a_word_the_wait_is_random(void)
{
    struct retry t = begin(3, (struct fault)PASSING);
    CHECK_INT(retry_when(&t, &failed, NOW, 1u << 31), NOW + NANOS_S / 4);
}

static void a_wait_past_the_deadline_is_not_waited(void)
{
    struct retry t = begin(3, (struct fault)LIMITED(61));
    CHECK(!asks(&t));
    t = begin(3, (struct fault)LIMITED(59));
    CHECK(asks(&t));
    t = begin(3, (struct fault)LIMITED(0));
    failed.fault.wait = NANOS_NEVER;
    CHECK(!asks(&t));
    failed.fault.wait = NANOS_NEVER - 1;
    CHECK(!asks(&t));
    t = begin(3, (struct fault)LIMITED(5));
    failed.ask.deadline = NOW - 1;
    CHECK(!asks(&t));
}

static void those_who_find_us_full_are_not_asked_again(void)
{
    struct retry t = begin(3, (struct fault)PASSING);
    failed.fault.retry_after = 1;
    CHECK(!asks(&t));
}

static void the_providers_budget_bounds_all_together(void)
{
    int asked = 0;
    struct retry t = begin(3, (struct fault)PASSING);
    for (int i = 0; i < 100; i++)
        retry_budget_load(&budget, NOW);
    for (int i = 0; i < 100; i++) {
        t = (struct retry){.tries = 3};
        asked += asks(&t);
    }
    CHECK_INT(asked, 20);
}

static void who_does_not_ask_takes_nothing(void)
{
    struct retry t = begin(3, (struct fault)LIMITED(61));
    for (int i = 0; i < 10; i++) {
        t = (struct retry){.tries = 3};
        CHECK(!asks(&t));
    }
    failed.fault = (struct fault)PASSING;
    t = (struct retry){.tries = 3};
    CHECK(asks(&t));
}

TESTS(a_passing_fault_is_asked_again_as_tries_say, one_try_is_one_try,
      what_waiting_does_not_cure_is_not_asked_again,
      a_policy_may_say_that_a_kind_passes,
      what_may_have_run_is_asked_once_more_at_most,
      the_providers_wait_is_waited_and_a_little_more,
      without_a_word_the_wait_is_random, a_wait_past_the_deadline_is_not_waited,
      those_who_find_us_full_are_not_asked_again,
      the_providers_budget_bounds_all_together, who_does_not_ask_takes_nothing)
