/*
** call_used.c -- from what was learnt of a reply to what is charged for it.
*/
#include "net/call/used.h"

void call_used(const struct call *c, struct used *out)
{
    *out = (struct used){.how = USED_UNKNOWN};
    if (c->sent == 0 || !c->arrived || c->status >= 400)
        out->how = USED_NOTHING;
    else if (c->tap.usage.known)
        out->how = USED_TOLD;
    out->usage = c->tap.usage;
    out->usage.known = out->how != USED_UNKNOWN;
}
