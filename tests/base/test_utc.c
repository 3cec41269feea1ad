/*
** test_utc.c -- the calendar, against the system's own.
*/
#include "base/utc.h"

#include <time.h>

#include "unit.h"

static bool agrees(int64_t seconds)
{
    struct utc u = utc_of(seconds);
    struct tm t;
    time_t when = (time_t)seconds;
    gmtime_r(&when, &t);
    return u.year == t.tm_year + 1900 && u.month == t.tm_mon + 1 &&
           u.day == t.tm_mday && u.hour == t.tm_hour && u.minute == t.tm_min &&
           u.second == t.tm_sec;
}

static void the_epoch_is_the_first_of_january_1970(void)
{
    struct utc u = utc_of(0);
    CHECK(u.year == 1970 && u.month == 1 && u.day == 1);
    CHECK(u.hour == 0 && u.minute == 0 && u.second == 0);
}

static void every_day_to_9999_is_what_the_system_says(void)
{
    const int64_t end = INT64_C(253402300800);
    int64_t wrong = 0;
    for (int64_t s = 0; s < end; s += 86400)
        wrong += !agrees(s) + !agrees(s + 86399);
    CHECK(wrong == 0);
}

static void every_second_of_a_day_has_its_time(void)
{
    int wrong = 0;
    for (int64_t s = 1709164800; s < 1709164800 + 86400; s++)
        wrong += !agrees(s); /* 29 February 2024 */
    CHECK(wrong == 0);
}

static void a_date_leads_back_to_its_second(void)
{
    const int64_t end = INT64_C(253402300800);
    int64_t wrong = 0;
    for (int64_t s = 0; s < end; s += 86399) {
        struct utc u = utc_of(s);
        wrong += utc_seconds(&u) != s;
    }
    CHECK(wrong == 0);
}

static void a_moment_that_never_was_has_no_second(void)
{
    const struct utc odd[] = {
        {1994, 4, 31, 0, 0, 0}, {2023, 2, 29, 0, 0, 0}, {2024, 2, 30, 0, 0, 0},
        {1994, 0, 1, 0, 0, 0},  {1994, 13, 1, 0, 0, 0}, {1969, 1, 1, 0, 0, 0},
        {1994, 1, 1, 24, 0, 0}, {1994, 1, 1, 0, 60, 0}, {1994, 1, 1, 0, 0, 61}};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        CHECK_INT(utc_seconds(&odd[i]), -1);
    const struct utc leap = {1998, 12, 31, 23, 59, 60};
    CHECK_INT(utc_seconds(&leap), 915148800);
}

TESTS(the_epoch_is_the_first_of_january_1970,
      every_day_to_9999_is_what_the_system_says,
      every_second_of_a_day_has_its_time, a_date_leads_back_to_its_second,
      a_moment_that_never_was_has_no_second)
