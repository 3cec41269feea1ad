/*
** used.h -- how many tokens a request has used: what a limit that took by
** estimate is settled with, for p.limit and for the limits of a client's key.
*/
#ifndef RUN_LIMIT_USED_H
#define RUN_LIMIT_USED_H

#include "run/request.h"

/* What its calls have used. False: some of it nobody knows, *tokens is the
** rest. */
bool limit_used(const struct request *r, int64_t *tokens);

#endif
