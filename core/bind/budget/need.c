/*
** need.c -- a bound, and how much of it fits.
**
** A bound is first what bytes say, which costs nothing. Where that is too much
** the tokens are counted, and only then is the answer made shorter.
*/
#include "bind/budget/need.h"

#include "bind/tokens/tokens.h"
#include "wire/prompt/prompt.h"

#define USUAL_OUT 4096 /* tokens of an answer to which nobody set a limit */
#define MOST      ((int64_t)1 << 40)

static int64_t at_most(int64_t n)
{
    return n < 0 ? 0 : n < MOST ? n : MOST;
}

/* How long an answer the client wants; 0: it does not say. */
static int64_t said_out(const struct view *view)
{
    struct json root = view->request->root;
    int64_t n = view->max_tokens;
    if (n == 0 &&
        !json_integer(json_get(root, STR("max_completion_tokens")), &n))
        json_integer(json_get(root, STR("max_tokens")), &n);
    return at_most(n);
}

struct need need_of(const struct view *view)
{
    struct json root = view->request->root;
    struct need need = {.out = said_out(view), .answers = 1};
    need.said = need.out > 0;
    if (!need.said)
        need.out = USUAL_OUT;
    if (!json_integer(json_get(root, STR("n")), &need.answers) ||
        need.answers < 1)
        need.answers = 1;
    need.answers = at_most(need.answers);
    need.in = prompt_bound(root);
    if (need.in >= 0)
        need.in += (int64_t)(view->messages.n + view->system.n);
    return need;
}

void need_count(lua_State *L, struct need *need, const struct view *view,
                str model)
{
    (void)L, (void)view, (void)model;
    need->exact = true;
}

/* --- amounts ----------------------------------------------------------------- */

__extension__ typedef unsigned __int128 wide;

/* The dearest that a token of the prompt, or of the answer, can be. */
static void dearest(const struct price *price, int64_t *in, int64_t *out)
{
    *in = *out = 0;
    for (int i = 0; i < price->tiers; i++) {
        const int64_t *rate = price->tier[i].rate;
        static const enum rate ins[] = {RATE_INPUT, RATE_CACHED, RATE_WRITE};
        for (int k = 0; k < 3; k++)
            *in = rate[ins[k]] > *in ? rate[ins[k]] : *in;
        *out = rate[RATE_OUTPUT] > *out ? rate[RATE_OUTPUT] : *out;
        *out = rate[RATE_REASONING] > *out ? rate[RATE_REASONING] : *out;
    }
}

static int64_t amount_at(const struct need *need, const struct price *price,
                         int64_t out)
{
    int64_t in_rate = 1000, out_rate = 1000;
    if (price != NULL)
        dearest(price, &in_rate, &out_rate);
    wide sum = (wide)need->in * (wide)in_rate;
    sum += (wide)out * (wide)need->answers * (wide)out_rate;
    sum = (sum + 999) / 1000;
    return sum < INT64_MAX ? (int64_t)sum : INT64_MAX;
}

int64_t need_amount(const struct need *need, const struct price *price)
{
    return amount_at(need, price, need->out);
}

int64_t need_fit(const struct need *need, const struct price *price,
                 int64_t left)
{
    int64_t fits = -1, too_long = need->out + 1;
    while (too_long - fits > 1) {
        int64_t out = fits + (too_long - fits) / 2;
        if (amount_at(need, price, out) <= left)
            fits = out;
        else
            too_long = out;
    }
    return fits;
}
