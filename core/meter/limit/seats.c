/*
** seats.c -- hash tables whose entries are also lists by use.
**
** Sixteen of them, each under its own lock, so that workers seldom wait for one
** another. Numbers in place of pointers, so that the arrays may move when they
** grow. Whoever is seen becomes the youngest.
*/
#include "meter/limit/seats.h"

#include "base/defence.h"
#include "base/mem.h"

#define CACHE_LINE 64
#define FIRST      16 /* seats of a shard at first */

struct limiter_shard {
    pthread_mutex_t lock;
    nanos now;
    struct limit_line line;
    struct limiter_counts counts;
    uint32_t most, n, cap;
    struct seat *seats; /* seats[0] is the head of the list by use */
    uint32_t *slots;    /* by hash, a power of two */
    uint32_t slots_n;
    char apart[2 * CACHE_LINE]; /* or two threads disturb each other where they
                                ** do not meet */
};

/* --- slots and the list ---------------------------------------------------- */

static uint32_t *slot_of(struct limiter_shard *d, uint64_t who)
{
    return &d->slots[who & (d->slots_n - 1)];
}

static void link_slot(struct limiter_shard *d, uint32_t i)
{
    uint32_t *slot = slot_of(d, d->seats[i].who);
    d->seats[i].next = *slot;
    *slot = i;
}

static void unlink_slot(struct limiter_shard *d, uint32_t i)
{
    uint32_t *at = slot_of(d, d->seats[i].who);
    while (*at != i)
        at = &d->seats[*at].next;
    *at = d->seats[i].next;
}

static void unlink_use(struct limiter_shard *d, uint32_t i)
{
    struct seat *s = &d->seats[i];
    d->seats[s->older].younger = s->younger;
    d->seats[s->younger].older = s->older;
}

static void make_youngest(struct limiter_shard *d, uint32_t i)
{
    struct seat *head = &d->seats[0], *s = &d->seats[i];
    s->older = head->older; /* of the head: the youngest */
    s->younger = 0;
    d->seats[head->older].younger = i;
    head->older = i;
}

static uint32_t find(struct limiter_shard *d, uint64_t who)
{
    uint32_t i = d->slots_n > 0 ? *slot_of(d, who) : 0;
    while (i != 0 && d->seats[i].who != who)
        i = d->seats[i].next;
    return i;
}

/* --- room ------------------------------------------------------------------ */

static bool grow_slots(struct limiter_shard *d)
{
    uint32_t n = d->slots_n > 0 ? d->slots_n * 2 : FIRST;
    uint32_t *slots = mem_zero(n * sizeof *slots);
    if (slots == NULL)
        return d->slots_n > 0; /* slower, and no worse */
    mem_free(d->slots);
    d->slots = slots;
    d->slots_n = n;
    for (uint32_t i = 1; i <= d->n; i++)
        link_slot(d, i);
    return true;
}

static bool grow(struct limiter_shard *d)
{
    uint32_t cap = d->cap > 0 ? d->cap * 2 : FIRST;
    if (d->slots_n < cap && !grow_slots(d))
        return false;
    struct seat *seats = mem_resize(d->seats, (cap + 1) * sizeof *seats);
    if (seats == NULL)
        return false;
    if (d->cap == 0)
        seats[0] = (struct seat){.who = 0};
    d->seats = seats;
    d->cap = cap;
    return true;
}

/* What a seat that is to be used again had on the heap. Lists and debts share
** their place, so the seat itself says which it was. */
static void clear(struct seat *s)
{
    for (int i = 0; i < LIMIT_PARTS; i++)
        if (s->listed & 1u << i)
            recent_fini(&s->parts[i].recent);
}

/* The one to be forgotten for a new one, or 0: the oldest of whom nothing is
** left to say or, when there may be no more, the oldest that holds no place. */
static uint32_t leaving(struct limiter_shard *d, nanos now)
{
    uint32_t i = d->n > 0 ? d->seats[0].younger : 0;
    bool full = d->n >= d->most && DEFENCE(limit_names);
    while (i != 0 && d->seats[i].held && DEFENCE(limit_places))
        i = d->seats[i].younger;
    return i != 0 && (full || d->seats[i].busy <= now) ? i : 0;
}

/* A number that is in no slot and not in the list; 0: there is no memory. */
static uint32_t fresh(struct limiter_shard *d, nanos now)
{
    uint32_t i = leaving(d, now);
    if (i != 0) {
        unlink_slot(d, i);
        unlink_use(d, i);
        clear(&d->seats[i]);
        return i;
    }
    if (d->n == d->cap && !grow(d))
        return 0;
    return ++d->n;
}

/* --- the doors ------------------------------------------------------------- */

struct limiter_shard *shard_of(struct limiter *l, uint64_t who)
{
    return &l->shards[who >> 60];
}

nanos shard_enter(struct limiter_shard *d, nanos now)
{
    pthread_mutex_lock(&d->lock);
    if (now > d->now)
        d->now = now;
    return d->now;
}

void shard_leave(struct limiter_shard *d)
{
    pthread_mutex_unlock(&d->lock);
}

struct limit_line *shard_line(struct limiter_shard *d)
{
    return &d->line;
}

struct limiter_counts *shard_counts(struct limiter_shard *d)
{
    return &d->counts;
}

struct seat *shard_find(struct limiter_shard *d, uint64_t who)
{
    uint32_t i = find(d, who);
    return i != 0 ? &d->seats[i] : NULL;
}

struct seat *shard_seat(struct limiter_shard *d, uint64_t who, nanos now)
{
    uint32_t i = find(d, who);
    if (i != 0) {
        unlink_use(d, i);
    } else {
        if ((i = fresh(d, now)) == 0)
            return NULL;
        d->seats[i] = (struct seat){.who = who};
        link_slot(d, i);
    }
    make_youngest(d, i);
    return &d->seats[i];
}

/* --- the limiter's life ---------------------------------------------------- */

void limiter_init(void *limiter)
{
    struct limiter *l = limiter;
    pthread_mutex_init(&l->lock, NULL);
    l->most = LIMITER_MOST / LIMITER_SHARDS;
}

void limiter_fini(void *limiter)
{
    struct limiter *l = limiter;
    for (int i = 0; l->shards != NULL && i < LIMITER_SHARDS; i++) {
        struct limiter_shard *d = &l->shards[i];
        for (uint32_t k = 1; k <= d->n; k++)
            clear(&d->seats[k]);
        mem_free(d->seats);
        mem_free(d->slots);
        pthread_mutex_destroy(&d->lock);
    }
    mem_free(l->shards);
    pthread_mutex_destroy(&l->lock);
}

static bool open_shards(struct limiter *l)
{
    l->shards = mem_zero(LIMITER_SHARDS * sizeof *l->shards);
    for (int i = 0; l->shards != NULL && i < LIMITER_SHARDS; i++) {
        pthread_mutex_init(&l->shards[i].lock, NULL);
        l->shards[i].most = l->most;
        l->shards[i].line.last = &l->shards[i].line.first;
    }
    return l->shards != NULL;
}

bool limiter_seed(struct limiter *l, const uint64_t dice[2])
{
    pthread_mutex_lock(&l->lock);
    bool ok = l->shards != NULL;
    if (!ok && (ok = open_shards(l))) {
        l->seed[0] = dice[0];
        l->seed[1] = dice[1];
    }
    pthread_mutex_unlock(&l->lock);
    return ok;
}

struct limiter_counts limiter_look(struct limiter *l)
{
    struct limiter_counts all = {.names = 0};
    pthread_mutex_lock(&l->lock); /* it is being seeded, perhaps */
    struct limiter_shard *shards = l->shards;
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; shards != NULL && i < LIMITER_SHARDS; i++) {
        struct limiter_shard *d = &shards[i];
        shard_enter(d, 0);
        all.names += d->n;
        all.taken += d->counts.taken;
        all.refused += d->counts.refused;
        shard_leave(d);
    }
    return all;
}
