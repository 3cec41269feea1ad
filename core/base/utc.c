/*
** utc.c -- from a count of days to a date, and back.
**
** The trick: let the year begin in March. Then the leap day is the last of a
** year, and months have a length that is a straight line (153 days in five
** months), so neither needs a table. Howard Hinnant, "chrono-compatible
** low-level date algorithms", civil_from_days and days_from_civil.
*/
#include "base/utc.h"

#include <stdbool.h>

#define ERA    146097 /* days in 400 years */
#define MARCH0 719468 /* days from 0000-03-01 to 1970-01-01 */

struct utc utc_of(int64_t seconds)
{
    int64_t days = seconds / 86400 + MARCH0; /* since 0000-03-01 */
    int rest = (int)(seconds % 86400);
    int era = (int)(days / ERA), day = (int)(days % ERA);
    int year = (day - day / 1460 + day / 36524 - day / (ERA - 1)) / 365;
    int of_year = day - (365 * year + year / 4 - year / 100);
    int month = (5 * of_year + 2) / 153; /* 0 is March */
    return (struct utc){
        .year = era * 400 + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
}

static bool in(int value, int low, int high)
{
    return value >= low && value <= high;
}

int64_t utc_seconds(const struct utc *u)
{
    if (!in(u->year, 1970, 9999) || !in(u->month, 1, 12) ||
        !in(u->day, 1, 31) || !in(u->hour, 0, 23) || !in(u->minute, 0, 59) ||
        !in(u->second, 0, 60))
        return -1;
    int year = u->month <= 2 ? u->year - 1 : u->year;
    int month = u->month <= 2 ? u->month + 9 : u->month - 3; /* 0 is March */
    int of_era = year % 400;
    int day = (153 * month + 2) / 5 + u->day - 1 + 365 * of_era + of_era / 4 -
              of_era / 100;
    int64_t days = (int64_t)(year / 400) * ERA + day - MARCH0;
    struct utc back = utc_of(days * 86400);
    if (back.month != u->month || back.day != u->day)
        return -1;
    return days * 86400 + u->hour * 3600 + u->minute * 60 + u->second;
}
