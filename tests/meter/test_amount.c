/*
** test_amount.c -- amounts, as people write them.
*/
#include "unit.h"

#include "meter/amount.h"

static void is(const char *text, int64_t n, enum amount_unit unit,
               enum period_unit per)
{
    struct amount a;
    CHECK(amount_read(str_of(text), &a));
    CHECK(a.whole);
    CHECK_INT(a.n, n);
    CHECK_INT(a.unit, unit);
    CHECK_INT(a.per, per);
}

static void an_amount_is_a_number_a_unit_and_a_period(void)
{
    is("600 requests/min", 600, AMOUNT_REQUESTS, PERIOD_MINUTE);
    is("1 request/s", 1, AMOUNT_REQUESTS, PERIOD_SECOND);
    is("100k tokens/day", 100000, AMOUNT_TOKENS, PERIOD_DAY);
    is("1.5M tokens / h", 1500000, AMOUNT_TOKENS, PERIOD_HOUR);
    is("2G token/week", 2000000000, AMOUNT_TOKENS, PERIOD_WEEK);
    is("  50usd/month  ", 50, AMOUNT_USD, PERIOD_MONTH);
    is("7 K tokens/minute", 7000, AMOUNT_TOKENS, PERIOD_MINUTE);
    is("1. requests/d", 1, AMOUNT_REQUESTS, PERIOD_DAY);
}

static void money_is_counted_in_billionths(void)
{
    struct amount a;
    CHECK(amount_read(STR("0.1 usd/day"), &a));
    CHECK(!a.whole);
    CHECK_INT(a.n, 0);
    CHECK_INT(a.nano, 100000000);
    CHECK_NEAR(a.nearest, 0.1);
    CHECK(amount_read(STR("2.5 usd/h"), &a));
    CHECK_INT(a.nano, 2500000000);
    CHECK(amount_read(STR("0.0000000019 usd/h"), &a));
    CHECK_INT(a.nano, 1);
}

static void what_is_no_amount_is_not_read(void)
{
    static const char *const bad[] = {
        "",
        "usd/day",
        "5 usd",
        "100k",
        "10 apples/day",
        "5 usd/fortnight",
        "5 usd/day/day",
        "-5 usd/day",
        "+5 usd/day",
        "5e3 tokens/day",
        "0x10 tokens/day",
        ".5 usd/day",
        "1,000 tokens/day",
        "100kk tokens/day",
        "100ktokens/day",
        "100 mega tokens/day",
        "5 USD/day",
        "5 usd/Day",
        "5 usd/day!",
        "nan tokens/day",
        "unlimited",
        "20 concurrent",
        "5 \xe2\x82\xac/day",
        "\xef\xbc\x95 usd/day",
        "1111111111111111111111111111111 tokens/day",
    };
    struct amount a;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!amount_read(str_of(bad[i]), &a));
    CHECK(!amount_read((str){"5 usd/day\0", 10}, &a));
    CHECK(!amount_read(STR_NONE, &a));
}

static void what_no_number_holds_is_the_largest_and_says_so(void)
{
    struct amount a;
    is("9223372036854775807 requests/min", INT64_MAX, AMOUNT_REQUESTS,
       PERIOD_MINUTE);
    CHECK(amount_read(STR("9223372036854775808 requests/min"), &a));
    CHECK(!a.whole);
    CHECK_INT(a.n, INT64_MAX);
    CHECK_NEAR(a.nearest / 9223372036854775808.0, 1);
    CHECK(amount_read(STR("999999999999999999999999999999G usd/day"), &a));
    CHECK(!a.whole);
    CHECK_INT(a.nano, INT64_MAX);
    is("9007199254740993 tokens/day", 9007199254740993, AMOUNT_TOKENS,
       PERIOD_DAY);
}

static void a_limit_may_count_places(void)
{
    struct amount a;
    CHECK(amount_read_limit(STR("20 concurrent"), &a));
    CHECK_INT(a.unit, AMOUNT_CONCURRENT);
    CHECK_INT(a.n, 20);
    CHECK(amount_read_limit(STR("60 requests/min"), &a));
    CHECK_INT(a.unit, AMOUNT_REQUESTS);
    CHECK(!amount_read_limit(STR("2.5 concurrent"), &a));
    CHECK(!amount_read_limit(STR("20 concurrent/min"), &a));
    CHECK(!amount_read_limit(STR("2k concurrent"), &a));
}

static void a_budget_may_be_of_each_request(void)
{
    struct amount a;
    CHECK(amount_read(STR("50k tokens/request"), &a));
    CHECK(a.each_request);
    CHECK_INT(a.n, 50000);
    CHECK_STR(str_of(amount_period_name(&a)), "request");
    CHECK(!amount_read_limit(STR("50k tokens/request"), &a));
    CHECK(amount_read(STR("50k tokens/day"), &a));
    CHECK(!a.each_request);
}

static void units_and_periods_have_names(void)
{
    CHECK_STR(str_of(amount_unit_name(AMOUNT_USD)), "usd");
    CHECK_STR(str_of(amount_unit_name(AMOUNT_CONCURRENT)), "concurrent");
    for (int i = PERIOD_SECOND; i <= PERIOD_MONTH; i++) {
        struct amount a = {.per = (enum period_unit)i};
        CHECK_INT(period_unit(amount_period_name(&a)), i);
    }
}

TESTS(an_amount_is_a_number_a_unit_and_a_period, money_is_counted_in_billionths,
      what_is_no_amount_is_not_read,
      what_no_number_holds_is_the_largest_and_says_so, a_limit_may_count_places,
      a_budget_may_be_of_each_request, units_and_periods_have_names)
