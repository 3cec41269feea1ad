/*
** key_limit.h -- the limits of a client's key, before its policy runs.
**
**     "limits": ["60 requests/min", "20k tokens/min"]     of the key's record
**
** They are p.limit's: the same counting, in the realm, for all workers. Each kind
** of amount ("requests in a minute") has one limit there, and a key is a name in
** it; so an amount that changes holds from the next request on and forgets
** nothing, and one that is added begins empty without emptying others. Only what
** was counted is in memory: it begins anew with the process, as p.limit does.
**
** Of several all must agree. One that says no after another has said yes gives
** that back; a request in between may be told no that would have passed.
*/
#ifndef RUN_LIMIT_KEY_LIMIT_H
#define RUN_LIMIT_KEY_LIMIT_H

#include "run/request.h"

/* May it go on? False: it has been answered, and is over. */
bool key_limit_passes(struct request *r);

#endif
