/*
** line.h -- those who wait for a limit, in the order they came. Private to the
** limiter, under a shard's lock.
*/
#ifndef METER_LIMIT_LINE_H
#define METER_LIMIT_LINE_H

#include "meter/limit/limiter.h"

struct seat;

struct limit_line {
    struct limit_wait *first, **last;
    int n;
};

/* To its end, and out of it. */
void line_join(struct limit_line *line, struct limit_wait *w);
void line_leave(struct limit_line *line, struct limit_wait *w);

/* Units of this seat were given back: whoever waits for it moves up. */
void line_move_up(struct limit_line *line, struct seat *s, nanos now);

#endif
