/*
** generation.h -- one version of a policy: one Lua state.
**
** Loaded whole or not at all. Requests hold references, so the version they
** began with serves them to their end while a newer one takes the rest.
*/
#ifndef RUN_GENERATION_H
#define RUN_GENERATION_H

#include <lua.h>

#include "meter/price/prices.h"
#include "run/allowance.h"
#include "run/runtime.h"

struct idle_thread {
    int ref;
    lua_State *co;
};

#define IDLE_THREADS 256
#define GENERATION_NO_STACK \
    "a thread that runs policies needs a stack of 1 MiB; this one has less"

/* What p.idempotent says. */
struct idempotent {
    bool off;  /* nothing is kept */
    nanos ttl; /* how long an answer is */
    int key;   /* registry: a function, or LUA_NOREF */
};

struct generation {
    int refs;
    struct runtime *rt;
    lua_State *L;
    struct arena arena;       /* what is declared lives here */
    struct watch *watch;      /* during the load only */
    str folder;               /* where the policy's modules and files are */
    str name, text;           /* the main file, for messages */
    char version[9];          /* eight hex digits over all that was read */
    uint64_t hash;            /* the same, running */
    struct allowance allowed; /* of what runs now */
    struct heap heap;
    size_t base;        /* bytes of it that stand since the load */
    size_t read;        /* bytes of files read */
    int files;          /* asked for, found or not */
    int declared;       /* providers */
    lua_State *running; /* the coroutine that runs now, or NULL */
    char doom[512];     /* why what ran last was ended */
    uint64_t denied;    /* hash of the last message of a denial */
    bool loading;
    int policy;                 /* registry: what is called with req */
    int rescue;                 /* registry: p.rescue's ladder, or LUA_NOREF */
    struct model_entry *models; /* declared, for /v1/models */
    struct provider *providers; /* declared; Lua holds them */
    struct prices prices;
    struct idempotent idempotent;
    struct idle_thread idle[IDLE_THREADS];
    int idle_n;
};

/* A model that the policy declared. */
struct model_entry {
    struct model_entry *next;
    str id; /* "openai/gpt-4o-mini", or the name given by `as` */
    str provider;
    str model; /* the provider's name of it */
};

/* Load; NULL when it does not load, and *error says why, with file and line.
** `watch` is told of every file read, found or missed. */
struct generation *generation_load(struct runtime *rt, struct watch *watch,
                                   const struct policy_source *source,
                                   struct buf *error);

/* Take a reference, and give it back; the last one closes the state. */
void generation_keep(struct generation *g);
void generation_release(struct generation *g); /* NULL is fine */

/* The generation a Lua state belongs to. */
struct generation *generation_of(lua_State *L);

/* A coroutine from the pool; its reference in *ref. NULL without memory. */
lua_State *generation_thread(struct generation *g, int *ref);

/* Give it back; a spoilt one (it raised) is left to the collector. */
void generation_thread_done(struct generation *g, lua_State *co, int ref,
                            bool spoilt);

/* Remember a declared model for the list of models. 0 or ERR_MEMORY. */
int generation_declare(struct generation *g, str id, str provider, str model);

/* The line between `from` and `to` of the main file that holds the `return` a
** message should point at: the last one followed by `clue`, else the last. */
int generation_return_line(const struct generation *g, int from, int to,
                           str clue);

#endif
