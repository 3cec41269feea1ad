/*
** say.c -- amounts and refusals in words.
*/
#include "bind/budget/budget.h"

#include "base/utc.h"

/* Dollars, to the nano-dollar, without the noughts behind. */
static void put_dollars(int64_t nano, struct buf *to)
{
    char text[32];
    struct buf b = {.p = text, .cap = sizeof text, .max = sizeof text};
    price_put(&b, nano);
    size_t n = b.n;
    while (n > 0 && text[n - 1] == '0' && n > str_find(buf_str(&b), '.') + 3)
        n--;
    buf_add(to, (str){text, n});
}

void budget_put(const struct budget *b, int64_t amount, struct buf *to)
{
    if (b->dollars)
        put_dollars(amount, to);
    else
        buf_int(to, amount);
    buf_text(to, b->dollars ? " usd" : " tokens");
}

static void put_time(nanos t, struct buf *to)
{
    struct utc u = utc_of((t + NANOS_S - 1) / NANOS_S);
    buf_print(to, "%04d-%02d-%02dT%02d:%02d:%02dZ", u.year, u.month, u.day,
              u.hour, u.minute, u.second);
}

static void say_never(const struct purse *p, int64_t need, struct buf *to)
{
    buf_text(to, "this request may need ");
    budget_put(p->budget, need, to);
    buf_text(to, ", and no more than ");
    budget_put(p->budget, p->limit, to);
    buf_print(to,
              " can be spent %s %.*s; shorten it or ask for fewer max_tokens",
              p->budget->cap ? "by a" : "in a", STR_ARG(p->budget->word));
}

void budget_say(const struct purse *p, int64_t need,
                const struct ledger_view *view, nanos now, struct buf *to)
{
    const struct budget *b = p->budget;
    buf_print(to, "budget %.*s: ", STR_ARG(b->name));
    if (need > p->limit) {
        say_never(p, need, to);
        return;
    }
    budget_put(b, price_add(view->spent, view->reserved), to);
    buf_text(to, " of ");
    budget_put(b, p->limit, to);
    buf_print(to, " per %.*s are used or reserved", STR_ARG(b->word));
    buf_text(to, ", and this request needs at least ");
    budget_put(b, need, to);
    if (b->cap)
        return;
    nanos ends = period_at(&b->period, now).ends;
    buf_text(to, b->period.rolling ? "; some of it is free again at "
                                   : "; it starts anew at ");
    put_time(ends, to);
}
