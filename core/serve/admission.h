/*
** admission.h -- who comes in, and who is told to come again.
**
** A worker holds only so many requests, and so many bytes of bodies. Whoever
** comes when it is full hears so at once, in an error that says when to try
** again: a queue in front of a full house only makes everybody late. Health
** and the list of models are not asked for here: they cost nothing.
**
** A flood of refusals costs one log line a second for each reason, with the
** number of requests it stands for.
*/
#ifndef SERVE_ADMISSION_H
#define SERVE_ADMISSION_H

#include "net/world.h"

struct arrival;
struct service;

enum away {
    AWAY_NOT,         /* come in */
    AWAY_REQUESTS,    /* too many are in flight */
    AWAY_MEMORY,      /* no room for another body */
    AWAY_CONNECTIONS, /* too many clients are connected */
    AWAY_REASONS
};

struct admission {
    struct timer timer; /* runs: a line was written less than a second ago */
    uint64_t unsaid[AWAY_REASONS]; /* refusals that no line has told yet */
    enum away why;                 /* the last word of admission_admits */
};

/* Before the first request. */
void admission_init(struct service *s);

/* Write what is unsaid; nobody comes any more. */
void admission_fini(struct service *s);

/* May a request come in? `crowded`: its connection is one too many. */
enum away admission_ask(struct service *s, bool crowded);

/* Answer it with 503 and when to try again; count and log it. */
void admission_refuse(struct arrival *a, enum away why);

/* The same question for struct server_handler, whose `user` is a service. */
bool admission_admits(void *service, bool crowded);

/* A request was refused with 503 before it was read whole. */
void admission_refused(struct service *s);

#endif
