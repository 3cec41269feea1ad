/*
** tool.h -- the subcommands that are written in Lua (lua/cli).
**
** They run in a state of their own with all of Lua's libraries: they are the
** operator's, not a policy author's. What they may ask of us is the table
** `tool`: out(text), err(text), check(path).
*/
#ifndef RUN_TOOL_H
#define RUN_TOOL_H

#include "run/runtime.h"

struct tool {
    const struct binding *bind;
    const char *library; /* folder that overrides lua/, or NULL */
    void (*out)(void *user, int stream, const char *text, size_t len);
    void *user;
};

/* Run lua/cli/<name>.lua. Its exit status; 2 when there is none of that name,
** 70 when it raised (the message goes to stream 2). */
int tool_run(const struct tool *tool, const char *name, int argc,
             char *const *argv);

#endif
