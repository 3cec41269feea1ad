/*
** zone.h -- a time zone, from the bytes of its file (TZif, RFC 8536).
**
** The file lists the changes of the past and, as a rule at its end, those of all
** years to come. The system keeps one for each zone under /usr/share/zoneinfo;
** whoever can read files brings the bytes. Nothing of the process is touched,
** as TZ and tzset would.
**
** Plain data: the bytes are borrowed and must live as long.
*/
#ifndef METER_PERIOD_ZONE_H
#define METER_PERIOD_ZONE_H

#include "base/str.h"

/* A day of each year on which clocks change, and when on it. */
struct zone_day {
    char kind;            /* 'M' month, week, day; 'J' no leap day; '0' */
    int month, week, day; /* of J and 0 only the day */
    int time;             /* seconds since midnight, also below 0 */
};

struct zone {
    str times, kinds; /* changes: 8 bytes each, in order; a byte each */
    str offsets;      /* of the kinds, 6 bytes each */
    bool rule, summer;
    int standard, daylight; /* offsets of the rule, seconds east */
    struct zone_day from, to;
};

/* Read one. False: it is not one, or only of version 1. */
bool zone_read(struct zone *z, str bytes);

/* The offset in force at an instant, seconds east; `zone` is a struct zone: the
** shape that struct period wants. */
int zone_offset(const void *zone, int64_t at);

/* Could it be a zone's name, such as "Europe/Berlin"? Only such a name is safe
** to look for under a folder. */
bool zone_named(str name);

#endif
