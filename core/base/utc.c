/*
** utc.c -- from a count of days to a date.
**
** The trick: let the year begin in March. Then the leap day is the last of a
** year, and months have a length that is a straight line (153 days in five
** months), so neither needs a table. Howard Hinnant, "chrono-compatible
** low-level date algorithms", civil_from_days.
*/
#include "base/utc.h"

#define ERA 146097 /* days in 400 years */

struct utc utc_of(int64_t seconds)
{
    int64_t days = seconds / 86400 + 719468; /* since 0000-03-01 */
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
