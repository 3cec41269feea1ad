/*
** keys.c -- the clients' keys: shown, made, changed and ended.
**
** What is shown is what the gateways see (run/realm/clients.h). A change is made
** under the store's own lock, which the command line takes too: whoever comes
** second hears that somebody is writing, and when to come again. The text of a
** key is in one answer, the one that made it, and nowhere else.
*/
#include "serve/admin/inner.h"

#include <stdlib.h>

#include "base/mem.h"

#define USUAL_PAGE 100
#define MOST_PAGE  1000
#define LIST_MAX   ((size_t)32 << 20)
#define RECORD_MAX ((size_t)128 << 10)

static nanos calendar(const struct errand *e)
{
    return world_calendar(e->admin->rt->world);
}

/* --- what goes wrong ------------------------------------------------------- */

static void no_key(struct errand *e)
{
    errand_no(e, &(struct no){404, "key_not_found",
                              STR("There is no key of this id; GET /admin/keys "
                                  "lists those there are."),
                              STR_NONE, NULL});
}

static void is_revoked(struct errand *e)
{
    errand_no(e, &(struct no){409, "key_revoked",
                              STR("This key is revoked, for good; add "
                                  "another."),
                              STR_NONE, NULL});
}

static void no_memory(struct errand *e)
{
    errand_no(e, &(struct no){503, "no_memory",
                              STR("The gateway is out of memory. Try again "
                                  "later."),
                              STR_NONE, NULL});
}

static void no_store(struct errand *e, const struct store_why *why)
{
    struct http_field again = {STR("retry-after"), STR("1")};
    if (why->result == STORE_BUSY)
        errand_no(e, &(struct no){503, "keys_busy",
                                  STR("Another process, such as perilune keys, "
                                      "is changing keys just now. Try again."),
                                  STR_NONE, &again});
    else
        errand_no(e, &(struct no){503, "keys_unusable", str_of(why->text),
                                  STR_NONE, NULL});
}

/* --- looking --------------------------------------------------------------- */

/* The ring, held; NULL with *off where there has never been a key. False: it
** has been answered. */
static bool ring_now(struct errand *e, struct ring **ring)
{
    struct store_why why;
    struct admin *a = e->admin;
    if (clients_look(a->clients, world_now(a->rt->world), ring, &why) !=
        CLIENTS_BROKEN)
        return true;
    no_store(e, &why);
    return false;
}

struct listed {
    const struct client_key *key;
    struct mac mark;
};

struct list {
    struct listed *keys;
    size_t n, cap;
    bool failed;
};

static void add_to_list(void *user, const struct mac *mark,
                        const struct client_key *key)
{
    struct list *list = user;
    if (list->n < list->cap)
        list->keys[list->n++] = (struct listed){key, *mark};
}

static int by_age(const void *a, const void *b)
{
    const struct client_key *x = ((const struct listed *)a)->key;
    const struct client_key *y = ((const struct listed *)b)->key;
    if (x->created != y->created)
        return x->created < y->created ? -1 : 1;
    size_t n = x->id.n < y->id.n ? x->id.n : y->id.n;
    int order = memcmp(x->id.p, y->id.p, n);
    return order != 0 ? order : (x->id.n > y->id.n) - (x->id.n < y->id.n);
}

/* All keys, the oldest first; false without memory. */
static bool list_of(const struct ring *ring, struct list *list)
{
    *list = (struct list){.cap = ring != NULL ? (size_t)ring_rows(ring) : 0};
    if (list->cap == 0)
        return true;
    list->keys = mem_zero(list->cap * sizeof *list->keys);
    if (list->keys == NULL)
        return false;
    ring_each(ring, add_to_list, list);
    qsort(list->keys, list->n, sizeof *list->keys, by_age);
    return true;
}

static const struct listed *in_list(const struct list *list, str id)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->keys[i].key->id, id))
            return &list->keys[i];
    return NULL;
}

/* --- GET /admin/keys ------------------------------------------------------- */

struct page {
    int64_t limit;
    str after; /* an id; absent: from the first */
};

static bool bad_query(struct errand *e)
{
    errand_no(e, &(struct no){400, "invalid_query",
                              STR("GET /admin/keys takes limit, from 1 to "
                                  "1000, and after, the id of a key."),
                              STR_NONE, NULL});
    return false;
}

static bool read_page(struct errand *e, struct page *page)
{
    str rest = e->head->query, name, value;
    *page = (struct page){.limit = USUAL_PAGE};
    while (query_next(e, &rest, &name, &value)) {
        if (str_eq(name, STR("limit")) && value.p != NULL)
            page->limit = str_number(value, MOST_PAGE);
        else if (str_eq(name, STR("after")) && str_is_word(value))
            page->after = value;
        else
            return bad_query(e);
    }
    return page->limit >= 1 ? true : bad_query(e);
}

static void put_page(struct errand *e, const struct list *list, size_t from,
                     size_t n)
{
    struct buf body;
    buf_init(&body, LIST_MAX);
    buf_text(&body, "{\"keys\":[");
    for (size_t i = from; i < from + n; i++) {
        buf_text(&body, i > from ? ",{" : "{");
        record_put(&body, list->keys[i].key, &list->keys[i].mark, calendar(e));
        buf_byte(&body, '}');
    }
    buf_text(&body, "],\"next\":");
    if (from + n < list->n)
        json_put_string(&body, list->keys[from + n - 1].key->id);
    else
        buf_text(&body, "null");
    buf_byte(&body, '}');
    if (buf_ok(&body))
        errand_json(e, 200, buf_str(&body));
    else
        no_memory(e);
    buf_fini(&body);
}

static void show_page(struct errand *e, const struct list *list,
                      const struct page *page)
{
    size_t from = 0;
    const struct listed *after = NULL;
    if (page->after.p != NULL) {
        after = in_list(list, page->after);
        if (after == NULL) {
            bad_query(e);
            return;
        }
        from = (size_t)(after - list->keys) + 1;
    }
    size_t left = list->n - from, most = (size_t)page->limit;
    put_page(e, list, from, left < most ? left : most);
}

void keys_list(struct errand *e, str id)
{
    struct ring *ring;
    struct page page;
    struct list list;
    (void)id;
    if (!read_page(e, &page) || !ring_now(e, &ring))
        return;
    if (list_of(ring, &list))
        show_page(e, &list, &page);
    else
        no_memory(e);
    mem_free(list.keys);
    ring_release(ring);
}

/* Answer with one key as it is now; `text` is that of a new one, or absent. */
static void tell_key(struct errand *e, int status, str id, str text)
{
    struct ring *ring;
    struct list list;
    struct buf body;
    if (!ring_now(e, &ring))
        return;
    const struct listed *one = list_of(ring, &list) ? in_list(&list, id) : NULL;
    buf_init(&body, RECORD_MAX);
    buf_byte(&body, '{');
    if (one != NULL) {
        record_put(&body, one->key, &one->mark, calendar(e));
        record_put_spending(&body, one->key, e->admin->rt);
    }
    if (text.p != NULL) {
        json_put_name(&body, STR("key"));
        json_put_string(&body, text);
    }
    buf_byte(&body, '}');
    if (one == NULL)
        no_key(e);
    else if (!buf_ok(&body))
        no_memory(e);
    else
        errand_json(e, status, buf_str(&body));
    mac_wipe(body.p, text.p != NULL ? body.n : 0);
    buf_fini(&body);
    mem_free(list.keys);
    ring_release(ring);
}

void keys_show(struct errand *e, str id)
{
    tell_key(e, 200, id, STR_NONE);
}

/* A change found no key that it could be made to. */
static void missing(struct errand *e, str id)
{
    struct ring *ring;
    struct list list;
    if (!ring_now(e, &ring))
        return;
    if (list_of(ring, &list) && in_list(&list, id) != NULL)
        is_revoked(e);
    else
        no_key(e);
    mem_free(list.keys);
    ring_release(ring);
}

/* --- changing -------------------------------------------------------------- */

/* What is to be done while the keys are open to write. */
struct deed {
    struct errand *e;
    enum store_result (*act)(struct deed *, struct keeper *,
                             struct store_why *);
    struct client_key key; /* a new one */
    str id;
    char text[KEEPER_TEXT]; /* of a new one, or the new one of another */
    char mark[9];           /* of the token, for the log */
};

static enum store_result do_deed(void *user, struct keeper *k,
                                 struct store_why *why)
{
    struct mac mark;
    struct deed *d = user;
    if (mac_of(k->secret, d->e->token, &mark))
        str_hex(d->mark, mark.byte, (sizeof d->mark - 1) / 2);
    return d->act(d, k, why);
}

/* False: it has been answered. */
static bool draw(struct errand *e, void *to, size_t n)
{
    if (e->admin->secret(to, n) == 0)
        return true;
    errand_no(e, &(struct no){503, "no_chance",
                              STR("The system gives no random bytes."),
                              STR_NONE, NULL});
    return false;
}

static bool new_text(struct errand *e, char text[KEEPER_TEXT])
{
    unsigned char dice[KEEPER_DICE];
    if (!draw(e, dice, sizeof dice))
        return false;
    keeper_text(text, dice);
    mac_wipe(dice, sizeof dice);
    return true;
}

/* True: it is done, and logged. */
static bool perform(struct deed *d, const char *what)
{
    unsigned char fresh[MAC_KEY];
    struct store_why why = {.result = STORE_OK};
    struct errand *e = d->e;
    if (!draw(e, fresh, sizeof fresh))
        return false;
    enum store_result result =
        clients_change(e->admin->clients, fresh, do_deed, d, &why);
    mac_wipe(fresh, sizeof fresh);
    if (e->conn == NULL)
        return false;
    if (result == STORE_OK)
        audit_change(e, what, d->id, d->mark);
    else if (result == STORE_MISSING)
        missing(e, d->id);
    else
        no_store(e, &why);
    return result == STORE_OK;
}

static enum store_result act_add(struct deed *d, struct keeper *k,
                                 struct store_why *why)
{
    return keeper_add(k, &d->key, str_of(d->text), why);
}

void keys_add(struct errand *e, str none)
{
    char id[8 + 2 * KEEPER_ID] = "key_";
    unsigned char dice[KEEPER_ID];
    struct deed d = {.e = e, .act = act_add};
    (void)none;
    d.key = (struct client_key){
        .created = calendar(e), .expires = NANOS_NEVER, .revoked = NANOS_NEVER};
    if (!record_take(e, &d.key) || !draw(e, dice, sizeof dice) ||
        !new_text(e, d.text))
        return;
    str_hex(id + 4, dice, sizeof dice);
    d.id = d.key.id = str_of(id);
    if (perform(&d, "add"))
        tell_key(e, 201, d.id, str_of(d.text));
    mac_wipe(d.text, sizeof d.text);
}

/* Over what it says already, so that what is not named stays. */
static bool apply(void *user, struct client_key *key)
{
    struct deed *d = user;
    if (key->revoked == NANOS_NEVER)
        return record_take(d->e, key);
    is_revoked(d->e);
    return false;
}

static enum store_result act_change(struct deed *d, struct keeper *k,
                                    struct store_why *why)
{
    return keeper_edit(k, d->id, apply, d, why);
}

void keys_change(struct errand *e, str id)
{
    struct deed d = {.e = e, .act = act_change, .id = id};
    if (perform(&d, "change"))
        tell_key(e, 200, id, STR_NONE);
}

static enum store_result act_revoke(struct deed *d, struct keeper *k,
                                    struct store_why *why)
{
    return keeper_revoke(k, d->id, calendar(d->e), why);
}

void keys_revoke(struct errand *e, str id)
{
    struct deed d = {.e = e, .act = act_revoke, .id = id};
    if (perform(&d, "revoke"))
        tell_key(e, 200, id, STR_NONE);
}

static enum store_result act_rotate(struct deed *d, struct keeper *k,
                                    struct store_why *why)
{
    return keeper_rotate(k, d->id, str_of(d->text), why);
}

void keys_rotate(struct errand *e, str id)
{
    struct deed d = {.e = e, .act = act_rotate, .id = id};
    if (!new_text(e, d.text))
        return;
    if (perform(&d, "rotate"))
        tell_key(e, 200, id, str_of(d.text));
    mac_wipe(d.text, sizeof d.text);
}
