/*
** retry.h -- whether a failed call is asked once more, and when.
**
**     a key's fault, another key left -> at once
**     a passing fault, tries left     -> after the provider's wait and a
**                                        random one, if the deadline and the
**                                        provider's retry budget allow it
**     anything else                   -> no
**
** One struct for one asking of a model: it counts what was tried. It owns
** nothing; the caller knows the clock and brings the dice.
*/
#ifndef NET_RETRY_H
#define NET_RETRY_H

#include "net/call/call.h"

struct retry {
    int tries;      /* left, the one under way included */
    int tried;      /* attempts made */
    bool doubted;   /* one that may have run was asked again already */
    uint32_t also;  /* bits by fault_kind: policy says these may pass, too */
    uint32_t final; /* policy says what becomes of these, at once */
    uint32_t keys;  /* bits by number: tried since the last wait */
};

/* The instant to ask again after this call, which has failed; NANOS_NEVER: not
** at all. Takes from the provider's budget. */
nanos retry_when(struct retry *t, const struct call *failed, nanos now,
                 uint32_t dice);

#endif
