/*
** logqueue.h -- log lines on their way to a file that may be slow.
**
** Workers put whole lines into one bounded queue and never wait; a thread of
** its own writes them. When the reader is too slow for the queue, lines are
** dropped whole and counted, and the count is logged once there is room.
*/
#ifndef GATE_LOGQUEUE_H
#define GATE_LOGQUEUE_H

#include <stddef.h>

struct logqueue;

/* For the descriptor `fd`, which stays the caller's. Lines wait until it is
** started. NULL without memory. */
struct logqueue *logqueue_open(int fd);

/* Start to write; -1 when there is no thread to be had. */
int logqueue_start(struct logqueue *q);

/* [any thread] Queue a line; a newline is added. `q` as void *, to be handed
** to peri_options.log as it is. */
void logqueue_add(void *q, const char *line, size_t len);

/* Write what is queued, waiting for a slow reader at most a second, and end.
** NULL is fine. */
void logqueue_close(struct logqueue *q);

#endif
