/*
** test_store_model.c -- a long random life of a store beside a plain model.
**
** Batches of random steps, with time going on, looks at rows and ranges, sweeps,
** and the store closed and opened again. After each step both say the same.
*/
#include "store/store_rig.h"

#define KEYS 40

/* The model: what the store should have, in a plain array. */
struct plain {
    bool there, counts;
    int64_t number; /* the count; or what the value was made of */
    nanos expires;
};

static struct plain model[KEYS];
static nanos now;
static uint64_t dice;

static uint64_t roll(uint64_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (dice >> 11) % n;
}

static str key_of(int i)
{
    static char key[16];
    snprintf(key, sizeof key, "k%02d", i);
    return str_of(key);
}

/* A value of any size, also of several pages, that its seed tells. */
static str value_of(int64_t seed)
{
    static char value[20000];
    size_t n = seed % 7 == 0 ? (size_t)(seed * 911 % 20000)
                             : (size_t)(seed * 13 % 200);
    memset(value, (int)('a' + seed % 26), n);
    return (str){value, n};
}

static bool alive(const struct plain *p)
{
    return p->there && p->expires > now;
}

/* --- steps ----------------------------------------------------------------- */

static nanos some_expiry(void)
{
    return roll(3) == 0 ? now + 1 + (nanos)roll(50) : NANOS_NEVER;
}

static void some_put(struct batch *b, int i, struct plain *p)
{
    *p = (struct plain){true, false, (int64_t)roll(100000), some_expiry()};
    batch_put(b, STR("t"), key_of(i), value_of(p->number), p->expires);
}

static void some_drop(struct batch *b, int i, struct plain *p)
{
    *p = (struct plain){0};
    batch_delete(b, STR("t"), key_of(i));
}

/* True when the batch must be refused for it. */
static bool some_add(struct batch *b, int i, struct plain *p)
{
    int64_t n = roll(20) == 0 ? INT64_MAX - (int64_t)roll(3)
                              : (int64_t)roll(2000) - 1000;
    nanos expires = some_expiry();
    batch_add(b, STR("t"), key_of(i), n, expires);
    if (!alive(p))
        *p = (struct plain){true, true, 0, expires};
    return !p->counts || __builtin_add_overflow(p->number, n, &p->number);
}

/* A batch of up to four steps, each about another row. */
static void some_batch(void)
{
    struct plain next[KEYS];
    struct batch b;
    bool refused = false;
    int first = (int)roll(KEYS), n = 1 + (int)roll(4);
    memcpy(next, model, sizeof next);
    batch_init(&b, now);
    for (int i = first; i < first + n; i++) {
        struct plain *p = &next[i % KEYS];
        switch (roll(3)) {
        case 0:
            some_put(&b, i % KEYS, p);
            break;
        case 1:
            some_drop(&b, i % KEYS, p);
            break;
        default:
            refused = some_add(&b, i % KEYS, p) || refused;
        }
    }
    CHECK_INT(store_write(store, &b), refused ? STORE_COUNTER : STORE_OK);
    if (!refused)
        memcpy(model, next, sizeof model);
    batch_fini(&b);
}

/* --- comparing ------------------------------------------------------------- */

static void compare(int i)
{
    const struct plain *p = &model[i];
    struct seen seen =
        look_with((struct store_look){.key = key_of(i), .now = now});
    CHECK_INT(seen.result, alive(p) ? STORE_OK : STORE_MISSING);
    if (alive(p) && p->counts)
        CHECK_INT(seen.count, p->number);
    else if (alive(p))
        CHECK(str_eq(buf_str(&seen.value), value_of(p->number)));
    if (alive(p))
        CHECK_INT(seen.expires, p->expires);
    seen_fini(&seen);
}

static void compare_all(void)
{
    int there = 0;
    for (int i = 0; i < KEYS; i++) {
        compare(i);
        there += alive(&model[i]);
    }
    struct seen seen = look_with(
        (struct store_look){.key = STR("k"), .most = 2 * KEYS, .now = now});
    CHECK_INT(seen.rows, there);
    seen_fini(&seen);
}

/* The index by expiry has as many rows as will expire, once swept. */
static void compare_index(void)
{
    struct store_stat stat;
    int will = 0;
    while (sweep(now) > 0)
        continue;
    for (int i = 0; i < KEYS; i++)
        will += alive(&model[i]) && model[i].expires != NANOS_NEVER;
    CHECK_INT(store_stat(store, &stat), STORE_OK);
    CHECK_INT(stat.expiring, will);
}

static void live(uint64_t seed, int steps)
{
    dice = seed;
    now = 1;
    memset(model, 0, sizeof model);
    folder_open_fast();
    options = (struct store_options){.path = NULL};
    CHECK_INT(open_again(), STORE_OK);
    for (int i = 0; i < steps && unit_failures < 20; i++) {
        now += (nanos)roll(6);
        some_batch();
        compare((int)roll(KEYS));
        if (roll(50) == 0)
            compare_all();
        if (roll(200) == 0)
            compare_index();
        if (roll(400) == 0)
            reopen();
    }
    compare_all();
    compare_index();
    rig_close();
}

static void a_random_life_is_what_a_plain_model_says(void)
{
    int lives = getenv("PERILUNE_LONG") != NULL ? 200 : 4;
    for (int i = 0; i < lives; i++)
        live(0x2545f4914f6cdd1du + (uint64_t)i * 977, 3000);
}

TESTS(a_random_life_is_what_a_plain_model_says)
