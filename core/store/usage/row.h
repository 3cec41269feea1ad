/*
** row.h -- a row of the table "usage": what one group used on one day.
**
**     key     day (4 bytes, the highest first) | hash of the names (16)
**     value   1 | five names | ten counts           [about 70 bytes]
**
** A group is whoever asked for whatever of whom: key, user, team, feature and
** model, each a name or none. A day is one of UTC. So a day's rows lie side by
** side, and one batch may change many groups. Counts are varints with their
** number before them: a later version may have more.
**
** Names come from clients. What is longer than USAGE_LONGEST is not cut, which
** would make two of them one, but is USAGE_OTHER.
*/
#ifndef STORE_USAGE_ROW_H
#define STORE_USAGE_ROW_H

#include "base/buf.h"
#include "base/nanos.h"

#define USAGE_TABLE            "usage"
#define USAGE_LONGEST          256 /* bytes of a name */
#define USAGE_OTHER            "(other)"
#define USAGE_ROW_KEY          20
#define USAGE_PACKED           (5 * (USAGE_LONGEST + 2))
#define USAGE_DAY_OF(calendar) ((int)((calendar) / (86400 * NANOS_S)))

enum usage_field {
    USAGE_KEY, /* the id of the client's key */
    USAGE_USER,
    USAGE_TEAM,
    USAGE_FEATURE,
    USAGE_MODEL, /* "provider/model"; none: of requests that nobody answered */
    USAGE_NAMES, /* how many there are of these */
    USAGE_DAY = USAGE_NAMES,
    USAGE_FIELDS
};

enum usage_count {
    USAGE_REQUESTS,
    USAGE_ERRORS, /* of these: answered with 4xx or 5xx, or broken off */
    USAGE_CALLS,  /* that were sent upstream, whoever answered in the end */
    USAGE_FAILED, /* of these, ended with a fault */
    USAGE_PROMPT, /* tokens, of every call */
    USAGE_COMPLETION,
    USAGE_CACHED,    /* of the prompt */
    USAGE_REASONING, /* of the completion */
    USAGE_COST,      /* nano-dollars, of the calls whose cost is known */
    USAGE_UNPRICED,  /* calls on the bill whose cost is not */
    USAGE_COUNTS
};

struct usage_sums {
    int64_t of[USAGE_COUNTS]; /* never negative */
};

/* Add; what does not fit stays at INT64_MAX, what is negative is nothing. */
void usage_sums_add(struct usage_sums *to, const struct usage_sums *more);

/* Names as they lie in a row, one behind the other. `packed` has room for
** USAGE_PACKED bytes. */
str usage_pack(char *packed, const str names[USAGE_NAMES]);

/* The other way; the names lie in `packed`. False: it is none. */
bool usage_unpack(str packed, str names[USAGE_NAMES]);

/* The names of a group with less in them: by 1, user and feature are other,
** unless a key proves them (bits 1 << USAGE_USER, 1 << USAGE_FEATURE); by 2 the
** model, too; by 3 all. */
#define USAGE_LEVELS 4
str usage_fold(char *to, str packed, unsigned proven, int level);

/* The key of a row, and of the first that may be of a day. */
void usage_row_key(char key[USAGE_ROW_KEY], int day, str packed);
str usage_day_key(char key[USAGE_ROW_KEY], int day);

/* Append the value of a row. */
void usage_row_put(struct buf *to, str packed, const struct usage_sums *sums);

/* Read one; the names lie in `value`. False: it is none. */
bool usage_row_read(str key, str value, int *day, str *packed,
                    struct usage_sums *sums);

#endif
