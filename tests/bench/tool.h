/*
** tool.h -- what the mock and the load generator share: flags, a clock, and
** a way to give up.
*/
#ifndef BENCH_TOOL_H
#define BENCH_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One command-line flag; of the three pointers exactly one is set. The table
** ends with a NULL name. */
struct tool_flag {
    const char *name;  /* with its dashes: "--port" */
    const char *what;  /* for the usage text */
    long *number;      /* takes a whole number >= 0 */
    const char **text; /* takes any text, borrowed from argv */
    bool *on;          /* takes nothing */
};

/* Read argv into the table's targets. Anything unknown or malformed prints
** the usage and ends the program. */
void tool_flags(int argc, char **argv, const struct tool_flag *flags);

/* Nanoseconds on the monotonic clock. */
int64_t tool_now(void);

/* Say why on stderr, with errno's text when it is set; end the program. */
_Noreturn void tool_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* realloc that ends the program instead of failing; p may be NULL. */
void *tool_grow(void *p, size_t n);

#endif
