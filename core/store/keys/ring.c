/*
** ring.c -- a hash table by the first bytes of marks, which are as good as
** chance: nobody who does not hold the secret can choose them.
*/
#include "store/keys/ring.h"

#include <stdatomic.h>

#include "base/defence.h"
#include "base/mem.h"

struct ring_key {
    struct ring_key *next;
    struct mac mark;
    struct client_key key;
};

struct ring {
    atomic_int refs;
    struct mac_maker *maker;
    struct arena arena; /* the keys and their texts */
    struct ring_key **slots;
    size_t slots_n, n; /* a power of two */
    int rows;
    bool short_of_memory;
};

struct ring *ring_new(const unsigned char secret[MAC_KEY])
{
    struct ring *ring = mem_zero(sizeof *ring);
    if (ring == NULL || (ring->maker = mac_maker_new(secret)) == NULL) {
        mem_free(ring);
        return NULL;
    }
    atomic_init(&ring->refs, 1);
    arena_init(&ring->arena);
    return ring;
}

struct ring *ring_hold(struct ring *ring)
{
    if (ring != NULL)
        atomic_fetch_add(&ring->refs, 1);
    return ring;
}

void ring_release(struct ring *ring)
{
    if (ring == NULL || atomic_fetch_sub(&ring->refs, 1) > 1)
        return;
    mac_maker_free(ring->maker);
    arena_fini(&ring->arena);
    mem_free(ring->slots);
    mem_free(ring);
}

static struct ring_key **slot_of(const struct ring *ring,
                                 const struct mac *mark)
{
    uint64_t first;
    memcpy(&first, mark->byte, sizeof first);
    return &ring->slots[first & (ring->slots_n - 1)];
}

/* Room for one more, at most one key for each slot on the whole. */
static bool grow(struct ring *ring)
{
    if (ring->n < ring->slots_n)
        return true;
    struct ring old = *ring;
    size_t n = old.slots_n > 0 ? old.slots_n * 2 : 16;
    struct ring_key **slots = mem_zero(n * sizeof(struct ring_key *));
    if (slots == NULL)
        return false;
    ring->slots = slots;
    ring->slots_n = n;
    for (size_t i = 0; i < old.slots_n; i++)
        for (struct ring_key *k = old.slots[i], *next; k != NULL; k = next) {
            struct ring_key **at = slot_of(ring, &k->mark);
            next = k->next;
            k->next = *at;
            *at = k;
        }
    mem_free(old.slots);
    return true;
}

static bool take(struct ring *ring, const struct row *row)
{
    struct ring_key *k = arena_zero(&ring->arena, sizeof *k);
    if (k == NULL || !grow(ring))
        return false;
    if (row->key.n != MAC_BYTES ||
        !client_key_read(row->value, &ring->arena, &k->key))
        return true;
    memcpy(k->mark.byte, row->key.p, MAC_BYTES);
    struct ring_key **at = slot_of(ring, &k->mark);
    k->next = *at;
    *at = k;
    ring->n++;
    return true;
}

void ring_take(void *user, const struct row *row)
{
    struct ring *ring = user;
    if (!str_eq(row->table, STR(KEYS_TABLE)))
        return;
    ring->rows++;
    if (!take(ring, row))
        ring->short_of_memory = true;
}

int ring_rows(const struct ring *ring)
{
    return ring->short_of_memory ? -1 : ring->rows;
}

const struct client_key *ring_find(const struct ring *ring, str text,
                                   struct mac *mark)
{
    memset(mark, 0, sizeof *mark);
    if (!mac_make(ring->maker, text, mark) || ring->slots_n == 0)
        return NULL;
    for (struct ring_key *k = *slot_of(ring, mark); k != NULL; k = k->next)
        if (mac_eq(&k->mark, mark) || !DEFENCE(mac_compared))
            return &k->key;
    return NULL;
}

void ring_each(const struct ring *ring,
               void (*see)(void *, const struct mac *,
                           const struct client_key *),
               void *user)
{
    for (size_t i = 0; i < ring->slots_n; i++)
        for (const struct ring_key *k = ring->slots[i]; k != NULL; k = k->next)
            see(user, &k->mark, &k->key);
}
