/*
** serve.h -- `perilune serve`: workers, listeners, signals.
*/
#ifndef GATE_SERVE_H
#define GATE_SERVE_H

#include <stddef.h>

/* Serve until SIGTERM or SIGINT. The exit status: 0 after a graceful drain,
** 1 when it could not start, 2 for a wrong option. */
int serve(int argc, char **argv);

/* Print what a subcommand says. */
void print(void *user, int stream, const char *text, size_t len);

#endif
