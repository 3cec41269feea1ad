/*
** test_when.c -- lengths of time and dates are what they say, or nothing.
*/
#include "wire/when.h"

#include "unit.h"

#define CHECK_SPAN(text, want) \
    CHECK_INT(when_span(str_of(text), NANOS_S), (want))
#define CHECK_DATE(text, want) CHECK_INT(when_date(str_of(text)), (want))

static void a_plain_number_counts_in_the_unit_that_was_given(void)
{
    CHECK_SPAN("2", 2 * NANOS_S);
    CHECK_SPAN(" 2 ", 2 * NANOS_S);
    CHECK_SPAN("0", 0);
    CHECK_SPAN("0.25", NANOS_S / 4);
    CHECK_SPAN("1.", NANOS_S);
    CHECK_SPAN(".5", NANOS_S / 2);
    CHECK_INT(when_span(STR("250"), NANOS_MS), 250 * NANOS_MS);
    CHECK_INT(when_span(STR("0.5"), NANOS_MS), NANOS_MS / 2);
}

static void lengths_as_go_writes_them_are_added_up(void)
{
    CHECK_SPAN("6m0s", 360 * NANOS_S);
    CHECK_SPAN("12ms", 12 * NANOS_MS);
    CHECK_SPAN("1s", NANOS_S);
    CHECK_SPAN("1h2m3.5s", 3723 * NANOS_S + NANOS_S / 2);
    CHECK_SPAN("1m30.951s", 90 * NANOS_S + 951 * NANOS_MS);
    CHECK_SPAN("7us", 7 * NANOS_US);
    CHECK_SPAN("7\xc2\xb5s", 7 * NANOS_US);
    CHECK_SPAN("2d", 172800 * NANOS_S);
    CHECK_SPAN("37s", 37 * NANOS_S);
}

static void what_is_no_length_is_none_and_never_nothing(void)
{
    static const char *const odd[] = {
        "",     " ",    "inf",   "Infinity", "nan",  "NaN",  "-1",
        "-0",   "+1",   "1e3",   "1e400",    "0x10", "1,2",  "1 2",
        "1s 2", "s",    "1x",    "1s2",      "ms12", "1..2", ".",
        "1_0",  "soon", "1.5.2", "--1",      "1;2",  "1s-2s"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        CHECK_SPAN(odd[i], WHEN_NONE);
    CHECK_INT(when_span(((str){"1\0", 2}), NANOS_S), WHEN_NONE);
    CHECK_INT(when_span(STR_NONE, NANOS_S), WHEN_NONE);
}

static void what_overflows_is_longer_than_anybody_waits(void)
{
    CHECK_SPAN("99999999999999999999999999999999", NANOS_NEVER);
    CHECK_SPAN("9223372036854775807", NANOS_NEVER);
    CHECK_SPAN("18446744073709551616", NANOS_NEVER);
    CHECK_SPAN("999999999999h", NANOS_NEVER);
    CHECK_SPAN("367d", NANOS_NEVER);
    CHECK_SPAN("366d", WHEN_LONGEST);
}

#define THEN (784111777 * NANOS_S) /* Sun, 06 Nov 1994 08:49:37 GMT */

static void the_three_dates_of_http_are_one_moment(void)
{
    CHECK_DATE("Sun, 06 Nov 1994 08:49:37 GMT", THEN);
    CHECK_DATE("Sunday, 06-Nov-94 08:49:37 GMT", THEN);
    CHECK_DATE("Sun Nov  6 08:49:37 1994", THEN);
    CHECK_DATE(" Sun, 06 Nov 1994 08:49:37 GMT ", THEN);
}

static void a_date_of_rfc_3339_has_a_zone(void)
{
    CHECK_DATE("1994-11-06T08:49:37Z", THEN);
    CHECK_DATE("1994-11-06T09:49:37+01:00", THEN);
    CHECK_DATE("1994-11-06T03:19:37-05:30", THEN);
    CHECK_DATE("1994-11-06T08:49:37.25Z", THEN + NANOS_S / 4);
    CHECK_DATE("1994-11-06T08:49:37", WHEN_NONE);
}

static void a_year_of_two_digits_is_near(void)
{
    CHECK_DATE("Friday, 27-Nov-26 00:00:00 GMT", 1795737600 * NANOS_S);
    CHECK_DATE("Thursday, 01-Jan-70 00:00:01 GMT", NANOS_S);
}

static void what_is_no_date_is_none(void)
{
    static const char *const odd[] = {
        "",
        "tomorrow",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Apr 1994 08:49:37 GMT",
        "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1066 08:49:37 GMT",
        "1994-13-06T08:49:37Z",
        "1994-11-06T08:49:37+99:00",
        "1994-11-06T08:49:37.Z",
        "9999-12-31T23:59:59Z",
        "Sun, 06 Nov 1994 08:49:37 GMT, 7",
        "06 Nov 1994",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        CHECK_DATE(odd[i], WHEN_NONE);
    CHECK_INT(when_date(STR_NONE), WHEN_NONE);
}

static uint32_t dice(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

/* Texts made of what lengths and dates are made of, many of them cut: none
** may read past its end (ASan sees that), none is negative but "none". */
static void no_text_is_less_than_none(void)
{
    static const char *const bits[] = {"Sun, ",      "06 ",
                                       "Nov ",       "1994 ",
                                       "08:49:37",   " GMT",
                                       "T",          "Z",
                                       "9999-99-99", "-",
                                       "+01:00",     "1",
                                       ".",          "e9",
                                       "m",          "s",
                                       "ms",         "\xc2",
                                       "inf",        ",",
                                       " ",          "99999999999999999999"};
    uint32_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        char text[128] = "", *whole;
        for (uint32_t n = dice(&seed) >> 29; n > 0; n--)
            strcat(text, bits[(dice(&seed) >> 8) % 22]);
        size_t n = strlen(text);
        n -= n > 0 && i % 3 == 0 ? (dice(&seed) >> 8) % n : 0;
        whole = malloc(n > 0 ? n : 1);
        memcpy(whole, text, n);
        str cut = {whole, n};
        CHECK(when_span(cut, NANOS_S) >= WHEN_NONE);
        CHECK(when_date(cut) >= WHEN_NONE);
        free(whole);
    }
}

TESTS(a_plain_number_counts_in_the_unit_that_was_given,
      lengths_as_go_writes_them_are_added_up,
      what_is_no_length_is_none_and_never_nothing,
      what_overflows_is_longer_than_anybody_waits,
      the_three_dates_of_http_are_one_moment, a_date_of_rfc_3339_has_a_zone,
      a_year_of_two_digits_is_near, what_is_no_date_is_none,
      no_text_is_less_than_none)
