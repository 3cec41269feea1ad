/*
** used.c -- a sum over what upstreams told, which is not believed without bounds.
*/
#include "run/limit/used.h"

#include "run/path.h"

#define BELIEVED 100000000 /* tokens of a call; more is no usage */

bool limit_used(const struct request *r, int64_t *tokens)
{
    bool sure = true;
    *tokens = 0;
    for (const struct step *s = r->steps; s != NULL; s = s->next) {
        const struct call *c = s->call;
        if (c == NULL || !c->arrived)
            continue;
        const struct usage *u = &c->tap.usage;
        bool told = u->known && u->prompt >= 0 && u->prompt <= BELIEVED &&
                    u->completion >= 0 && u->completion <= BELIEVED;
        if (told)
            *tokens += u->prompt + u->completion;
        else if (u->known || c->status < 400)
            sure = false;
    }
    return sure;
}
