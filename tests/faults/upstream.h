/*
** upstream.h -- an upstream in a process of its own, so that nothing it does
** is counted or fails. The model of a request says what it does: "m" answers,
** "drip" says one event and waits, "busy" says 503; a request that wants a
** stream gets one.
*/
#ifndef TESTS_FAULTS_UPSTREAM_H
#define TESTS_FAULTS_UPSTREAM_H

/* Start it, before any thread; its port on 127.0.0.1. */
int upstream_start(void);

/* Requests it has begun to answer, other than by 503, since it began. Each whole
** answer is charged UPSTREAM_TOKENS. */
#define UPSTREAM_TOKENS 3
long upstream_answers(void);

/* End it. */
void upstream_stop(void);

#endif
