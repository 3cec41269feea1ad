/*
** embedded.h -- the Lua files that are linked in.
**
** The Lua library, the ready policies and the subcommands travel inside the
** library, so that one copied file is a whole gateway. Names are paths of the
** source tree, such as "lua/perilune/units.lua".
*/
#ifndef RUN_EMBEDDED_H
#define RUN_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char *name;
    const unsigned char *text;
    size_t len;
};

/* Ends with an entry whose name is NULL. Written by the build. */
extern const struct embedded_file embedded_files[];

#endif
