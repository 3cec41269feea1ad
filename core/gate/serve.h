/*
** serve.h -- `perilune serve`: workers, listeners, signals.
*/
#ifndef GATE_SERVE_H
#define GATE_SERVE_H

/* Serve until SIGTERM or SIGINT. The exit status: 0 after a graceful drain,
** 1 when it could not start, 2 for a wrong option. */
int serve(int argc, char **argv);

/* Run a subcommand that is written in Lua. Its exit status. */
int command(const char *name, int argc, char **argv);

#endif
