/*
** repeats.c -- the store of answers, opened when somebody first asks for it.
**
** A store that cannot be opened is tried again every few seconds, and said once.
** Until then marks are made with a secret of this process, which becomes the
** store's where that has none.
*/
#include "run/idempotency/repeats.h"

#include "base/defence.h"
#include "base/mem.h"
#include "run/events.h"
#include "run/realm/realm.h"

#define TRY_EVERY (5 * NANOS_S)

static void init(void *at)
{
    struct repeats *p = at;
    flights_init(&p->flights);
    pthread_mutex_init(&p->opening, NULL);
}

/* The store first: what is being written still has its flight. */
static void fini(void *at)
{
    struct repeats *p = at;
    idem_close(&p->idem);
    shelf_fini(&p->shelf);
    mac_maker_free(p->maker);
    mac_maker_free(p->older);
    flights_fini(&p->flights);
    pthread_mutex_destroy(&p->opening);
}

static const struct shared_kind kind = {.name = "idempotency",
                                        .size = sizeof(struct repeats),
                                        .most = 1,
                                        .init = init,
                                        .fini = fini};

struct repeats *repeats_of(struct realm *realm)
{
    return realm_share(realm, &kind, STR("idempotency"));
}

/* --- the store ------------------------------------------------------------- */

static void tell(struct runtime *rt, str text)
{
    if (realm_first(rt->realm, "idempotency", str_hash(text)))
        event_runtime(rt, "idempotency_unkept", text);
}

static void try_to_open(struct repeats *p, struct runtime *rt)
{
    struct store_why why;
    unsigned char fresh[MAC_KEY];
    const char *folder = realm_folder(rt->realm);
    nanos now = world_now(rt->world);
    if (p->open || folder == NULL ||
        (p->tried != 0 && now - p->tried < TRY_EVERY))
        return;
    p->tried = now | 1;
    memcpy(fresh, p->idem.secret, MAC_KEY);
    p->open = idem_open(&p->idem, folder, 0, fresh, &why) == STORE_OK;
    if (!p->open) {
        memcpy(p->idem.secret, fresh, MAC_KEY);
        tell(rt, str_of(why.text));
    }
    mac_wipe(fresh, sizeof fresh);
}

/* The store may have a secret of its own: what marks were made with until now is
** kept for those who are about it. */
static void renew_maker(struct repeats *p)
{
    p->older = p->maker;
    p->maker = NULL;
}

/* What makes marks; NULL: no memory. Opens the store if that can be done. */
static struct mac_maker *ready(struct repeats *p, struct runtime *rt)
{
    pthread_mutex_lock(&p->opening);
    bool was_open = p->open;
    if (!p->seeded)
        world_random(rt->world, p->idem.secret, MAC_KEY);
    p->seeded = true;
    try_to_open(p, rt);
    if (p->open && !was_open)
        renew_maker(p);
    if (p->maker == NULL)
        p->maker = mac_maker_new(p->idem.secret);
    struct mac_maker *maker = p->maker;
    pthread_mutex_unlock(&p->opening);
    return maker;
}

static bool has_store(struct repeats *p)
{
    pthread_mutex_lock(&p->opening);
    bool open = p->open;
    pthread_mutex_unlock(&p->opening);
    return open;
}

/* What the writer's thread met, and could not say. */
static void tell_trouble(struct repeats *p, struct runtime *rt)
{
    struct store_why why;
    int result = atomic_exchange(&p->trouble, STORE_OK);
    if (result == STORE_OK)
        return;
    store_say(&why, (enum store_result)result, "of kept answers", NULL);
    tell(rt, str_of(why.text));
}

/* --- marks ----------------------------------------------------------------- */

/* Who and under which name: the length keeps one from running into the other. */
static bool mark_of(struct mac_maker *maker, const struct repeats_ask *ask,
                    struct mac *mark)
{
    struct buf text;
    str caller = DEFENCE(idem_caller) ? ask->caller : STR("");
    buf_init(&text, caller.n + ask->key.n + 64);
    buf_int(&text, (int64_t)caller.n);
    buf_byte(&text, ':');
    buf_add(&text, caller);
    buf_byte(&text, ask->origin);
    buf_add(&text, ask->key);
    bool made = buf_ok(&text) && mac_make(maker, buf_str(&text), mark);
    mac_wipe(text.p, text.n);
    buf_fini(&text);
    return made;
}

static bool print_of(struct mac_maker *maker, const struct repeats_ask *ask,
                     struct mac *print)
{
    struct mac body;
    char room[MAC_BYTES + 64];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    if (!mac_make(maker, ask->body, &body))
        return false;
    buf_add(&text, (str){(const char *)body.byte, MAC_BYTES});
    buf_add(&text, ask->endpoint);
    return buf_ok(&text) && mac_make(maker, buf_str(&text), print);
}

bool repeats_marks(struct repeats *p, struct runtime *rt,
                   const struct repeats_ask *ask, struct mac *mark,
                   struct mac *print)
{
    struct mac_maker *maker = ready(p, rt);
    tell_trouble(p, rt);
    return maker != NULL && mark_of(maker, ask, mark) &&
           print_of(maker, ask, print);
}

/* --- answers --------------------------------------------------------------- */

static struct idem_answer *find_on_shelf(struct repeats *p, nanos now,
                                         const struct mac *mark)
{
    pthread_mutex_lock(&p->opening);
    struct idem_answer *answer = shelf_find(&p->shelf, mark, now);
    pthread_mutex_unlock(&p->opening);
    return answer;
}

bool repeats_find(struct repeats *p, struct runtime *rt, const struct mac *mark,
                  struct idem_answer **answer)
{
    *answer = NULL;
    nanos now = world_calendar(rt->world);
    if (!has_store(p)) {
        *answer = find_on_shelf(p, now, mark);
        return true;
    }
    enum store_result result = idem_find(&p->idem, mark, now, answer);
    if (result != STORE_OK && result != STORE_MISSING)
        atomic_store(&p->trouble, (int)result);
    return result != STORE_MEMORY;
}

bool repeats_record(struct repeats *p, size_t n)
{
    size_t before = atomic_fetch_add(&p->recording, n);
    if (n <= REPEATS_MOST && before <= REPEATS_MOST - n)
        return true;
    atomic_fetch_sub(&p->recording, n);
    return false;
}

void repeats_unrecord(struct repeats *p, size_t n)
{
    atomic_fetch_sub(&p->recording, n);
}

/* [the writer's thread] */
static void kept(struct idem_row *row)
{
    struct repeats *p = row->user;
    if (row->batch.result != STORE_OK)
        atomic_store(&p->trouble, (int)row->batch.result);
    flights_forget(&p->flights, &row->mark);
    idem_row_fini(row);
    mem_free(row);
}

/* Hand it to the store, which answers `kept`. */
static bool write_row(struct repeats *p, struct idem_row *row,
                      const struct idem_answer *answer, nanos now, nanos ttl)
{
    row->user = p;
    row->kept = kept;
    enum store_result result = idem_keep(&p->idem, row, answer, now, ttl);
    if (result == STORE_OK)
        return true;
    atomic_store(&p->trouble, (int)result);
    idem_row_fini(row);
    mem_free(row);
    return false;
}

/* Before it lands, so that at no moment somebody finds neither. */
static bool shelve(struct repeats *p, struct runtime *rt,
                   const struct repeats_end *end)
{
    nanos now = world_calendar(rt->world);
    if (realm_folder(rt->realm) != NULL)
        return false;
    pthread_mutex_lock(&p->opening);
    bool done =
        shelf_put(&p->shelf, end->mark, end->answer, now, now + end->ttl);
    pthread_mutex_unlock(&p->opening);
    return done;
}

/* The answer stays in its flight until it can be found on the disk. */
bool repeats_land(struct repeats *p, struct runtime *rt,
                  const struct repeats_end *end)
{
    struct idem_row *row = has_store(p) ? mem_zero(sizeof *row) : NULL;
    bool shelved = row == NULL && shelve(p, rt, end);
    if (row != NULL)
        row->mark = *end->mark;
    flights_land(&p->flights, end->seat, end->answer, row != NULL);
    if (row == NULL)
        return shelved;
    if (write_row(p, row, end->answer, world_calendar(rt->world), end->ttl))
        return true;
    flights_forget(&p->flights, end->mark);
    return false;
}
