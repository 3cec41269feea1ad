/*
** json_names.c -- did a name come twice in its object?
**
** JSON does not say which of two equal names counts, so a policy and a
** provider could read one body differently. Most objects are small: each new
** name is compared with those before it. An object that outgrows that is
** looked at once, at its end, with a hash table. A chain in the table is
** bounded, so that names made to collide are refused and not waited for.
*/
#include "wire/json/json_parts.h"

#include "base/mem.h"

#define FEW       16
#define MAX_CHAIN 1024
#define MAX_NAMES (1 << 20) /* in one object; a table for more is dear */

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
    if (names->n - base == MAX_NAMES)
        return "too many names";
    for (size_t i = base; names->n - base < FEW && i < names->n; i++)
        if (str_eq(names->at[i], inner))
            return duplicate;
    if (names->n == names->cap && !grow(names))
        return no_memory;
    names->at[names->n++] = inner;
    return NULL;
}

struct slot {
    uint64_t hash;
    const str *name;
};

/* Put a name where it belongs in the table: NULL, or what is wrong. */
static const char *place(struct slot *table, size_t mask, const str *name)
{
    uint64_t hash = str_hash(*name);
    size_t at = (size_t)(hash ^ hash >> 32) & mask;
    for (int chain = 0; chain < MAX_CHAIN; chain++, at = (at + 1) & mask) {
        if (table[at].name == NULL) {
            table[at] = (struct slot){hash, name};
            return NULL;
        }
        if (table[at].hash == hash && str_eq(*table[at].name, *name))
            return duplicate;
    }
    return "names made to collide";
}

static const char *look_for_twins(const str *name, size_t n)
{
    size_t size = 64;
    while (size < n * 2)
        size *= 2;
    struct slot *table = mem_zero(size * sizeof *table);
    if (table == NULL)
        return no_memory;
    const char *wrong = NULL;
    for (size_t i = 0; i < n && wrong == NULL; i++)
        wrong = place(table, size - 1, &name[i]);
    mem_free(table);
    return wrong;
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
