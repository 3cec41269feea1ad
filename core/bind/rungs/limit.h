/*
** limit.h -- what p.limit and rations (target/ration.c) read alike.
*/
#ifndef BIND_RUNGS_LIMIT_H
#define BIND_RUNGS_LIMIT_H

#include "bind/bind.h"
#include "meter/limit/limiter.h"

/* The amounts of the list on top of the stack, which stays: { unit =, n =, per =
** seconds, burst = } each. Raises. */
struct limit_rules bind_read_amounts(lua_State *L);

/* The realm's limiter of that name and shape; one whose shape is another than
** before starts empty, and the log says so. Raises where there is none. */
struct limiter *bind_share_limit(lua_State *L, str name, str shape);

#endif
