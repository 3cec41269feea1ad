/*
** key.h -- the budgets of a client's key.
**
** They are p.budget's in all but who declares them: one for each kind of amount
** ("usd in a day") that keys have, in the ledger, and a key is who spends. So an
** amount that changes holds from the next request on, and nothing that was spent
** is forgotten, by a rotation of the key either. There is no gate: what costs
** nothing, such as a written answer, is there for a key that has spent all.
*/
#ifndef BIND_BUDGET_KEY_H
#define BIND_BUDGET_KEY_H

#include <lua.h>

#include "meter/amount.h"
#include "run/request.h"
#include "store/ledger.h"

/* From now on the calls of this request are charged to the budgets of its
** client's key, if that has any; again is fine. May raise. */
void key_budget_attach(lua_State *L, struct request *r);

/* How a budget of the key of that id stands, and when its period ends. False:
** the ledger cannot be read, or the amount is one of each request. [any thread] */
bool key_budget_look(struct runtime *rt, str id, const struct amount *a,
                     struct ledger_view *view, nanos *ends);

#endif
