/*
** hedge.c -- what p.hedge must know: how long a model usually takes, and
** whether one more may be asked on top.
*/
#include "bind/model.h"

#include "base/defence.h"

/* usual(model, share, req) -> the seconds within which this share of its
** streams begin lately, or of its whole replies come, whatever req asks for;
** nil while too few are known */
static int usual(lua_State *L)
{
    const struct model *m = luaL_checkudata(L, 1, MODEL_TYPE);
    double share = luaL_checknumber(L, 2);
    const struct view *view = bind_view(L, 3);
    const struct request *r = view->request;
    str name = view->model.p != NULL ? view->model : m->name;
    struct target *target = model_target(r, m, name);
    nanos now = world_now(r->rt->world);
    nanos t = r->asked.stream ? target_first_quantile(target, share, now)
                              : target_whole_quantile(target, share, now);
    if (t > 0)
        lua_pushnumber(L, (lua_Number)t / (lua_Number)NANOS_S);
    else
        lua_pushnil(L);
    return 1;
}

bool model_spared(struct strand *s, const struct model *m)
{
    struct retry_budget *retries = m->provider->retries;
    if (!s->extra || retries == NULL || !DEFENCE(hedge_budget) ||
        retry_budget_take(retries, world_now(s->request->rt->world)))
        return false;
    s->spared = true;
    return true;
}

static const luaL_Reg functions[] = {
    {"usual", usual},
    {NULL, NULL},
};

void bind_hedge(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
