/*
** usage.h -- who has used what: asking for it, and how it is told.
**
**     usage_query_init(&query, now, dice);             [30 days, by model]
**     wrong = usage_query_take(&query, STR("by"), STR("team,day"), why);
**     ...
**     ok = usage_report(&to, store, &query, USAGE_CSV, &why);
**
** What is counted is in row.h, who counts it in book.h. A report reads every
** row of its days, in pages; whoever has a loop asks for it elsewhere (struct
** job). The time and the dice are brought in. [any thread]
*/
#ifndef STORE_USAGE_USAGE_H
#define STORE_USAGE_USAGE_H

#include "base/buf.h"
#include "store/store.h"
#include "store/usage/set.h"

#define USAGE_LINES 500000 /* of a report */
#define USAGE_WHY   400    /* bytes of what is wrong with a query */

struct usage_query {
    enum usage_field by[USAGE_FIELDS]; /* the columns, in their order */
    int by_n;
    int from, to;          /* days since 1970, both of them within */
    str only[USAGE_NAMES]; /* rows with that name; absent: all */
    nanos now;             /* by the calendar; what expires by then is gone */
    uint64_t dice[2];
    size_t most; /* lines [USAGE_LINES] */
};

enum usage_format { USAGE_CSV, USAGE_JSON };

/* The last 30 days, today among them, by model. */
void usage_query_init(struct usage_query *q, nanos now, const uint64_t dice[2]);

/* Let the query say this: "by" = "key,user,team,feature,model,day" or some of
** them; "from", "to" = "2026-01-31", or "2026-01" for that whole month; "key",
** "user", "team", "feature", "model" = that name only, which is borrowed. NULL, or what is
** wrong, for its author. */
const char *usage_query_take(struct usage_query *q, str name, str value,
                             char why[USAGE_WHY]);

/* After the last: NULL, or what is wrong with the whole. */
const char *usage_query_check(const struct usage_query *q, char why[USAGE_WHY]);

/* Append the report, as CSV (RFC 4180) with a line of names, or as JSON:
** {"from":"2026-01-01","to":"2026-01-31","by":["model"],"rows":[{...}],"total":
** {...}}. False, and why not: STORE_INPUT when it would have too many lines. */
bool usage_report(struct buf *to, struct store *s, const struct usage_query *q,
                  enum usage_format format, struct store_why *why);

/* --- the same, line by line ------------------------------------------------ */

struct usage_lines {
    struct usage_group **line; /* sorted by the columns */
    size_t n;
    struct usage_sums total;
    struct usage_set *set; /* private */
};

/* Read them; usage_lines_free in any case. False, and why not. */
bool usage_lines_read(struct usage_lines *lines, struct store *s,
                      const struct usage_query *q, struct store_why *why);
void usage_lines_free(struct usage_lines *lines);

/* "day", "key", "requests", "cost_usd". */
const char *usage_field_name(enum usage_field f);
const char *usage_count_name(enum usage_count c);

/* A day as "2026-01-31". */
#define USAGE_DATE 16
str usage_date(char room[USAGE_DATE], int day);

/* What a line says in a column; absent: it has no such name. */
str usage_line_text(const struct usage_group *g, enum usage_field f,
                    char room[USAGE_DATE]);

/* Append a count as a report has it: dollars for the cost, else a number. */
void usage_put_count(struct buf *to, enum usage_count c, int64_t n);

#endif
