/*
** model.h -- a declared model, and how one of them is asked.
*/
#ifndef BIND_MODEL_H
#define BIND_MODEL_H

#include "bind/bind.h"

struct model {
    struct provider *provider;
    str name, as;
    struct patience patience;
    int tries;
    /* Bits by fault_kind: LANGUAGE rule 9. */
    uint32_t decline, refuse, retry;
    bool free;
    int64_t max_out; /* tokens of an answer where somebody pays; 0: not said */
    struct bound_most most; /* of what bytes do not bound */
    struct target *target;  /* of this very model; NULL: it has none */
    struct target_rules rules;
};

/* Ask the provider's model `name` for a view and wait: a reply, or nil and a
** fault. To be returned by a C function of Lua's. */
int model_ask(lua_State *L, struct model *m, struct view *view, str name);

/* The same, though its breaker be open: it is the last of its group. */
int model_press(lua_State *L, struct model *m, struct view *view, str name);

/* target/admit.c: may the provider's model `name` be asked now? Fills *visit,
** entered. False: the path has its word for it, and *fault says why (texts in
** the request's arena). */
bool model_admit(struct request *r, const struct model *m, str name,
                 struct visit *visit, struct fault *fault);

/* target/admit.c: the target of the provider's model `name`; NULL: none. */
struct target *model_target(const struct request *r, const struct model *m,
                            str name);

/* strand/hedge.c: is this model not to be asked, because that would be on top
** (a hedge) and its provider's retry budget is used up? */
bool model_spared(struct strand *s, const struct model *m);

/* target/rules.c: read the options `breaker` and `concurrency` of the table at
** index 2 into m->rules; m->patience is there already. */
void model_read_rules(lua_State *L, struct model *m);

/* target/rules.c: what the table on top of the stack says of a breaker. */
void bind_read_breaker(lua_State *L, struct breaker_rules *rules);

#endif
