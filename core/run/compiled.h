/*
** compiled.h -- the library's own modules, compiled once.
**
** A version of a policy is loaded into a fresh state, and most of that time
** would go into compiling the same built-in text again. So what it compiles to
** is kept by the runtime. Only texts that are linked in are kept: nothing that
** a policy can name, write or read is ever loaded as bytecode.
*/
#ifndef RUN_COMPILED_H
#define RUN_COMPILED_H

#include <lua.h>

#include "run/runtime.h"

/* Push the function that this built-in text compiles to. False, nothing
** pushed, when that is not known. */
bool compiled_push(lua_State *L, struct runtime *rt, str text);

/* Keep what the function on top of the stack was compiled from: `text`, if it
** is built in. Does nothing when there is no memory for it. */
void compiled_keep(lua_State *L, struct runtime *rt, str text);

/* Compile and keep all of the built-in library now, so that no version is the
** first to need a part of it. What cannot be, for want of memory, is left. */
void compiled_all(struct runtime *rt);

/* The nth text that is kept, from 0; NULL past the last. */
const char *compiled_nth(const struct runtime *rt, size_t n);

/* Let all of it go. */
void compiled_free(struct runtime *rt);

#endif
