/*
** dial.h -- a connection to a server on this machine.
*/
#ifndef BENCH_DIAL_H
#define BENCH_DIAL_H

/* Connect to 127.0.0.1 and return a socket that does not block and does not
** gather small writes; -1, with errno, when nobody listens. */
int dial(long port);

#endif
