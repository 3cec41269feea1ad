/*
** batch.c -- steps one behind the other in a buf.
**
** A step is a head and its table, key and value, without padding, so a head is
** copied in and out.
*/
#include "store/batch.h"

#include "store/store.h"

#define MOST_BYTES (STORE_MOST_VALUE + ((size_t)4 << 20))

struct head {
    int64_t number, sum;
    nanos expires;
    uint32_t value_n, whole; /* bytes of the value, of the step */
    uint16_t key_n;
    uint8_t table_n, kind;
};

void batch_init(struct batch *b, nanos now)
{
    *b = (struct batch){.now = now, .frees = true};
    buf_init(&b->steps, MOST_BYTES);
}

void batch_fini(struct batch *b)
{
    buf_fini(&b->steps);
}

static bool may_be(const struct batch_step *s)
{
    return s->table.n > 0 && s->table.n <= STORE_MOST_NAME &&
           str_is_word(s->table) && s->key.n > 0 &&
           s->key.n <= STORE_MOST_KEY && s->value.n <= STORE_MOST_VALUE;
}

bool batch_next(const struct batch *b, size_t *at, struct batch_step *step)
{
    struct head h;
    if (*at >= b->steps.n)
        return false;
    const char *p = b->steps.p + *at;
    memcpy(&h, p, sizeof h);
    p += sizeof h;
    *step = (struct batch_step){
        .kind = (enum batch_kind)h.kind,
        .table = {p, h.table_n},
        .key = {p + h.table_n, h.key_n},
        .value = {p + h.table_n + h.key_n, h.value_n},
        .number = h.number,
        .sum = h.sum,
        .expires = h.expires,
        .from = *at,
    };
    *at += h.whole;
    return true;
}

void batch_note(struct batch *b, const struct batch_step *step, int64_t sum)
{
    memcpy(b->steps.p + step->from + offsetof(struct head, sum), &sum,
           sizeof sum);
}

/* The step about a row. */
static bool find(const struct batch *b, str table, str key,
                 struct batch_step *step)
{
    size_t at = 0;
    while (batch_next(b, &at, step))
        if (str_eq(step->key, key) && str_eq(step->table, table))
            return true;
    return false;
}

static void add(struct batch *b, const struct batch_step *s)
{
    struct head h = {
        .number = s->number,
        .expires = s->expires,
        .value_n = (uint32_t)s->value.n,
        .whole = (uint32_t)(sizeof h + s->table.n + s->key.n + s->value.n),
        .key_n = (uint16_t)s->key.n,
        .table_n = (uint8_t)s->table.n,
        .kind = (uint8_t)s->kind,
    };
    buf_add(&b->steps, (str){(char *)&h, sizeof h});
    buf_add(&b->steps, s->table);
    buf_add(&b->steps, s->key);
    buf_add(&b->steps, s->value);
    if (!buf_ok(&b->steps))
        b->wrong = STORE_MEMORY;
    b->frees = b->frees && s->kind == BATCH_DELETE;
    b->adds += s->kind == BATCH_ADD;
}

/* Twice the same counter is one step; a counter that is also set is none. */
static bool joined(struct batch *b, const struct batch_step *s)
{
    struct batch_step other;
    if (b->adds == 0 && s->kind != BATCH_ADD)
        return false;
    if (!find(b, s->table, s->key, &other) ||
        (other.kind != BATCH_ADD && s->kind != BATCH_ADD))
        return false;
    int64_t sum;
    if (other.kind != s->kind)
        b->wrong = STORE_INPUT;
    else if (__builtin_add_overflow(other.number, s->number, &sum))
        b->wrong = STORE_COUNTER;
    else
        memcpy(b->steps.p + other.from + offsetof(struct head, number), &sum,
               sizeof sum);
    return true;
}

static void take(struct batch *b, const struct batch_step *s)
{
    if (b->wrong != STORE_OK)
        return;
    if (!may_be(s))
        b->wrong = STORE_INPUT;
    else if (!joined(b, s))
        add(b, s);
}

void batch_put(struct batch *b, str table, str key, str value, nanos expires)
{
    take(b, &(struct batch_step){.kind = BATCH_PUT,
                                 .table = table,
                                 .key = key,
                                 .value = value,
                                 .expires = expires});
}

void batch_delete(struct batch *b, str table, str key)
{
    take(b, &(struct batch_step){
                .kind = BATCH_DELETE, .table = table, .key = key});
}

void batch_add(struct batch *b, str table, str key, int64_t n, nanos expires)
{
    take(b, &(struct batch_step){.kind = BATCH_ADD,
                                 .table = table,
                                 .key = key,
                                 .number = n,
                                 .expires = expires});
}

int64_t batch_count(const struct batch *b, str table, str key)
{
    struct batch_step step;
    bool counted = find(b, table, key, &step) && step.kind == BATCH_ADD;
    return counted ? step.sum : 0;
}
