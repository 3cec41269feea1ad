/*
** perilune_inner.h -- what the files of the public library share.
**
**     perilune.c          opening, loading, the loop, stopping
**     perilune_submit.c   requests that come from the host's own program
**     perilune_metrics.c  the figures
*/
#ifndef PERILUNE_INNER_H
#define PERILUNE_INNER_H

#include <pthread.h>

#include "net/real.h"
#include "perilune.h"
#include "serve/admin/admin.h"
#include "serve/service.h"

struct submission;

#define SUBMISSION_BUCKETS 256

struct perilune {
    struct world *world;
    struct runtime rt;
    struct service service;
    struct server *server;
    struct admin *admin; /* NULL: it is a gateway */
    struct server_limits limits;
    char error[1024];
    bool own_loop;
    pthread_t thread;
    bool threaded;
    atomic_int stopped;
    struct nudge stop;       /* peri_stop was called */
    atomic_llong stop_grace; /* the shortest it was called with */
    struct timer drain;      /* while stopping: looks whether all is done */
    nanos grace_until;       /* 0 = not stopping */
    bool grace_over;
    pthread_mutex_t lock;                               /* of the submissions */
    struct submission *submissions[SUBMISSION_BUCKETS]; /* by id */
    atomic_int submitted;                               /* how many there are */
    struct submission *told; /* cancelled or resumed, under lock */
    struct nudge heed;       /* some are told something */
};

/* perilune_submit.c: before the first is submitted. */
void submissions_init(perilune *s);

/* perilune_submit.c: end every submission; nothing further may come. */
void submissions_close(perilune *s);

#endif
