/*
** stage.h -- a whole gateway in a simulated world, and clients that come to it.
**
**     stage_guest ... ---> stage_play ---> what came of each guest
**                          (time passes)
**
** It is the gateway: the endpoints, the runtime, the policy in its sandbox, the
** calls and their timers; only the world is another one, and there are no
** sockets. A guest is one request of a client.
**
** One thread. Guests belong to the stage and end with it, or with
** stage_forget.
*/
#ifndef TOOL_STAGE_H
#define TOOL_STAGE_H

#include "net/virtual/upstreams.h"
#include "serve/service.h"

/* The texts are borrowed as long as the stage lives. */
struct stage_setup {
    const struct binding *bind;
    const char *library; /* folder that overrides lua/, or NULL */
    uint64_t seed;
    nanos calendar;          /* since 1970, at the beginning */
    nanos deadline;          /* of a request; 0: as the gateway has it */
    const char *const *keys; /* see struct virtual_setup */
};

/* One request of a client; read only. */
struct guest {
    struct stage *stage;
    size_t number;
    struct arena arena;
    struct arrival arrival;
    struct request *request; /* NULL before and after it runs */
    struct timer timer;      /* until it comes */
    size_t share;            /* of the hold */
    bool taking;
    /* What came of it: */
    bool done, left;
    enum outcome outcome;
    int status;               /* 0: nothing was said */
    nanos came, first, ended; /* first: its first byte of a body; 0: none */
    struct http_field *fields;
    int fields_n;
    struct buf body;
    struct buf chunks;   /* struct guest_chunk each */
    size_t line, line_n; /* its line, in the stage's log */
};

/* Up to where the body was there at that time. */
struct guest_chunk {
    nanos at;
    size_t end;
};

/* Why playing stopped. */
enum stage_pause {
    STAGE_DONE, /* the guest that was waited for is done */
    STAGE_TIME, /* it is `until` */
    STAGE_IDLE, /* nothing is left that would ever happen */
    STAGE_STUCK /* so much happens at one instant that time stands still */
};

/* 0, or ERR_MEMORY and *out is NULL. */
int stage_open(struct stage **out, const struct stage_setup *setup);

/* End every guest and free everything. NULL is fine. */
void stage_close(struct stage *s);

/* Put a policy in force; 0, or an error and stage_error says why. */
int stage_load(struct stage *s, const struct policy_source *source);
str stage_error(const struct stage *s);

/* From now on every p.limit of the policy says no; how many there are. */
int stage_hit_limits(struct stage *s);

/* From now on nothing is left of any p.budget; false: the policy has none that
** lasts longer than a request. */
bool stage_empty_budgets(struct stage *s);

/* The world it is in; all lines of the log, each with its newline. */
struct world *stage_world(struct stage *s);
str stage_log(const struct stage *s);

/* A client that comes at `at`, with this request; copied. Only method, path,
** fields, body and the caller's key of the arrival count. NULL without memory. */
struct guest *stage_guest(struct stage *s, const struct arrival *what,
                          nanos at);

/* The client leaves, or does not even come. */
void guest_leave(struct guest *g);

/* A guest by its number; NULL if there is none, or it was forgotten. */
struct guest *stage_nth(struct stage *s, size_t number);

/* Free a guest; one that still runs is left. */
void stage_forget(struct guest *g);

/* Let happen what happens, until `until` at most: until `g` is done or, where
** that is NULL, until nothing more does. */
enum stage_pause stage_play(struct stage *s, const struct guest *g,
                            nanos until);

/* Free what the stages of this thread have compiled and kept for the next. */
void stage_forget_compiled(void);

#endif
