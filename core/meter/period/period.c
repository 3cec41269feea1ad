/*
** period.c -- midnight is where the trouble is.
**
** The midnight a date begins with is looked for once from the offset a day
** before and one a day after. If the clocks change in between, one of them, or
** both, or neither may be right: if both, the earlier is taken (the hour is
** there twice), if neither, midnight was skipped, and the date begins at the
** change, which is found by halving. Midnights so defined are in order, so they
** cut time into pieces without gap or overlap, whatever a zone does.
*/
#include "meter/period/period.h"

#include <string.h>

#include "base/utc.h"

#define DAY  INT64_C(86400)
#define LAST (INT64_C(9000000000) * NANOS_S) /* of what nanos can say */

static const struct {
    const char *name;
    int64_t seconds;
} units[] = {
    [PERIOD_SECOND] = {"second", 1},   [PERIOD_MINUTE] = {"minute", 60},
    [PERIOD_HOUR] = {"hour", 3600},    [PERIOD_DAY] = {"day", DAY},
    [PERIOD_WEEK] = {"week", 7 * DAY}, [PERIOD_MONTH] = {"month", 30 * DAY},
};

int period_unit(const char *name)
{
    for (int i = PERIOD_SECOND; i <= PERIOD_MONTH; i++)
        if (strcmp(units[i].name, name) == 0)
            return i;
    return -1;
}

static int64_t offset_at(const struct period *p, int64_t at)
{
    return p->zone != NULL ? p->zone(p->of, at) : p->offset;
}

/* The instant in (from, to] from which on the later offset is in force. */
static int64_t change(const struct period *p, int64_t from, int64_t to)
{
    int64_t before = offset_at(p, from);
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (offset_at(p, middle) == before)
            from = middle;
        else
            to = middle;
    }
    return to;
}

/* When a date begins, given in days since 1970. */
static int64_t midnight(const struct period *p, int64_t day)
{
    int64_t there = day * DAY;
    int64_t before = offset_at(p, there - DAY);
    int64_t after = offset_at(p, there + DAY);
    if (offset_at(p, there - before) == before)
        return there - before;
    if (offset_at(p, there - after) == after)
        return there - after;
    return change(p, there - DAY, there + DAY);
}

/* The date an instant lies in. */
static int64_t day_of(const struct period *p, int64_t at)
{
    int64_t day = (at + offset_at(p, at) + DAY) / DAY - 1; /* rounds down */
    while (midnight(p, day) > at)
        day--;
    while (midnight(p, day + 1) <= at)
        day++;
    return day;
}

/* The first of the month a date lies in, and of the next. */
static void month_of(int64_t day, int64_t first[2])
{
    struct utc u = utc_of(day > 0 ? day * DAY : 0);
    struct utc of = {.year = u.year, .month = u.month, .day = 1};
    first[0] = utc_seconds(&of) / DAY;
    of.year += u.month == 12;
    of.month = u.month % 12 + 1;
    first[1] = utc_seconds(&of) / DAY;
}

/* The dates a period of days begins with and ends before. */
static void dates_of(enum period_unit unit, int64_t day, int64_t dates[2])
{
    dates[0] = day;
    dates[1] = day + 1;
    if (unit == PERIOD_WEEK) { /* 1970 began on a Thursday */
        dates[0] = day - (day + 3 + 7) % 7;
        dates[1] = dates[0] + 7;
    }
    if (unit == PERIOD_MONTH)
        month_of(day, dates);
}

static struct span calendar(const struct period *p, int64_t at)
{
    int64_t length = units[p->unit].seconds, ends;
    struct span s = {.now = at * NANOS_S, .slots = 1};
    if (p->unit < PERIOD_DAY) {
        s.slot = at - at % length;
        ends = s.slot + length;
    } else {
        int64_t dates[2];
        dates_of(p->unit, day_of(p, at), dates);
        s.slot = midnight(p, dates[0]);
        ends = midnight(p, dates[1]);
    }
    s.ahead = ends - s.slot;
    s.ends = s.until = ends * NANOS_S;
    return s;
}

static struct span rolling(const struct period *p, nanos now)
{
    nanos window = units[p->unit].seconds * NANOS_S;
    nanos part = (window + PERIOD_PARTS - 1) / PERIOD_PARTS;
    struct span s = {.now = now, .slots = PERIOD_SLOTS, .ahead = PERIOD_SLOTS};
    s.slot = now / part;
    s.ends = (s.slot + 1) * part;
    s.until = (s.slot + PERIOD_SLOTS) * part;
    return s;
}

struct span period_at(const struct period *p, nanos now)
{
    now = now < 0 ? 0 : now;
    now = now > LAST ? LAST : now;
    return p->rolling ? rolling(p, now) : calendar(p, now / NANOS_S);
}
