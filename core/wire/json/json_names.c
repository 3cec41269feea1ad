/*
** json_names.c -- did a name come twice in its object?
**
** JSON does not say which of two equal names counts, so a policy and a
** provider could read one body differently. Most objects are small: each new
** name is compared with those before it. An object that outgrows that is
** looked at once, at its end, with a hash table. Its hash begins with bytes that
** the kernel chose for this process, so nobody can choose names that collide.
*/
#include "wire/json/json_parts.h"

#include <sys/auxv.h>

#include "base/defence.h"
#include "base/eight.h"
#include "base/mem.h"

#define FEW       16
#define MAX_NAMES (1 << 20) /* of all open objects; more costs much memory */

static const char duplicate[] = "duplicate name";
static const char no_memory[] = "out of memory";

void json_names_init(struct json_names *names)
{
    names->at = names->inline_room;
    names->n = 0;
    names->cap = JSON_NAMES_INLINE;
    arena_init(&names->decoded);
}

void json_names_fini(struct json_names *names)
{
    if (names->at != names->inline_room)
        mem_free(names->at);
    arena_fini(&names->decoded);
}

static bool grow(struct json_names *names)
{
    bool was_inline = names->at == names->inline_room;
    size_t cap = names->cap * 2;
    str *at = mem_resize(was_inline ? NULL : names->at, cap * sizeof *at);
    if (at == NULL)
        return false;
    if (was_inline)
        memcpy(at, names->inline_room, names->n * sizeof *at);
    names->at = at;
    names->cap = cap;
    return true;
}

const char *json_names_add(struct json_names *names, size_t base, str inner,
                           bool escaped)
{
    if (escaped) {
        char *to = arena_zero(&names->decoded, inner.n);
        if (to == NULL)
            return no_memory;
        inner = (str){to, json_unescape(inner, to)};
    }
    if (names->n == MAX_NAMES)
        return "too many names";
    for (size_t i = base; names->n - base < FEW && i < names->n; i++)
        if (str_eq(names->at[i], inner) && DEFENCE(json_twins))
            return duplicate;
    if (names->n == names->cap && !grow(names))
        return no_memory;
    names->at[names->n++] = inner;
    return NULL;
}

__extension__ typedef unsigned __int128 wide;

/* 64 bits of which each depends on all bits of both. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

struct seed {
    uint64_t a, b;
};

/* Sixteen bytes of chance are in every process's memory from its start; the C
** library makes its own secrets of them, so they are not used as they are. */
static struct seed seed_of_process(void)
{
    const void *bytes = (const void *)getauxval(AT_RANDOM);
    struct seed seed = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu}, chance;
    if (bytes == NULL) /* no kernel of today does that */
        return seed;
    memcpy(&chance, bytes, sizeof chance);
    seed.a = mix(chance.a ^ seed.a, chance.b ^ seed.b) | 1;
    seed.b = mix(chance.a ^ seed.b, chance.b ^ seed.a) | 1;
    return seed;
}

static uint64_t hash(struct seed seed, str name)
{
    uint64_t sum = seed.a ^ name.n;
    for (; name.n > 8; name = str_from(name, 8))
        sum = mix(sum ^ eight_at(name.p), seed.b);
    uint64_t last = 0;
    memcpy(&last, name.p, name.n);
    return mix(mix(sum ^ last, seed.b) ^ seed.a, seed.b);
}

struct slot {
    uint64_t hash;
    const str *name;
};

/* Put a name where it belongs in the table. False: it is there already. */
static bool place(struct slot *table, size_t mask, struct slot new)
{
    size_t at = (size_t) new.hash &mask;
    for (; table[at].name != NULL; at = (at + 1) & mask)
        if (table[at].hash == new.hash && str_eq(*table[at].name, *new.name))
            return false;
    table[at] = new;
    return true;
}

static const char *look_for_twins(const str *name, size_t n)
{
    struct seed seed = seed_of_process();
    size_t size = 64;
    while (size < n * 2)
        size *= 2;
    struct slot *table = mem_zero(size * sizeof *table);
    if (table == NULL)
        return no_memory;
    size_t i = 0;
    while (i < n &&
           place(table, size - 1, (struct slot){hash(seed, name[i]), &name[i]}))
        i++;
    mem_free(table);
    return i < n && DEFENCE(json_many_twins) ? duplicate : NULL;
}

const char *json_names_end(struct json_names *names, size_t base)
{
    size_t n = names->n - base;
    const char *wrong = NULL;
    if (n > FEW)
        wrong = look_for_twins(names->at + base, n);
    names->n = base;
    return wrong;
}
