/*
** booking.c -- what a request used, and when it is written.
**
** A request is booked once: where the call that answered it is, or under no
** model when none did. Its calls are booked one by one, those too that were
** dropped or failed: somebody may charge for them.
*/
#include "serve/books/booking.h"

#include <stdio.h>

#include "net/call/used.h"
#include "run/cost.h"
#include "run/events.h"
#include "run/path.h"
#include "run/realm/realm.h"
#include "serve/service.h"

#define WINDOW  (250 * NANOS_MS) /* what a process that is killed may lose */
#define AGAIN   (5 * NANOS_S)    /* after a flush that failed */
#define LONGEST (USAGE_LONGEST + 1)

#define OWNER(thing, member)                                             \
    ((struct service *)(void *)((char *)(thing)-offsetof(struct service, \
                                                         booking.member)))

static const struct shared_kind kind = {.name = "usage",
                                        .size = sizeof(struct book),
                                        .most = 1,
                                        .init = book_init,
                                        .fini = book_fini};

/* --- what was used --------------------------------------------------------- */

/* "provider/model"; a model that clients made up may be too long. */
static str model_of(const struct call *c, char room[LONGEST])
{
    str provider = c->ask.provider->name, model = c->ask.model;
    if (provider.n + 1 + model.n > USAGE_LONGEST)
        model = STR(USAGE_OTHER);
    struct buf name = {.p = room, .cap = LONGEST, .max = LONGEST};
    buf_add(&name, provider);
    buf_byte(&name, '/');
    buf_add(&name, model);
    return buf_str(&name);
}

static void set_client(struct book_entry *e, const struct request *r)
{
    const struct client_key *key = r->key;
    e->names[USAGE_USER] = r->user;
    e->names[USAGE_FEATURE] = r->feature;
    if (key == NULL)
        return;
    e->names[USAGE_KEY] = key->id;
    e->names[USAGE_TEAM] = key->team;
    e->proven = (unsigned)(key->user.p != NULL) << USAGE_USER |
                (unsigned)(key->feature.p != NULL) << USAGE_FEATURE;
}

static struct usage_sums sums_of_call(const struct call *c)
{
    struct used used;
    call_used(c, &used);
    const struct usage *u = &used.usage;
    int64_t nano = cost_of_call(c);
    return (struct usage_sums){{
        [USAGE_CALLS] = 1,
        [USAGE_FAILED] = c->fault.kind != FAULT_NONE,
        [USAGE_PROMPT] = u->prompt,
        [USAGE_COMPLETION] = u->completion,
        [USAGE_CACHED] = u->cached,
        [USAGE_REASONING] = u->reasoning,
        [USAGE_COST] = nano,
        [USAGE_UNPRICED] = nano < 0,
    }};
}

static void count_request(struct usage_sums *sums, const struct request *r)
{
    sums->of[USAGE_REQUESTS] = 1;
    sums->of[USAGE_ERRORS] = r->outcome == OUTCOME_BROKEN || r->status >= 400;
}

static bool was_sent(const struct step *s)
{
    return s->call != NULL && s->call->sent != 0;
}

static void book_request(struct book *book, const struct request *r, nanos now)
{
    char room[LONGEST];
    bool counted = false;
    struct book_entry e = {.day = USAGE_DAY_OF(now)};
    set_client(&e, r);
    for (const struct step *s = r->steps; s != NULL; s = s->next) {
        if (!was_sent(s))
            continue;
        e.sums = sums_of_call(s->call);
        e.names[USAGE_MODEL] = model_of(s->call, room);
        if (s->call == r->answer && !counted) {
            count_request(&e.sums, r);
            counted = true;
        }
        book_add(book, &e);
    }
    if (counted)
        return;
    e.sums = (struct usage_sums){{0}};
    e.names[USAGE_MODEL] = STR_NONE;
    count_request(&e.sums, r);
    book_add(book, &e);
}

/* --- when it is written ---------------------------------------------------- */

static void set_timer(struct service *s, nanos wait)
{
    struct world *world = s->rt->world;
    timer_start(world, &s->booking.timer, world_now(world) + wait);
}

static void arm(struct service *s)
{
    struct booking *b = &s->booking;
    b->more = b->busy;
    if (!b->busy && !timer_running(&b->timer))
        set_timer(s, WINDOW);
}

/* [any thread] With what came of it in b->last. */
static void write_now(struct service *s)
{
    struct booking *b = &s->booking;
    b->last = (struct book_flush){.result = STORE_OK};
    if (!book_holds(b->book))
        return;
    struct store *store = realm_store(s->rt->realm, &b->why);
    if (store == NULL) {
        b->last.result = b->why.result;
        return;
    }
    b->last = book_flush(b->book, store, b->now);
    if (b->last.result != STORE_OK)
        store_say(&b->why, b->last.result, store->path, NULL);
}

static void tell_failure(struct service *s)
{
    char text[sizeof s->booking.why.text + 80];
    const struct booking *b = &s->booking;
    stat_add(&s->rt->stats.usage_failed, 1);
    snprintf(text, sizeof text, "%s. Until then usage is held in memory.",
             b->why.text);
    if (realm_first(s->rt->realm, "usage", str_hash(str_of(b->why.text)) | 1))
        event_runtime(s->rt, "usage_unwritten", str_of(text));
}

static void tell_names(struct service *s)
{
    uint64_t day = (uint64_t)USAGE_DAY_OF(s->booking.now);
    if (realm_first(s->rt->realm, "usage names", day))
        event_runtime(s->rt, "usage_names",
                      STR("There are too many names of users, features and "
                          "models to tell all of them apart. More of them "
                          "today are booked as " USAGE_OTHER "."));
}

/* In the log: each once. */
static void tell(struct service *s)
{
    struct booking *b = &s->booking;
    bool failed = b->last.result != STORE_OK;
    if (failed)
        tell_failure(s);
    else if (b->failing && realm_first(s->rt->realm, "usage", 0))
        event_runtime(s->rt, "usage_written",
                      STR("What was used is written again."));
    b->failing = failed;
    if (b->last.crowded)
        tell_names(s);
    stat_add(&s->rt->stats.usage_lost, (uint64_t)b->last.lost);
}

static void work(struct job *j)
{
    struct service *s = OWNER(j, job);
    pthread_mutex_lock(&s->booking.lock);
    if (!s->booking.closed)
        write_now(s);
    pthread_mutex_unlock(&s->booking.lock);
}

static void done(struct job *j)
{
    struct service *s = OWNER(j, job);
    struct booking *b = &s->booking;
    b->busy = false;
    tell(s);
    if (b->failing)
        set_timer(s, AGAIN);
    else if (b->more)
        set_timer(s, WINDOW);
    b->more = false;
}

static void fire(struct timer *t)
{
    struct service *s = OWNER(t, timer);
    s->booking.now = world_calendar(s->rt->world);
    s->booking.busy = true;
    world_execute(s->rt->world, &s->booking.job);
}

/* --- all ------------------------------------------------------------------- */

struct booked {
    struct ending ending;
    struct service *service;
};

static void at_end(struct ending *ending, struct request *r)
{
    struct service *s = ((struct booked *)(void *)ending)->service;
    book_request(s->booking.book, r, world_calendar(s->rt->world));
    arm(s);
}

void booking_open(struct service *s, struct request *r)
{
    if (s->booking.book == NULL)
        return;
    struct booked *booked = arena_zero(&r->arena, sizeof *booked);
    if (booked == NULL)
        return;
    booked->ending.run = at_end;
    booked->service = s;
    request_on_end(r, &booked->ending);
}

void booking_init(struct service *s, int days)
{
    uint64_t dice[2];
    struct booking *b = &s->booking;
    *b = (struct booking){.timer = {.fire = fire},
                          .job = {.work = work, .done = done}};
    if (days <= 0 || realm_folder(s->rt->realm) == NULL)
        return;
    world_random(s->rt->world, dice, sizeof dice);
    b->book = realm_share(s->rt->realm, &kind, STR("usage"));
    if (b->book == NULL)
        return;
    book_setup(b->book, days, dice);
    pthread_mutex_init(&b->lock, NULL);
}

void booking_fini(struct service *s)
{
    struct booking *b = &s->booking;
    if (b->book == NULL)
        return;
    timer_stop(s->rt->world, &b->timer);
    pthread_mutex_lock(&b->lock);
    b->closed = true;
    b->now = world_calendar(s->rt->world);
    write_now(s);
    pthread_mutex_unlock(&b->lock);
    tell(s);
    b->book = NULL;
}
