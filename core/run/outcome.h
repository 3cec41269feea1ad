/*
** outcome.h -- what a policy came to: it returned something, or it raised.
*/
#ifndef RUN_OUTCOME_H
#define RUN_OUTCOME_H

#include "run/request.h"

/* It returned n values, on top of L's stack. */
void outcome_returned(struct request *r, lua_State *L, int n);

/* It raised, with this Lua status; the message is on top of L's stack. */
void outcome_raised(struct request *r, lua_State *L, int status);

/* The thread has too small a stack to run it. */
void outcome_no_stack(struct request *r);

/* There was no memory to run it. */
void outcome_no_memory(struct request *r);

#endif
