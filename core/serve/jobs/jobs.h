/*
** jobs.h -- the jobs of a runtime: doing them, and telling of them.
**
** A job is done as a client's request would be, through the policy in force; its
** sink is memory. Two things are not as they were for the client: the key that it
** came with is looked up again by its id, since it may have been revoked, and
** what may not be kept, the key itself, is not there.
*/
#ifndef SERVE_JOBS_JOBS_H
#define SERVE_JOBS_JOBS_H

#include "run/jobs/hand.h"

struct arrival;
struct run;
struct service;

struct jobs {
    struct hand hand;
    struct timer timer; /* when there is something to look at */
    struct run *runs;   /* those under way */
    bool closing;
};

/* Before the first request; and when every request has ended: what is still on
** its way to the store gets there. */
void jobs_open(struct service *s);
void jobs_close(struct service *s);

/* GET and DELETE /jobs/{id} */
void jobs_get(struct service *s, struct arrival *a, str id);
void jobs_delete(struct service *s, struct arrival *a, str id);

#endif
