/*
** query.c -- what a report is to be about, as people write it.
*/
#include "store/usage/usage.h"

#include <stdio.h>

#include "base/utc.h"

#define DAYS      30 /* of a report that says nothing */
#define DAY_NANOS (86400 * NANOS_S)

const char *usage_field_name(enum usage_field f)
{
    static const char *const names[] = {
        [USAGE_KEY] = "key",     [USAGE_USER] = "user",
        [USAGE_TEAM] = "team",   [USAGE_FEATURE] = "feature",
        [USAGE_MODEL] = "model", [USAGE_DAY] = "day",
    };
    return names[f];
}

void usage_query_init(struct usage_query *q, nanos now, const uint64_t dice[2])
{
    int today = USAGE_DAY_OF(now);
    *q = (struct usage_query){
        .by = {USAGE_MODEL},
        .by_n = 1,
        .from = today > DAYS ? today - DAYS + 1 : 0,
        .to = today,
        .now = now,
        .dice = {dice[0], dice[1]},
        .most = USAGE_LINES,
    };
}

static const char *say(char why[USAGE_WHY], const char *before, str what,
                       const char *after)
{
    int shown = what.n < 100 ? (int)what.n : 100;
    snprintf(why, USAGE_WHY, "%s\"%.*s\"%s", before, shown,
             what.p != NULL ? what.p : "", after);
    return why;
}

/* The field of that name; USAGE_FIELDS if there is none. */
static int field_of(str name)
{
    int f = 0;
    while (f < USAGE_FIELDS &&
           !str_eq(name, str_of(usage_field_name((enum usage_field)f))))
        f++;
    return f;
}

static const char *take_by(struct usage_query *q, str list, char *why)
{
    q->by_n = 0;
    while (list.p != NULL) {
        str name = str_trim(str_split(&list, ','));
        int f = field_of(name);
        if (f == USAGE_FIELDS)
            return say(why,
                       "by takes some of key, user, team, feature, model and "
                       "day, with commas between; not ",
                       name, "");
        for (int i = 0; i < q->by_n; i++)
            if ((int)q->by[i] == f)
                return say(why, "by names ", name, " twice");
        q->by[q->by_n++] = (enum usage_field)f;
    }
    return NULL;
}

/* --- days ------------------------------------------------------------------ */

static int day_of(int64_t year, int64_t month, int64_t day)
{
    struct utc u = {.year = (int)year, .month = (int)month, .day = (int)day};
    int64_t seconds =
        year >= 1970 && month > 0 && day > 0 ? utc_seconds(&u) : -1;
    return seconds >= 0 ? (int)(seconds / 86400) : -1;
}

/* "2026-01-31", or "2026-01": its first day, or its last. -1: it is none. */
static int read_day(str text, bool last)
{
    if (text.n != 7 && text.n != 10)
        return -1;
    bool whole = text.n == 10;
    int64_t year = str_number((str){text.p, 4}, 9999);
    int64_t month = str_number((str){text.p + 5, 2}, 12);
    if (text.p[4] != '-' || (whole && text.p[7] != '-'))
        return -1;
    if (whole)
        return day_of(year, month, str_number((str){text.p + 8, 2}, 31));
    if (!last)
        return day_of(year, month, 1);
    int next =
        month == 12 ? day_of(year + 1, 1, 1) : day_of(year, month + 1, 1);
    return month > 0 && next > 0 ? next - 1 : -1;
}

static const char *take_day(str name, int *to, str text, char *why)
{
    int day = read_day(text, name.p[0] == 't');
    if (day < 0) {
        snprintf(why, USAGE_WHY,
                 "%.*s needs a day such as 2026-01-31, or a month such as "
                 "2026-01; not \"%.*s\"",
                 STR_ARG(name), text.n < 100 ? (int)text.n : 100, text.p);
        return why;
    }
    *to = day;
    return NULL;
}

/* --- all ------------------------------------------------------------------- */

const char *usage_query_take(struct usage_query *q, str name, str value,
                             char why[USAGE_WHY])
{
    if (str_eq(name, STR("by")))
        return take_by(q, value, why);
    if (str_eq(name, STR("from")))
        return take_day(name, &q->from, value, why);
    if (str_eq(name, STR("to")))
        return take_day(name, &q->to, value, why);
    int f = field_of(name);
    if (f >= USAGE_NAMES)
        return say(why, "there is no ", name,
                   " (there are: by, from, to, key, user, team, feature, "
                   "model)");
    q->only[f] = value;
    return NULL;
}

const char *usage_query_check(const struct usage_query *q, char why[USAGE_WHY])
{
    char from[USAGE_DATE], to[USAGE_DATE];
    if (q->from <= q->to)
        return NULL;
    usage_date(from, q->from);
    usage_date(to, q->to);
    snprintf(why, USAGE_WHY, "from %s is after to %s", from, to);
    return why;
}

str usage_date(char room[USAGE_DATE], int day)
{
    struct utc u = utc_of((int64_t)day * 86400);
    int n = snprintf(room, USAGE_DATE, "%04d-%02d-%02d", u.year % 10000,
                     u.month % 100, u.day % 100);
    return (str){room, (size_t)n};
}
