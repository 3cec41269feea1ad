/*
** runtime.h -- one loop, one thread: the policy in force and its requests.
**
**     runtime --current--> generation (one Lua state)
**        |                     ^
**        '--requests--> request'      each request keeps the generation it
**                                     began with
**
** The runtime lives on a world and outlives every policy version. What is
** bound for Lua comes in through `bind`, so that this room need not know it.
*/
#ifndef RUN_RUNTIME_H
#define RUN_RUNTIME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hold.h"
#include "base/nanos.h"
#include "meter/stats.h"
#include "net/call/lane.h"
#include "net/watch.h"
#include "net/world.h"
#include "net/http/via.h"
#include "run/realm/disk.h"

struct lua_State;
struct generation;
struct hand;
struct pass;
struct post;
struct realm;
struct request;
struct strand;
struct tokenizers;

/* What a policy may use up. */
struct limits {
    nanos cpu;           /* of one request, over all its turns [100 ms] */
    nanos load_cpu;      /* to load a version [1 s] */
    size_t heap;         /* bytes of a policy version's Lua heap [64 MiB] */
    size_t request_heap; /* growth during one turn of a request [32 MiB] */
    nanos deadline;      /* of a request, over all attempts [120 s] */
    int attempts;        /* upstream calls of one request [32] */
    int requests;        /* in flight at a time [10,000] */
    size_t memory;       /* bytes of bodies at a time [256 MiB] */
};

/* Where the policy comes from. Texts are kept by the runtime. */
struct policy_source {
    str name;     /* shown in messages; a path when there is no text */
    str text;     /* the policy itself, or absent: read the file `name` */
    bool builtin; /* `name` is one of those linked in: "policies/x.lua"; found
                     out when it is loaded, if there is no such file */
    str library;  /* folder that overrides the linked-in Lua files, or absent */
};

/* What the rooms above show to Lua. All may raise. */
struct binding {
    int (*open)(struct lua_State *);       /* pushes the module perilune.core */
    int (*open_cjson)(struct lua_State *); /* and the module cjson */
    void (*push_request)(struct lua_State *, struct request *);
};

/* Kinds of amounts that limit a key, see limit/key_limit.c: requests and tokens
** in five periods, and places. */
#define KEY_LIMITS 11

struct runtime {
    struct world *world;
    struct realm *realm;
    struct tokenizers *tokenizers; /* the realm's; or NULL */
    struct arena arena;
    struct limits limits;
    struct stats stats;
    struct hold hold; /* of all bodies on their way */
    struct policy_source source;
    char mark[VIA_MARK_LEN + 1]; /* the realm's, for Via fields */
    const struct binding *bind;
    struct generation *current; /* the last that loaded; may be NULL */
    struct watch *watch;        /* of the last that was tried */
    struct buf load_error;      /* of the last try; empty: it was good */
    struct compiled *compiled;  /* built-in modules, see compiled.h */
    uint64_t tried;             /* hash of all that the last try read */
    char *source_memory;        /* what the source's texts lie in */
    struct lane *lanes;
    struct call *lingering;             /* see struct question */
    struct request *live;               /* requests in flight */
    struct request *spare;              /* ended ones, to be used again */
    uint64_t serial;                    /* of the last request */
    struct strand *woken, **woken_last; /* they go on this turn */
    struct later wake;
    struct pass *passes; /* in line for a limit, see bind/rungs/limit.c */
    struct nudge passes_moved;
    struct post *posts; /* webhooks under way */
    struct disk disk;   /* waits for what was reserved */
    struct once *onces; /* that wait for another, see idempotency/once.c */
    struct nudge onces_moved;
    struct hand *hand; /* does this runtime's jobs; NULL: nobody does */
    struct limiter *key_limits[KEY_LIMITS]; /* the realm's, found already */
    bool require_key; /* of every client, also where there is none yet */
    bool no_inotify;
    bool unwatched; /* edits are told by runtime_load, and not looked for */
};

/* 0 or ERR_MEMORY. The runtime is zeroed memory of the caller's. */
int runtime_init(struct runtime *rt, struct world *world, const char *store);

/* All requests must have ended. */
void runtime_fini(struct runtime *rt);

/* Put a policy in force: at once, or change nothing (ERR_POLICY, and
** load_error says why). */
int runtime_load(struct runtime *rt, const struct policy_source *source);

/* The policy for a request that begins now: reloaded first if a file of it
** changed. NULL when none ever loaded. */
struct generation *runtime_policy(struct runtime *rt);

#endif
