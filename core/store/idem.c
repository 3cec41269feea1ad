/*
** idem.c -- an answer as a row, and room for new ones.
**
** The store sweeps what has expired by the time that a batch brings along, some
** rows of it at a time, the first to expire first. So a batch that finds no room
** comes again with the end of time, and some that have not expired go for it. All
** rows of this store may; in another one this would be theft.
*/
#include "store/idem.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/defence.h"
#include "base/mem.h"

#define ANSWERS STR("answers")
#define SECRETS STR("secret")
#define SECRET  STR("marks")
#define LAYOUT  1
#define HEAD    (6 + MAC_BYTES) /* bytes before the model */

/* --- opening --------------------------------------------------------------- */

struct secret_look {
    unsigned char *to;
    bool whole;
};

static void take_secret(void *user, const struct row *row)
{
    struct secret_look *l = user;
    l->whole = row->value.n == MAC_KEY;
    if (l->whole)
        memcpy(l->to, row->value.p, MAC_KEY);
}

static enum store_result write_secret(struct idem *i)
{
    struct batch b;
    batch_init(&b, 0);
    batch_put(&b, SECRETS, SECRET, (str){(char *)i->secret, MAC_KEY},
              NANOS_NEVER);
    enum store_result result = store_write(i->store, &b);
    batch_fini(&b);
    return result;
}

/* One that cannot be read is replaced: nothing that was kept is found again. */
static enum store_result find_secret(struct idem *i,
                                     const unsigned char fresh[MAC_KEY])
{
    struct secret_look found = {i->secret, false};
    struct store_look look = {
        .table = SECRETS, .key = SECRET, .row = take_secret, .user = &found};
    store_look(i->store, &look);
    if (found.whole)
        return STORE_OK;
    memcpy(i->secret, fresh, MAC_KEY);
    return write_secret(i);
}

enum store_result idem_open(struct idem *i, const char *store, size_t most,
                            const unsigned char fresh[MAC_KEY],
                            struct store_why *why)
{
    char path[600];
    int n = snprintf(path, sizeof path, "%s/idempotency", store);
    if (n < 0 || (size_t)n >= sizeof path)
        return store_say(why, STORE_FOLDER, store, "its path is too long");
    if (mkdir(store, 0700) != 0 && errno != EEXIST)
        return store_say(why, store_errno(errno), store, strerror(errno));
    struct store_options options = {.path = path,
                                    .most = most != 0 ? most : IDEM_MOST};
    enum store_result result = store_open(&i->store, &options, why);
    if (result != STORE_OK)
        return result;
    result = find_secret(i, fresh);
    if (result != STORE_OK) {
        idem_close(i);
        store_say(why, result, path, NULL);
    }
    return result;
}

void idem_close(struct idem *i)
{
    store_close(i->store);
    i->store = NULL;
    mac_wipe(i->secret, sizeof i->secret);
}

/* --- answers --------------------------------------------------------------- */

struct idem_answer *idem_answer_new(const struct idem_answer *like)
{
    size_t n = like->model.n + like->body.n;
    struct idem_answer *a = mem_alloc(sizeof *a + n);
    if (a == NULL)
        return NULL;
    *a = (struct idem_answer){.status = like->status,
                              .stream = like->stream,
                              .print = like->print,
                              .model = {a->bytes, like->model.n},
                              .body = {a->bytes + like->model.n, like->body.n}};
    atomic_init(&a->refs, 1);
    if (like->model.n > 0)
        memcpy(a->bytes, like->model.p, like->model.n);
    if (like->body.n > 0)
        memcpy(a->bytes + like->model.n, like->body.p, like->body.n);
    return a;
}

struct idem_answer *idem_answer_hold(struct idem_answer *a)
{
    if (a != NULL)
        atomic_fetch_add(&a->refs, 1);
    return a;
}

void idem_answer_release(struct idem_answer *a)
{
    if (a != NULL && atomic_fetch_sub(&a->refs, 1) == 1)
        mem_free(a);
}

/* --- rows ------------------------------------------------------------------ */

/* layout, stream, status and length of the model (two bytes each), print, model,
** body. */
static void write_answer(struct buf *to, const struct idem_answer *a)
{
    unsigned status = (unsigned)a->status, model = (unsigned)a->model.n;
    buf_byte(to, LAYOUT);
    buf_byte(to, a->stream ? 1 : 0);
    buf_byte(to, (char)(status & 0xff));
    buf_byte(to, (char)(status >> 8));
    buf_byte(to, (char)(model & 0xff));
    buf_byte(to, (char)(model >> 8));
    buf_add(to, (str){(const char *)a->print.byte, MAC_BYTES});
    buf_add(to, a->model);
    buf_add(to, a->body);
}

/* False: it is no answer of this layout. Its texts lie in the row. */
static bool read_answer(str row, struct idem_answer *a)
{
    const unsigned char *b = (const void *)row.p;
    if (row.n < HEAD || b[0] != LAYOUT)
        return false;
    size_t model = b[4] | (size_t)b[5] << 8;
    if (row.n - HEAD < model)
        return false;
    a->stream = b[1] == 1;
    a->status = b[2] | b[3] << 8;
    memcpy(a->print.byte, b + 6, MAC_BYTES);
    a->model = (str){row.p + HEAD, model};
    a->body = str_from(row, HEAD + model);
    return true;
}

static str text_of(const struct mac *mark)
{
    return (str){(const char *)mark->byte, MAC_BYTES};
}

struct finding {
    struct idem_answer *answer;
    bool no_memory;
    enum store_result result;
};

static void take_answer(void *user, const struct row *row)
{
    struct finding *f = user;
    struct idem_answer lent;
    if (!read_answer(row->value, &lent))
        return;
    f->answer = idem_answer_new(&lent);
    f->no_memory = f->answer == NULL;
}

static void take_result(void *user, enum store_result result)
{
    struct finding *f = user;
    f->result = result;
}

enum store_result idem_find(struct idem *i, const struct mac *mark, nanos now,
                            struct idem_answer **answer)
{
    struct finding f = {.answer = NULL, .result = STORE_MISSING};
    struct store_look look = {.table = ANSWERS,
                              .key = text_of(mark),
                              .now = now,
                              .row = take_answer,
                              .done = take_result,
                              .user = &f};
    store_look(i->store, &look);
    *answer = f.answer;
    if (f.no_memory)
        return STORE_MEMORY;
    return f.result == STORE_OK && f.answer == NULL ? STORE_MISSING : f.result;
}

/* --- keeping --------------------------------------------------------------- */

/* No room: once more, at the end of time. */
static bool make_room(struct idem_row *row)
{
    if (row->batch.result != STORE_FULL || row->again || !DEFENCE(idem_room))
        return false;
    row->again = true;
    row->batch.now = NANOS_NEVER - 1;
    row->batch.result = STORE_OK;
    enum store_result result = store_commit(row->idem->store, &row->batch);
    if (result == STORE_OK)
        return true;
    row->batch.result = result;
    return false;
}

static void written(struct batch *b)
{
    struct idem_row *row = (struct idem_row *)(void *)b;
    if (!make_room(row))
        row->kept(row);
}

enum store_result idem_keep(struct idem *i, struct idem_row *row,
                            const struct idem_answer *answer, nanos now,
                            nanos ttl)
{
    struct buf bytes;
    row->idem = i;
    row->again = false;
    batch_init(&row->batch, now);
    row->batch.done = written;
    buf_init(&bytes, IDEM_LARGEST + 70000);
    write_answer(&bytes, answer);
    batch_put(&row->batch, ANSWERS, text_of(&row->mark), buf_str(&bytes),
              now + ttl);
    enum store_result result =
        buf_ok(&bytes) ? store_commit(i->store, &row->batch) : STORE_MEMORY;
    buf_fini(&bytes);
    return result;
}

void idem_row_fini(struct idem_row *row)
{
    batch_fini(&row->batch);
}
