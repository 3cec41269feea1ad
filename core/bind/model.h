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
    uint32_t decline, refuse; /* bits by fault_kind: LANGUAGE rule 9 */
    bool free;
};

/* Ask the provider's model `name` for a view and wait: a reply, or nil and a
** fault. To be returned by a C function of Lua's. */
int model_ask(lua_State *L, struct model *m, struct view *view, str name);

#endif
