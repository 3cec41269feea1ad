/*
** tool.c -- flags, a clock, and a way to give up.
**
** These are measuring tools, run by a script on a machine that is theirs: an
** unexpected failure ends the program with a message instead of being
** carried upwards.
*/
#include "tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Noreturn void usage(const char *program, const struct tool_flag *flags)
{
    fprintf(stderr, "usage: %s\n", program);
    for (; flags->name != NULL; flags++)
        fprintf(stderr, "  %-14s %s\n", flags->name, flags->what);
    exit(2);
}

static bool parse_number(const char *text, long *number)
{
    char *end;
    errno = 0;
    *number = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= 0;
}

/* How many words of argv the flag took beside its own; -1 when they are bad. */
static int take(const struct tool_flag *flag, const char *value)
{
    if (flag->on != NULL) {
        *flag->on = true;
        return 0;
    }
    if (value == NULL)
        return -1;
    if (flag->text != NULL) {
        *flag->text = value;
        return 1;
    }
    return parse_number(value, flag->number) ? 1 : -1;
}

void tool_flags(int argc, char **argv, const struct tool_flag *flags)
{
    for (int i = 1; i < argc; i++) {
        const struct tool_flag *flag = flags;
        while (flag->name != NULL && strcmp(flag->name, argv[i]) != 0)
            flag++;
        if (flag->name == NULL)
            usage(argv[0], flags);
        int taken = take(flag, argv[i + 1]);
        if (taken < 0)
            usage(argv[0], flags);
        i += taken;
    }
}

int64_t tool_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void tool_die(const char *format, ...)
{
    int why = errno;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, why != 0 ? ": %s\n" : "\n", strerror(why));
    exit(1);
}

void *tool_grow(void *p, size_t n)
{
    void *grown = realloc(p, n > 0 ? n : 1);
    if (grown == NULL)
        tool_die("no memory for %zu bytes", n);
    return grown;
}
