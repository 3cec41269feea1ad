/*
** inner.h -- what the files of a bound tell one another.
**
**     bound.c    the sum
**     known.c    the members of a body, and what each of them costs
**     talk.c     messages, their parts, and tools
**     why.c      why there is none, in words
*/
#ifndef WIRE_BOUND_INNER_H
#define WIRE_BOUND_INNER_H

#include "wire/bound.h"

/* What the walk has come to. */
struct sum {
    const struct bound_ask *ask;
    struct bound_why *why;
    bool failed;
    bool declared;   /* something counts that bytes do not bound */
    int64_t charged; /* tokens declared for what bytes do not bound */
    int64_t besides; /* what is charged as output, for one answer */
    int64_t spared;  /* bytes that stand for what was charged */
    int64_t tools;   /* bytes of tools */
    int64_t answers;
    bool thinks;      /* thoughts are asked for */
    int64_t limit;    /* the lower of the client's own; 0: none */
    struct json talk; /* the client's messages */
};

/* Numbers that stop at INT64_MAX; neither is negative. */
int64_t bound_add(int64_t a, int64_t b);
int64_t bound_times(int64_t a, int64_t b);

/* One thing more of this kind: add its maximum, or fail. */
void bound_charge(struct sum *s, enum bound_kind kind, str name);

/* There is no bound; the first reason stays. */
void bound_fail(struct sum *s, enum bound_kind kind, str name);

/* known.c: every member of a body. */
void bound_see_body(struct sum *s, struct json body);

/* known.c: a member nobody knows; one that is null says nothing. */
void bound_see_unknown(struct sum *s, const struct json_walk *w);

/* talk.c */
void bound_see_messages(struct sum *s, struct json messages);
void bound_see_content(struct sum *s, struct json content);
void bound_see_tools(struct sum *s, struct json tools);

#endif
