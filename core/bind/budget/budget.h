/*
** budget.h -- p.budget: what a request may spend, and of whose money.
**
**     budget            one declaration of a version: "daily"
**        |
**     purse             that budget for one key in one request: ann's "daily"
**        |              the gate's verdict is written on it
**     attached          in a strand: its calls are charged to that purse
**        |
**     charge            one call: a lease of the ledger over all of them
**
** All but the budget lie in the request's arena. Calls end before the arena
** does, and tell their charge.
*/
#ifndef BIND_BUDGET_H
#define BIND_BUDGET_H

#include "bind/budget/need.h"
#include "bind/model.h"
#include "run/realm/budgets.h"
#include "run/request.h"

#define BUDGET_TYPE "perilune.budget"

struct budget {
    str name;
    str shape;     /* the budget's text in the ledger */
    bool dollars;  /* it counts nano-dollars, not tokens */
    bool cap;      /* of each request by itself; no period, no row */
    bool by_model; /* each = "model": of whichever is asked */
    bool declines; /* over = "decline" */
    double warn;   /* the share from which on_warn is told; 0: never */
    int on_warn;   /* registry, or LUA_NOREF */
    struct period period;
    str word;        /* "day" */
    int64_t *limits; /* the usual one, then those of the exceptions */
    int limits_n;
    struct budget_totals *totals; /* the realm's, as the next one is */
    struct ledger *ledger;        /* NULL: it could not be opened then */
};

struct purse {
    struct purse *next; /* in request.purses */
    const struct budget *budget;
    str who;
    int64_t limit;
    int64_t used;                /* of a cap: reserved or spent */
    struct ledger_id id;         /* of its row; zero: not worked out yet */
    bool judged, refuses, never; /* the gate's verdict; never: in no period */
    int64_t need;                /* what it would take at least */
    struct ledger_view view;
    nanos ends; /* of the period, by the calendar */
};

struct attached {
    const struct attached *next;
    struct purse *purse;
};

/* The purse of this budget and key in this request, made when there is none;
** raises without memory. */
struct purse *purse_of(lua_State *L, struct request *r, const struct budget *b,
                       str who, int64_t limit);

/* From now on this strand's calls are charged to it; raises when there are too
** many. */
void purse_attach(lua_State *L, struct strand *s, struct purse *p);

/* The line of the ledger for an amount of it, at `now` by the calendar; `model`
** is the one that is asked, "provider/model". */
struct ledger_line purse_line(struct purse *p, struct ledger *ledger, str model,
                              nanos now);

/* The ledger of a budget; NULL, and *why: calls under it must decline. */
struct ledger *budget_ledger(const struct budget *b, const struct request *r,
                             struct store_why *why);

/* --- one call --------------------------------------------------------------- */

/* What a call is asked with, for its charge. */
struct charging {
    struct strand *strand;
    const struct view *view;
    const struct model *of;
    str model; /* the provider's name of the one that is asked */
    const struct price *price; /* NULL: not known */
};

struct charge {
    struct ending ending; /* first: what was never sent is given back */
    struct ender ender;   /* of the call: it settles */
    struct request *request;
    struct ledger *ledger; /* NULL: no line is in it */
    struct ledger_lease lease;
    const struct price *price;
    int n, lines; /* purses in all; those of the ledger come first */
    struct purse *purse[LEDGER_MOST_LINES * 2];
    int64_t amount[LEDGER_MOST_LINES * 2];
    struct bound bound;     /* what is paid for */
    bool imposed;           /* the client asked for more, or did not say */
    bool open;              /* reserved, and not yet settled */
    struct strand *sleeper; /* waits for the disk; NULL: nobody does */
    struct disk_wait disk;
    struct parting parting;
    struct warning *warnings; /* to be told when the request ends */
};

/* Reserve for a call from all that is attached to its strand, all or none. True:
** go on, under *charge, or NULL: there is nothing to pay. False: it cannot be
** paid, and *fault says why. May raise. */
bool charge_reserve(lua_State *L, const struct charging *of,
                    struct charge **charge, struct fault *fault);

/* Must it be on the disk before the call leaves? Then `s` is woken when that is
** so, and charge->sleeper says until when. */
bool charge_syncs(struct charge *c, struct strand *s);

/* It waited for the disk. False: that fails, and *fault says so; what was
** reserved is given back. */
bool charge_synced(const struct charging *of, struct charge *c,
                   struct fault *fault);

/* It never reached anybody. */
void charge_refund(struct charge *c);

/* --- warnings --------------------------------------------------------------- */

/* What was spent of a purse went from one amount to another: if it came past the
** share at which somebody is warned, the log tells, and on_warn is told when the
** request ends. */
void warn_look(struct charge *c, const struct purse *p,
               const struct ledger_spent *spent);

/* The request has ended: call on_warn for what there is to tell. */
void warn_tell(struct charge *c);

/* --- in words --------------------------------------------------------------- */

/* Append an amount of it: "1500 tokens", "0.25 usd". */
void budget_put(const struct budget *b, int64_t amount, struct buf *to);

/* Append why a purse does not pay: what is used, of how much, until when.
** `need` is what was asked for; it is `now` by the calendar. */
void budget_say(const struct purse *p, int64_t need,
                const struct ledger_view *view, nanos now, struct buf *to);

/* gate.c: add its functions to the module on top of the stack. */
void bind_budget_gate(lua_State *L);

#endif
