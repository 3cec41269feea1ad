/*
** sim.c -- the simulated upstream as a transport: when it says what.
**
**     start -> connect -> head -> pour, pour, ... -> done
**               (0)     (latency)  (every 1/rate)
**
** A run is one timer going through these stages. The body is a number of
** pieces (a stream's events, or one whole reply), each due at an instant that
** depends on the script only; a misbehaviour is a smaller number of pieces, a
** different piece, or a different end. Pausing stops the pouring, not the
** clock: what has become due comes when reading goes on, as it would out of
** a socket.
*/
#include "net/sim.h"

#include "base/err.h"
#include "base/mem.h"
#include "net/sim_head.h"
#include "net/sim_reply.h"

#define LATENCY    (20 * NANOS_MS)
#define RATE       60.0                /* tokens per second */
#define SLOWEST    1e-3                /* no lower rate is kept to */
#define MOST_BYTES ((size_t)128 << 20) /* of a reply */
#define BURST      16384               /* bytes poured at once, about */

struct sim {
    struct transport base;
    struct world *world;
    uint64_t number; /* of requests begun */
};

enum stage { CONNECTING, THINKING, POURING };

struct run {
    struct sim *sim;
    struct exchange *x; /* NULL once ended or cancelled */
    struct timer timer;
    struct sim_script script;
    struct sim_reply reply;
    enum stage stage;
    int status;
    enum exchange_end end; /* how it will end */
    bool events;           /* a stream */
    int64_t pieces, made;  /* of the body: in all, so far */
    int64_t error_at;      /* this piece is an error event; -1: none is */
    nanos speaks;          /* when the head comes */
    nanos interval;        /* from word to word */
    int64_t dripped;       /* bytes poured, when they drip */
    struct buf stock;      /* made and not yet poured */
    bool paused;
    bool told; /* what it took */
    bool busy; /* in its timer: freed there */
};

/* --- what will happen ----------------------------------------------------- */

void sim_script_heal(struct sim_script *s)
{
    s->fails = 0;
    s->error = STR_NONE;
    s->cuts_after = s->error_event = 0;
    s->drips = 0;
    s->refuses = s->hangs = s->closes_early = s->garbage = false;
}

/* The script as it holds for this request: past `times` all is well. */
static struct sim_script script_now(const struct sim_script *s)
{
    struct sim_script now = *s;
    if (s->times <= 0 || s->count == NULL || (*s->count)++ < s->times)
        return now;
    *s->count = s->times;
    sim_script_heal(&now);
    return now;
}

static void plan_stream(struct run *r)
{
    const struct sim_script *s = &r->script;
    r->pieces = s->closes_early ? sim_reply_spoken(&r->reply)
                                : sim_reply_events(&r->reply);
    if (s->error_event != 0) {
        int64_t at = s->error_event > 0 ? s->error_event : 0;
        r->error_at = at < r->pieces ? at : r->pieces;
        r->pieces = r->error_at + 1;
    }
    if (s->cuts_after != 0 && s->cuts_after < r->pieces) {
        r->pieces = s->cuts_after > 0 ? s->cuts_after : 0;
        r->end = EXCHANGE_BROKEN;
    }
}

static void plan_time(struct run *r)
{
    const struct sim_script *s = &r->script;
    double rate = s->rate != 0 ? s->rate : r->events ? RATE : 0;
    nanos latency = s->latency != 0 ? s->latency : LATENCY;
    if (rate > 0 && rate < SLOWEST)
        rate = SLOWEST;
    r->interval = rate > 0 ? nanos_of(1 / rate) : 0;
    r->speaks = world_now(r->sim->world) + (latency > 0 ? latency : 0);
    if (!r->events && r->status == 200 && !s->garbage)
        r->speaks += r->interval * r->reply.words;
}

static int plan(struct run *r)
{
    struct sim *sim = r->sim;
    int rc = sim_reply_init(&r->reply, &r->script, r->x->body, sim->number++);
    if (rc == ERR_MEMORY)
        return rc;
    r->reply.created = world_calendar(sim->world) / NANOS_S;
    r->status = sim_reply_status(&r->script, rc != 0);
    r->events = r->status == 200 && r->reply.stream && !r->script.garbage;
    r->pieces = 1;
    r->error_at = -1;
    if (r->events)
        plan_stream(r);
    plan_time(r);
    return 0;
}

/* --- making pieces -------------------------------------------------------- */

/* When piece `made` is due. The role comes with the first word, what follows
** the words comes with the last. */
static nanos due(const struct run *r)
{
    int64_t word = r->made < r->reply.words ? r->made : r->reply.words;
    return r->speaks + (word > 1 ? (word - 1) * r->interval : 0);
}

static void make_whole(struct run *r)
{
    int64_t cut = r->script.cuts_after;
    if (r->status != 200)
        sim_reply_error(r->status, r->script.error, &r->stock);
    else if (r->script.garbage)
        sim_reply_garbage(&r->stock);
    else
        sim_reply_whole(&r->reply, &r->stock);
    if (cut == 0 || cut >= (int64_t)r->stock.n)
        return;
    r->stock.n = cut > 0 ? (size_t)cut : 0;
    r->end = EXCHANGE_BROKEN;
}

static void make_piece(struct run *r)
{
    if (!r->events)
        make_whole(r);
    else if (r->made == r->error_at)
        sim_reply_error_event(&r->stock);
    else
        sim_reply_event(&r->reply, (int)r->made, &r->stock);
    r->made++;
}

/* Make what is due; dripping makes the next when the last has dripped. */
static void make(struct run *r, nanos now)
{
    if (r->script.drips > 0) {
        while (r->stock.n == 0 && r->made < r->pieces)
            make_piece(r);
        return;
    }
    while (r->made < r->pieces && r->stock.n < BURST && due(r) <= now)
        make_piece(r);
}

/* How many bytes of the stock may go. */
static size_t allowed(const struct run *r, nanos now)
{
    if (r->script.drips <= 0)
        return r->stock.n;
    int64_t by_now = (now - r->speaks) / r->script.drips + 1 - r->dripped;
    return by_now < (int64_t)r->stock.n ? (size_t)by_now : r->stock.n;
}

/* --- the stages ----------------------------------------------------------- */

static void finish(struct run *r, enum exchange_end end, const char *detail)
{
    struct exchange *x = r->x;
    r->x = NULL;
    x->impl = NULL;
    x->events->done(x, end, str_of(detail));
}

static void finish_body(struct run *r)
{
    bool whole = r->end == EXCHANGE_OK;
    finish(r, r->end, whole ? "" : "the simulated upstream broke off");
}

/* Is what it took within the bytes that went, and did these end well? Of one that
** breaks off behind its usage nobody knows whether that was all. */
static bool has_told(const struct run *r)
{
    int64_t usage = r->events ? sim_reply_usage_event(&r->reply) : 0;
    bool honest = r->status == 200 && !r->script.garbage && r->error_at < 0 &&
                  !r->script.closes_early;
    bool whole = r->made == r->pieces && r->stock.n == 0;
    return honest && whole && r->end == EXCHANGE_OK && usage >= 0;
}

static void tell_usage(struct run *r)
{
    if (r->told || r->script.told == NULL || !has_told(r))
        return;
    r->told = true;
    r->script.told(r->script.user, r->reply.prompt, r->reply.words);
}

/* Pour what is due by `now`: true if there may be more to pour at once. */
static bool pour(struct run *r, nanos now)
{
    make(r, now);
    size_t n = allowed(r, now);
    if (!buf_ok(&r->stock)) {
        finish(r, EXCHANGE_MEMORY, "no memory for the simulated reply");
        return false;
    }
    if (n > 0)
        r->x->events->body(r->x, (str){r->stock.p, n});
    buf_drop(&r->stock, n);
    tell_usage(r);
    r->dripped += (int64_t)n;
    if (r->x == NULL)
        return false;
    if (r->made == r->pieces && r->stock.n == 0) {
        finish_body(r);
        return false;
    }
    return n > 0;
}

static void keep_pouring(struct run *r)
{
    nanos now = world_now(r->sim->world);
    while (!r->paused)
        if (!pour(r, now))
            break;
    if (r->x == NULL || r->paused)
        return;
    nanos next =
        r->script.drips > 0 ? r->speaks + r->dripped * r->script.drips : due(r);
    timer_start(r->sim->world, &r->timer, next);
}

static void count(int64_t *n)
{
    if (n != NULL)
        ++*n;
}

static void connect(struct run *r)
{
    count(r->script.refuses ? r->script.refused : r->script.arrivals);
    if (r->script.refuses) {
        finish(r, EXCHANGE_CONNECT, "the simulated upstream refuses");
        return;
    }
    r->x->events->connected(r->x);
    if (r->x == NULL || r->script.hangs)
        return;
    r->stage = THINKING;
    timer_start(r->sim->world, &r->timer, r->speaks);
}

/* An error says that nothing was made; but not that of somebody on the way who
** gave up waiting. */
static bool made_nothing(int status)
{
    return status >= 400 && status != 504 && status != 524;
}

static void speak(struct run *r)
{
    const char *type = "application/json";
    struct sim_head head;
    if (r->events)
        type = "text/event-stream; charset=utf-8";
    else if (r->status == 200 && r->script.garbage)
        type = "text/html";
    sim_head_make(&head, &r->script, r->status, type);
    r->stage = POURING;
    if (made_nothing(r->status))
        count(r->script.failed);
    r->x->events->head(r->x, r->status, head.fields, head.n);
    if (r->x != NULL)
        keep_pouring(r);
}

static void run_free(struct run *r)
{
    sim_reply_fini(&r->reply);
    buf_fini(&r->stock);
    mem_free(r);
}

static void fire(struct timer *timer)
{
    struct run *r = (struct run *)((char *)timer - offsetof(struct run, timer));
    r->busy = true;
    switch (r->stage) {
    case CONNECTING:
        connect(r);
        break;
    case THINKING:
        speak(r);
        break;
    case POURING:
        keep_pouring(r);
        break;
    }
    r->busy = false;
    if (r->x == NULL)
        run_free(r);
}

/* --- the transport -------------------------------------------------------- */

int sim_start(struct transport *t, struct exchange *x,
              const struct sim_script *script)
{
    struct sim *sim = (struct sim *)t;
    struct run *r = mem_zero(sizeof *r);
    if (r == NULL)
        return ERR_MEMORY;
    r->sim = sim;
    r->x = x;
    r->timer.fire = fire;
    r->script = script_now(script);
    buf_init(&r->stock, MOST_BYTES);
    int rc = plan(r);
    if (rc != 0) {
        run_free(r);
        return rc;
    }
    x->impl = r;
    timer_start(sim->world, &r->timer, world_now(sim->world));
    return 0;
}

static int start(struct transport *t, struct exchange *x)
{
    return sim_start(t, x, x->sim);
}

static void cancel(struct transport *t, struct exchange *x)
{
    struct run *r = x->impl;
    if (r == NULL)
        return;
    x->impl = NULL;
    r->x = NULL;
    timer_stop(((struct sim *)t)->world, &r->timer);
    if (!r->busy)
        run_free(r);
}

static void pause_reading(struct transport *t, struct exchange *x)
{
    struct run *r = x->impl;
    (void)t;
    if (r != NULL)
        r->paused = true;
}

static void resume(struct transport *t, struct exchange *x)
{
    struct run *r = x->impl;
    if (r == NULL || !r->paused)
        return;
    r->paused = false;
    if (r->stage == POURING && !r->busy && !timer_running(&r->timer)) {
        struct world *w = ((struct sim *)t)->world;
        timer_start(w, &r->timer, world_now(w));
    }
}

static const struct transport_ops ops = {start, cancel, pause_reading, resume};

int sim_open(struct transport **out, struct world *w)
{
    struct sim *sim = mem_zero(sizeof *sim);
    if (sim == NULL)
        return ERR_MEMORY;
    *sim = (struct sim){.base.ops = &ops, .world = w};
    *out = &sim->base;
    return 0;
}

void sim_close(struct transport *t)
{
    mem_free(t);
}
