/*
** cost.h -- what a server has used so far, all its processes and threads
** together.
*/
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include <stdint.h>

struct cost {
    int64_t cpu; /* ns of CPU time, user and system */
    long rss_kb; /* resident, of the largest process */
};

/* The process and all its descendants; the program ends if it is gone. */
struct cost cost_of(long pid);

#endif
