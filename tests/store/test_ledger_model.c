/*
** test_ledger_model.c -- random sequences of operations, beside a plain model in
** integers of 128 bits.
**
** The model keeps every reservation there ever was in a period and adds them up
** anew each time: no ring, no index, no journal. After every step: what the
** ledger says of each budget is what the model adds up to; spent and reserved
** are within the limit unless a bound was passed or the limit lowered; nothing
** is negative; what was admitted is settled, refunded, expired or live.
*/
#include "store/ledger_rig.h"

__extension__ typedef __int128 big;

#define TIERS 6
#define LIVE  40
#define PAST  4096

/* A budget: some have a period, one rolls. */
static struct tier {
    const char *name;
    struct period period;
    int64_t limit;
    /* the model: bookings by slot */
    struct booking {
        int64_t slot, spent, reserved;
    } past[PAST];
    int past_n;
    bool excused; /* a bound was passed or the limit lowered in this window */
} tiers[TIERS];

static struct promise {
    struct ledger_lease lease;
    int tier[TIERS], n;
    int64_t slot[TIERS], bound[TIERS];
} live[LIVE];
static int live_n;
static uint64_t admitted, settled, refunded, expired, refused, violations;

/* --- the model ------------------------------------------------------------- */

static struct booking *booking_of(struct tier *t, int64_t slot)
{
    for (int i = 0; i < t->past_n; i++)
        if (t->past[i].slot == slot)
            return &t->past[i];
    if (t->past_n == PAST)
        memmove(t->past, t->past + 1, sizeof *t->past * (size_t)--t->past_n);
    t->past[t->past_n] = (struct booking){.slot = slot};
    return &t->past[t->past_n++];
}

static bool counts(const struct span *at, int64_t slot)
{
    return slot <= at->slot && slot > at->slot - at->slots;
}

static big model_sum(const struct tier *t, bool spent, bool reserved)
{
    struct span at = period_at(&t->period, now);
    big sum = 0;
    for (int i = 0; i < t->past_n; i++)
        if (counts(&at, t->past[i].slot))
            sum += (big)(spent ? t->past[i].spent : 0) +
                   (reserved ? t->past[i].reserved : 0);
    return sum;
}

/* Forget what no window reaches, to stay quick. */
static void model_trim(struct tier *t)
{
    struct span at = period_at(&t->period, now);
    int n = 0;
    for (int i = 0; i < t->past_n; i++)
        if (counts(&at, t->past[i].slot))
            t->past[n++] = t->past[i];
    t->excused = t->excused && n > 0;
    t->past_n = n;
}

static bool model_allows(const struct promise *p)
{
    for (int i = 0; i < p->n; i++) {
        const struct tier *t = &tiers[p->tier[i]];
        if (model_sum(t, true, true) + p->bound[i] > t->limit)
            return false;
    }
    return true;
}

static void model_end(const struct promise *p, const int64_t *actual)
{
    for (int i = 0; i < p->n; i++) {
        struct tier *t = &tiers[p->tier[i]];
        struct span at = period_at(&t->period, now);
        violations += actual[i] > p->bound[i];
        if (!counts(&at, p->slot[i]))
            continue;
        struct booking *b = booking_of(t, p->slot[i]);
        b->reserved -= p->bound[i];
        b->spent += actual[i];
        t->excused |= actual[i] > p->bound[i];
    }
}

/* --- steps ----------------------------------------------------------------- */

static struct ledger_line tier_line(const struct tier *t, int64_t amount)
{
    return (struct ledger_line){
        .id = ledger_id(ledger, STR("tier"), str_of(t->name)),
        .span = period_at(&t->period, now),
        .limit = t->limit,
        .amount = amount};
}

static void draw(struct promise *p)
{
    *p = (struct promise){.n = 0};
    for (int i = 0; i < TIERS; i++)
        if (roll(2) == 0)
            p->tier[p->n++] = i;
    if (p->n == 0)
        p->tier[p->n++] = (int)roll(TIERS);
    int64_t amount = roll(20) == 0 ? 0 : (int64_t)roll(400);
    for (int i = 0; i < p->n; i++) {
        p->bound[i] = p->tier[i] == 5 ? amount << 50 : amount;
        p->slot[i] = period_at(&tiers[p->tier[i]].period, now).slot;
    }
}

static void step_reserve(void)
{
    struct ledger_line lines[TIERS];
    struct promise p;
    if (live_n == LIVE)
        return;
    draw(&p);
    for (int i = 0; i < p.n; i++)
        lines[i] = tier_line(&tiers[p.tier[i]], p.bound[i]);
    bool may = model_allows(&p);
    int rc = ledger_reserve(ledger, lines, p.n, &p.lease, &refusal);
    CHECK_INT(rc, may ? 0 : ERR_LIMIT);
    refused += rc != 0;
    if (rc != 0)
        return;
    admitted++;
    for (int i = 0; i < p.n; i++)
        booking_of(&tiers[p.tier[i]], p.slot[i])->reserved += p.bound[i];
    live[live_n++] = p;
}

static struct promise take_one(void)
{
    int i = (int)roll((uint64_t)live_n);
    struct promise p = live[i];
    live[i] = live[--live_n];
    return p;
}

static void step_settle(void)
{
    int64_t actual[TIERS];
    if (live_n == 0)
        return;
    struct promise p = take_one();
    for (int i = 0; i < p.n; i++)
        actual[i] = (int64_t)roll((uint64_t)p.bound[i] + 1);
    if (roll(50) == 0)
        actual[0] = p.bound[0] + (int64_t)roll(100);
    CHECK_INT(ledger_settle(ledger, &p.lease, actual, p.n), 0);
    CHECK_INT(ledger_settle(ledger, &p.lease, actual, p.n), ERR_MISSING);
    model_end(&p, actual);
    settled++;
}

static void step_refund(void)
{
    static const int64_t nothing[TIERS];
    if (live_n == 0)
        return;
    struct promise p = take_one();
    CHECK_INT(ledger_refund(ledger, &p.lease), 0);
    model_end(&p, nothing);
    refunded++;
}

static void step_expire(void)
{
    if (live_n == 0)
        return;
    struct promise p = take_one();
    CHECK_INT(ledger_expire(ledger, &p.lease), 0);
    model_end(&p, p.bound);
    expired++;
}

static void step_restart(void)
{
    shut();
    CHECK_INT(open_again(), STORE_OK);
    CHECK_INT(counted().expired, live_n);
    while (live_n > 0) {
        struct promise p = take_one();
        model_end(&p, p.bound);
        expired++;
    }
}

static void step_limit(void)
{
    struct tier *t = &tiers[roll(5)];
    int64_t was = t->limit;
    t->limit = (int64_t)roll(5000);
    t->excused |= t->limit < was;
}

static void step_time(void)
{
    static const nanos by[] = {NANOS_MS, NANOS_S, 20 * NANOS_S, 600 * NANOS_S,
                               7200 * NANOS_S};
    now += (nanos)roll((uint64_t)by[roll(5)]);
    for (int i = 0; i < TIERS; i++)
        model_trim(&tiers[i]);
}

static void step(void)
{
    uint64_t die = roll(1000);
    if (die < 500)
        step_reserve();
    else if (die < 800)
        step_settle();
    else if (die < 860)
        step_refund();
    else if (die < 880)
        step_expire();
    else if (die < 990)
        step_time();
    else if (die < 998)
        step_limit();
    else
        step_restart();
}

/* --- what must hold -------------------------------------------------------- */

static void look_at(struct tier *t)
{
    struct ledger_line line = tier_line(t, 0);
    struct ledger_view v;
    ledger_look(ledger, &line, &v);
    big used = model_sum(t, true, true);
    CHECK(v.spent == model_sum(t, true, false));
    CHECK(v.reserved == model_sum(t, false, true));
    CHECK(v.spent >= 0 && v.reserved >= 0 && v.left >= 0);
    CHECK(v.left == (used < t->limit ? t->limit - used : 0));
    CHECK(t->excused || used <= t->limit);
}

static void look_at_all(void)
{
    for (int i = 0; i < TIERS; i++)
        look_at(&tiers[i]);
    CHECK_INT(counted().leases, live_n);
    CHECK_INT(admitted, settled + refunded + expired + (uint64_t)live_n);
}

static void begin(void)
{
    static const struct period periods[TIERS] = {
        {.unit = PERIOD_SECOND},
        {.unit = PERIOD_MINUTE},
        {.unit = PERIOD_HOUR},
        {.unit = PERIOD_DAY, .offset = 3600},
        {.unit = PERIOD_HOUR, .rolling = true},
        {.unit = PERIOD_MONTH}};
    static const char *const names[TIERS] = {"s", "m", "h", "d", "r", "big"};
    for (int i = 0; i < TIERS; i++)
        tiers[i] = (struct tier){
            .name = names[i], .period = periods[i], .limit = 3000};
    tiers[5].limit = INT64_MAX;
    live_n = 0;
}

static void it_is_what_a_plain_model_is_after_every_step(void)
{
    int steps = rounds(100000, 10);
    rig_open();
    begin();
    for (int i = 0; i < steps && unit_failures < 10; i++) {
        step();
        look_at_all();
    }
    printf("# %d steps: %lu admitted, %lu refused, %lu settled, %lu refunded, "
           "%lu expired, %lu passed their bound; overshoot 0\n",
           steps, admitted, refused, settled, refunded, expired, violations);
    CHECK(admitted > 1000 && refused > 1000 && expired > 100 && violations > 0);
    rig_close();
}

TESTS(it_is_what_a_plain_model_is_after_every_step)
