/*
** real.h -- the real world: libev's loop, the system's clocks,
** sockets, and libcurl where there is TLS.
*/
#ifndef NET_REAL_H
#define NET_REAL_H

#include "net/world.h"

struct ev_loop;

/* A world on `loop`, or on a loop of its own when NULL. `log` gets whole
** lines, may be NULL, and must not block. */
int real_open(struct world **out, struct ev_loop *loop,
              void (*log)(void *, const char *line, size_t len), void *user);

/* Everything started on it must be stopped before. NULL is fine. */
void real_close(struct world *w);

/* The loop it runs on. */
struct ev_loop *real_loop(struct world *w);

/* Run the loop: until real_break; or once, waiting at most `wait`. */
void real_run(struct world *w);
void real_step(struct world *w, nanos wait);
void real_break(struct world *w);

/* Processor time of the calling thread, as every clock of the system's it is
** asked for in real.c only. */
nanos real_cpu(void);

/* For tools, which have no world: the calendar, as a world's; and n bytes of
** chance that are fit for a secret, 0 or ERR_SYSTEM. At most 256. */
nanos real_calendar(void);
int real_secret(void *to, size_t n);

/* Run what other threads have posted, here and now. */
void real_catch_up(struct world *w);

#endif
