/*
** used.h -- what a call used, however it ended.
**
**     never arrived, or refused with an error   nothing
**     its usage was told, and can be true       that
**     a stream that passed us by                what was counted, from above
**     anything else, a 504 too                  its bound, or nobody knows
**
** Somebody is charged for it, so where it is not known it is rather too much.
** What exceeds the bound is never believed: the bound is charged, and told.
*/
#ifndef NET_USED_H
#define NET_USED_H

#include "net/call/call.h"

enum used_how {
    USED_NOTHING,   /* for certain */
    USED_TOLD,      /* by the provider, believably */
    USED_ESTIMATED, /* by us: no less than passed */
    USED_BOUND,     /* nobody knows, so all that it could be */
    USED_UNKNOWN    /* nobody knows, and there was no bound */
};

struct used {
    enum used_how how;
    struct usage usage; /* not known only when USED_UNKNOWN */
    bool violated;      /* it took more than its bound; `usage` is that */
};

/* What a call used, or has used so far. Never more than its bound, if it has
** one. */
void call_used(const struct call *c, struct used *out);

#endif
