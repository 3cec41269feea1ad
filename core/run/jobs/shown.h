/*
** shown.h -- what a policy is told of the job that its request is (p.queue).
*/
#ifndef RUN_JOBS_SHOWN_H
#define RUN_JOBS_SHOWN_H

#include <stdbool.h>

#include "base/nanos.h"
#include "base/str.h"

/* Lives as long as its request, or longer. */
struct request_job {
    str id, queue;
    int tries;     /* this one too */
    nanos created; /* by the calendar */
    bool sorry;    /* set by the answer: it was an apology */
};

#endif
