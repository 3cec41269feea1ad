/*
** pins.c -- a hash table whose entries are also a list by age.
**
** Numbers in place of pointers, so that the arrays may move when they grow, and
** an entry stays small. Whoever is asked for is not made younger: a pin is put
** anew whenever its target answers, and lasts from then.
*/
#include "meter/pins.h"

#include "base/defence.h"
#include "base/mem.h"

#define FIRST 64 /* entries at first */

struct pin {
    uint64_t key, target;
    nanos until;
    uint32_t next;           /* in its slot; 0: none */
    uint32_t younger, older; /* in the list; at[0] closes it */
};

/* --- the keyed hash: SipHash-1-3 ------------------------------------------- */

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* Up to eight bytes as a number, the first the lowest. */
static uint64_t word_at(str s)
{
    uint64_t word = 0;
    for (size_t i = 0; i < s.n && i < 8; i++)
        word |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
    return word;
}

static uint64_t hash_of(const uint64_t seed[2], str s)
{
    uint64_t v[4] = {
        seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
        seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
    uint64_t end = (uint64_t)s.n << 56;
    for (; s.n >= 8; s = str_from(s, 8)) {
        v[3] ^= word_at(s);
        sip_round(v);
        v[0] ^= word_at(s);
    }
    end |= word_at(s);
    v[3] ^= end;
    sip_round(v);
    v[0] ^= end;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* --- slots and the list ---------------------------------------------------- */

static uint32_t *slot_of(struct pins *p, uint64_t key)
{
    return &p->slots[key & (p->slots_n - 1)];
}

static void unlink_age(struct pins *p, uint32_t i)
{
    struct pin *e = &p->at[i];
    p->at[e->older].younger = e->younger;
    p->at[e->younger].older = e->older;
}

static void make_youngest(struct pins *p, uint32_t i)
{
    struct pin *head = &p->at[0], *e = &p->at[i];
    e->older = head->older; /* of the head: the youngest */
    e->younger = 0;
    p->at[head->older].younger = i;
    head->older = i;
}

static void unlink_slot(struct pins *p, uint32_t i)
{
    uint32_t *at = slot_of(p, p->at[i].key);
    while (*at != i)
        at = &p->at[*at].next;
    *at = p->at[i].next;
}

static void link_slot(struct pins *p, uint32_t i)
{
    uint32_t *slot = slot_of(p, p->at[i].key);
    p->at[i].next = *slot;
    *slot = i;
}

static uint32_t find(struct pins *p, uint64_t key)
{
    uint32_t i = p->slots_n > 0 ? *slot_of(p, key) : 0;
    while (i != 0 && p->at[i].key != key)
        i = p->at[i].next;
    return i;
}

/* --- room ------------------------------------------------------------------ */

static bool grow_slots(struct pins *p)
{
    uint32_t n = p->slots_n > 0 ? p->slots_n * 2 : FIRST;
    uint32_t *slots = mem_zero(n * sizeof *slots);
    if (slots == NULL)
        return p->slots_n > 0; /* slower, and no worse */
    mem_free(p->slots);
    p->slots = slots;
    p->slots_n = n;
    for (uint32_t i = 1; i <= p->n; i++)
        link_slot(p, i);
    return true;
}

static bool grow(struct pins *p)
{
    uint32_t cap = p->cap > 0 ? p->cap * 2 : FIRST;
    cap = cap < p->most || p->cap >= p->most ? cap : p->most;
    if (p->slots_n < cap && !grow_slots(p))
        return false;
    struct pin *at = mem_resize(p->at, (cap + 1) * sizeof *at);
    if (at == NULL)
        return false;
    if (p->cap == 0)
        at[0] = (struct pin){0};
    p->at = at;
    p->cap = cap;
    return true;
}

/* An entry that is in no slot and not in the list: the oldest, once it has
** expired or no more may be, or else a new one. 0: there is no memory. */
static uint32_t take_entry(struct pins *p, nanos now)
{
    uint32_t oldest = p->n > 0 ? p->at[0].younger : 0;
    bool full = p->n >= p->most && DEFENCE(pins_most);
    if (oldest != 0 && (full || p->at[oldest].until <= now)) {
        unlink_slot(p, oldest);
        unlink_age(p, oldest);
        return oldest;
    }
    if (p->n == p->cap && !grow(p))
        return 0;
    return ++p->n;
}

/* --- the doors ------------------------------------------------------------- */

void pins_init(void *pins)
{
    struct pins *p = pins;
    pthread_mutex_init(&p->lock, NULL);
    p->most = PINS_MOST;
}

void pins_fini(void *pins)
{
    struct pins *p = pins;
    mem_free(p->at);
    mem_free(p->slots);
    pthread_mutex_destroy(&p->lock);
}

void pins_seed(struct pins *p, const uint64_t dice[2])
{
    pthread_mutex_lock(&p->lock);
    if (p->seed[0] == 0 && p->seed[1] == 0) {
        p->seed[0] = dice[0] | 1;
        p->seed[1] = dice[1];
    }
    pthread_mutex_unlock(&p->lock);
}

void pins_put(struct pins *p, str key, uint64_t target, nanos now, nanos until)
{
    pthread_mutex_lock(&p->lock);
    uint64_t hash = hash_of(p->seed, key);
    uint32_t i = find(p, hash);
    if (i != 0)
        unlink_age(p, i);
    else if ((i = take_entry(p, now)) != 0) {
        p->at[i].key = hash;
        link_slot(p, i);
    }
    if (i != 0) {
        p->at[i].target = target;
        p->at[i].until = until;
        make_youngest(p, i);
    }
    pthread_mutex_unlock(&p->lock);
}

uint64_t pins_get(struct pins *p, str key, nanos now)
{
    pthread_mutex_lock(&p->lock);
    uint32_t i = find(p, hash_of(p->seed, key));
    bool good = i != 0 && p->at[i].until > now;
    uint64_t target = good ? p->at[i].target : 0;
    pthread_mutex_unlock(&p->lock);
    return target;
}

uint32_t pins_count(struct pins *p)
{
    pthread_mutex_lock(&p->lock);
    uint32_t n = p->n;
    pthread_mutex_unlock(&p->lock);
    return n;
}
