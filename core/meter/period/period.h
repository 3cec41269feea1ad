/*
** period.h -- which period an instant lies in, and when that ends.
**
**     calendar   |   Monday   |  Tuesday   |   ...     one slot: the period
**     rolling    |.|.|.|.|.|.|.|.|.|.|.|.|.|           twelve parts and one
**                 ^ leaves next         now ^
**
** A calendar period is a second, minute, hour, day, week (from Monday) or month
** of UTC, of a fixed offset or of a zone. Days, weeks and months of a zone begin
** at its midnight, or, where the clocks skip that, when they have skipped it: a
** day may have 23 or 25 hours. What is shorter than a day is counted in UTC
** whatever the zone.
**
** A window that rolls is cut into twelve parts. Any stretch of time as long as
** the window touches thirteen of them, and all thirteen count: so no such
** stretch ever holds more than the limit, at the price that what was spent
** leaves up to a twelfth of the window late. Its month has 30 days.
**
** Instants are nanos since 1970, by the calendar, brought in; before 1970 is
** 1970, behind 2255 is 2255.
*/
#ifndef METER_PERIOD_PERIOD_H
#define METER_PERIOD_PERIOD_H

#include <stdbool.h>

#include "base/nanos.h"

#define PERIOD_PARTS 12
#define PERIOD_SLOTS (PERIOD_PARTS + 1)

enum period_unit {
    PERIOD_SECOND,
    PERIOD_MINUTE,
    PERIOD_HOUR,
    PERIOD_DAY,
    PERIOD_WEEK,
    PERIOD_MONTH
};

struct period {
    enum period_unit unit;
    bool rolling;
    int offset; /* seconds east of UTC */
    /* Or a zone: the offset in force at an instant, in seconds since 1970. */
    int (*zone)(const void *of, int64_t at);
    const void *of;
};

/* Where an instant lies. Slots have numbers that grow with time. */
struct span {
    nanos now;
    int64_t slot;
    int64_t ahead; /* a slot further ahead than this comes from a wrong clock */
    int slots;     /* that count: 1, or PERIOD_SLOTS */
    nanos ends;    /* when the period ends, or the part of the window */
    nanos until;   /* when nothing counts any more of what is spent now */
};

/* Where `now` lies. */
struct span period_at(const struct period *p, nanos now);

/* The unit of a name ("day"), or -1. */
int period_unit(const char *name);

#endif
