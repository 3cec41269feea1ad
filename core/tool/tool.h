/*
** tool.h -- the subcommands that are written in Lua (lua/cli).
**
** They run in a state of their own that nothing limits: they are the operator's,
** not a policy author's. It has Lua's libraries but os, io, package and debug,
** and no other way out than the table `tool`, see the comments in this room:
** out, err, check, world, read, list, quote, decode, prices, store_..., keys_..., and the values
** colour and store.
*/
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include "run/runtime.h"

struct tool {
    const struct binding *bind;
    const char *library; /* folder that overrides lua/, or NULL */
    void (*out)(void *user, int stream, const char *text, size_t len);
    void *user;
    const char *store; /* folder, where the command line names none */
    bool colour;       /* stream 1 is a terminal that shows colours */
};

/* Run lua/cli/<name>.lua. Its exit status; 2 when there is none of that name,
** 70 when it raised (the message goes to stream 2). */
int tool_run(const struct tool *tool, const char *name, int argc,
             char *const *argv);

#endif
