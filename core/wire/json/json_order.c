/*
** json_order.c -- sorting members, and writing what they are.
*/
#include "wire/json/json_order.h"

#include <stdlib.h>

struct member {
    str name;
    struct json value;
};

static int by_name(const void *a, const void *b)
{
    str x = ((const struct member *)a)->name,
        y = ((const struct member *)b)->name;
    int c = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return c != 0 ? c : (x.n > y.n) - (x.n < y.n);
}

static void put_members(struct buf *out, struct buf *members)
{
    struct member *all = (struct member *)(void *)members->p;
    size_t n = members->n / sizeof *all;
    if (n > 1)
        qsort(all, n, sizeof *all, by_name);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_byte(out, ',');
        buf_add(out, all[i].name);
        buf_byte(out, ':');
        json_put_ordered(out, all[i].value);
    }
}

static void put_object(struct buf *out, struct json v)
{
    struct json_walk walk = json_walk(v);
    struct buf members;
    buf_init(&members, v.text.n * sizeof(struct member));
    while (json_next(&walk)) {
        struct member m = {walk.name, walk.value};
        buf_add(&members, (str){(const char *)&m, sizeof m});
    }
    buf_byte(out, '{');
    put_members(out, &members);
    buf_byte(out, '}');
    if (!buf_ok(&members))
        out->failed = true;
    buf_fini(&members);
}

static void put_array(struct buf *out, struct json v)
{
    struct json_walk walk = json_walk(v);
    bool first = true;
    buf_byte(out, '[');
    for (; json_next(&walk); first = false) {
        if (!first)
            buf_byte(out, ',');
        json_put_ordered(out, walk.value);
    }
    buf_byte(out, ']');
}

void json_put_ordered(struct buf *out, struct json v)
{
    if (v.kind == JSON_OBJECT)
        put_object(out, v);
    else if (v.kind == JSON_ARRAY)
        put_array(out, v);
    else
        buf_add(out, v.text);
}
