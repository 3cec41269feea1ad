/*
** rewrite.c -- saves a file without pause until it is told to stop, every
** other time into the file itself, and says how often it has.
*/
#include "edit.h"
#include "tool.h"

#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t stop;

static void told_to_stop(int signal)
{
    (void)signal;
    stop = 1;
}

int main(int argc, char **argv)
{
    struct edit edit;
    const char *file = NULL;
    const struct tool_flag flags[] = {
        {"--file", "to save again and again", .text = &file},
        {.name = NULL},
    };
    tool_flags(argc, argv, flags);
    if (file == NULL)
        tool_die("rewrite: --file is missing");
    signal(SIGTERM, told_to_stop);
    edit_open(&edit, file);
    while (!stop) {
        edit_replace(&edit);
        edit_in_place(&edit);
    }
    edit_replace(&edit);
    printf("{\"saved\":%ld}\n", edit.saved);
}
