/*
** question.h -- what is asked of whom, and on which terms.
**
** What a call is started with: the provider, the bytes, the patience, the most
** it may take, and whom to tell. A call keeps a copy.
*/
#ifndef NET_QUESTION_H
#define NET_QUESTION_H

#include "net/call/provider.h"
#include "net/call/reader.h"
#include "meter/target.h"
#include "wire/bound.h"

struct call;

/* What is asked of whom. Texts are borrowed until the call has ended. */
struct question {
    struct provider *provider;
    struct patience patience;
    str model;            /* the upstream's name of it */
    str body;             /* the client's body, that passed json_check */
    struct json_map *map; /* of `body`, or NULL */
    str system, messages; /* see struct build */
    int64_t max_tokens;   /* see struct build */
    /* What it may take, where somebody pays: `each` is written into the request,
    ** and a stream that is past it is cut. All zero: it passes unchanged. */
    struct bound bound;
    str hops; /* gateways before us, as a Via field; absent: none */
    struct asked asked;
    uint32_t keys_but; /* keys not to take, bits by number */
    nanos deadline;    /* of the request, over all attempts */
    /* What the model charges; NULL: not known. Read by whoever makes the bill. */
    const struct price *price;
    /* Where calls are listed whose reply has ended and whose connection has
    ** not: call_hang_up_all ends those. May be NULL. */
    struct call **lingering;
    struct hold *hold; /* to which its bytes are charged; or NULL */
    /* Of the target, entered; the call tells it what happens and ends it. */
    struct visit visit;
    /* Called when that changed the state of a breaker. May be NULL. */
    void (*breaker_changed)(struct world *, const struct question *,
                            const struct breaker_view *);
    struct ender *ender; /* told when it has ended; or NULL */
};

#endif
