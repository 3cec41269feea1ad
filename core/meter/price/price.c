/*
** price.c -- rates, and the sum of a call.
*/
#include "meter/price/price.h"

#include <math.h>

#include "base/defence.h"
#include "base/err.h"

#define PICO_PER_DOLLAR 1e6 /* dollars per million -> pico-dollars per token */
#define PICO_PER_NANO   1000

/* Holds any sum: the tokens of a side are together at most 2^63, and so is each
** rate, which makes 2^126 for the input and as much for the output. */
__extension__ typedef unsigned __int128 wide;

const struct price price_free = {.tiers = 1};

int price_rate(double dollars, int64_t *rate)
{
    if (!(dollars >= 0) || !isfinite(dollars))
        return ERR_INPUT;
    if (dollars > PRICE_MOST)
        return ERR_LIMIT;
    *rate = llround(dollars * PICO_PER_DOLLAR);
    return 0;
}

const char *price_rate_name(enum rate rate)
{
    static const char *const names[RATES] = {"input", "output", "cached",
                                             "write", "reasoning"};
    return names[rate];
}

static const struct tier *tier_for(const struct price *price, int64_t prompt)
{
    int i = price->tiers - 1;
    while (i > 0 && prompt <= price->tier[i].above)
        i--;
    return &price->tier[i];
}

/* The tokens of each kind. False: they do not add up. */
static bool divide(const struct usage *u, int64_t tokens[RATES])
{
    tokens[RATE_CACHED] = u->cached;
    tokens[RATE_WRITE] = u->write;
    tokens[RATE_REASONING] = u->reasoning;
    tokens[RATE_INPUT] = u->prompt;
    tokens[RATE_OUTPUT] = u->completion;
    for (int i = 0; i < RATES; i++)
        if (tokens[i] < 0)
            return false;
    if (u->cached > u->prompt || u->write > u->prompt - u->cached ||
        u->reasoning > u->completion)
        return false;
    tokens[RATE_INPUT] -= u->cached + u->write;
    tokens[RATE_OUTPUT] -= u->reasoning;
    return true;
}

/* Rounded up once. */
static int to_nano(wide pico, int64_t *nano)
{
    wide sum = pico / PICO_PER_NANO + (pico % PICO_PER_NANO != 0);
    if (sum > INT64_MAX && DEFENCE(cost_range))
        return ERR_LIMIT;
    *nano = (int64_t)sum;
    return 0;
}

int price_cost(const struct price *price, const struct usage *usage,
               int64_t *nano)
{
    int64_t tokens[RATES];
    wide pico = 0;
    if (!usage->known || !divide(usage, tokens))
        return ERR_INPUT;
    const struct tier *tier = tier_for(price, usage->prompt);
    for (int i = 0; i < RATES; i++) {
        if (tier->rate[i] < 0)
            return ERR_INPUT;
        pico += (wide)tokens[i] * (wide)tier->rate[i];
    }
    return to_nano(pico, nano);
}

/* The highest of these rates in any tier that may hold for so long a prompt;
** ERR_INPUT when one is negative. */
static int64_t dearest(const struct price *price, int64_t in,
                       const enum rate *rates, int n)
{
    int64_t most = 0;
    for (int t = 0; t < price->tiers; t++)
        for (int i = 0; i < n; i++) {
            int64_t rate = price->tier[t].rate[rates[i]];
            bool holds = t == 0 || in > price->tier[t].above;
            if (rate < 0)
                return ERR_INPUT;
            most = holds && rate > most ? rate : most;
        }
    return most;
}

int price_bound(const struct price *price, int64_t in, int64_t out,
                int64_t *nano)
{
    static const enum rate sent[] = {RATE_INPUT, RATE_CACHED, RATE_WRITE};
    static const enum rate made[] = {RATE_OUTPUT, RATE_REASONING};
    int64_t of_in = dearest(price, in, sent, 3);
    int64_t of_out = dearest(price, in, made, 2);
    if (in < 0 || out < 0 || of_in < 0 || of_out < 0)
        return ERR_INPUT;
    return to_nano((wide)in * (wide)of_in + (wide)out * (wide)of_out, nano);
}

int64_t price_add(int64_t nano, int64_t more)
{
    return more > INT64_MAX - nano ? INT64_MAX : nano + more;
}

void price_put(struct buf *to, int64_t nano)
{
    buf_int(to, nano / 1000000000);
    buf_byte(to, '.');
    buf_digits(to, nano % 1000000000, 9);
}
