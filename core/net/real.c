/*
** real.c -- the one file that asks the system for time, chance and threads.
**
** Everything hangs on three libev watchers that live as long as the world:
**
**     alarm    one timer for all timers, armed at the earliest due
**     prepare  runs the `later` list just before the loop would sleep
**     bell     other threads want something, or have finished a job
**     (sockets to upstreams come and go in plain/ and curl.c)
**
** The alarm is moved only when it must ring earlier. Most timers are deadlines
** that are stopped or moved on long before they are due; those cost a heap
** operation and never touch the loop. Ringing too early is harmless: nothing
** is due, and it is set anew.
**
** None of them counts as a reason for the loop to go on (ev_unref). A loop of
** our own gets one reference in exchange, which real_break overrules.
*/
#include "net/real.h"

#include <errno.h>
#include <ev.h>
#include <sys/random.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/mailbox.h"
#include "net/pool.h"
#include "net/timers.h"
#include "net/transports.h"

#define LONGEST_SLEEP (3600 * NANOS_S)
#define DICE_BYTES    4096
#define MEND          (20 * NANOS_MS) /* until the bell is watched again */

struct posted {
    struct nudge nudge;
    void (*fn)(void *);
    void *arg;
};

struct real {
    struct world base;
    struct transport *transport;
    struct ev_loop *loop;
    bool loop_is_ours;
    ev_timer alarm;
    ev_prepare prepare;
    ev_io bell;
    struct timer mend; /* of a bell that libev has stopped to watch */
    struct timers timers;
    nanos armed; /* when the alarm rings */
    struct later *later_first, *later_last;
    struct mailbox mail;
    struct pool pool;
    void (*log)(void *, const char *line, size_t len);
    void *user;
    size_t dice_left;
    unsigned char dice[DICE_BYTES];
};

static struct real *real_of(struct world *w)
{
    return (struct real *)w;
}

/* --- clocks, dice, log --------------------------------------------------- */

static nanos read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (nanos)t.tv_sec * NANOS_S + t.tv_nsec;
}

static nanos now(struct world *w)
{
    (void)w;
    return read_clock(CLOCK_MONOTONIC);
}

nanos real_calendar(void)
{
    return read_clock(CLOCK_REALTIME);
}

static nanos calendar(struct world *w)
{
    (void)w;
    return real_calendar();
}

int real_secret(void *to, size_t n)
{
    return getrandom(to, n, 0) == (ssize_t)n ? 0 : ERR_SYSTEM;
}

nanos real_cpu(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static nanos cpu(struct world *w)
{
    (void)w;
    return real_cpu();
}

/* Where the kernel has no dice: the clock, stirred (splitmix64). Good enough
** to tell identifiers apart, which is all that they are for. */
static void stir(struct real *r, size_t from)
{
    uint64_t x = (uint64_t)now(&r->base) ^ (uint64_t)(uintptr_t)r;
    for (; from < DICE_BYTES; from++) {
        x += 0x9e3779b97f4a7c15u;
        uint64_t z = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        r->dice[from] = (unsigned char)(z >> 56);
    }
}

/* The kernel gives up to 256 bytes at once and may be interrupted above. */
static void throw_dice(struct real *r)
{
    size_t got = 0;
    while (got < DICE_BYTES) {
        ssize_t n = getrandom(r->dice + got, DICE_BYTES - got, 0);
        if (n < 0 && errno != EINTR)
            break;
        got += n > 0 ? (size_t)n : 0;
    }
    stir(r, got);
    r->dice_left = DICE_BYTES;
}

static void random_bytes(struct world *w, void *to, size_t n)
{
    struct real *r = real_of(w);
    for (char *at = to; n > 0;) {
        if (r->dice_left == 0)
            throw_dice(r);
        size_t some = n < r->dice_left ? n : r->dice_left;
        r->dice_left -= some;
        memcpy(at, r->dice + r->dice_left, some);
        at += some;
        n -= some;
    }
}

static void log_line(struct world *w, str line)
{
    struct real *r = real_of(w);
    if (r->log != NULL)
        r->log(r->user, line.p, line.n);
}

/* --- timers --------------------------------------------------------------- */

/* See to it that the alarm rings by `due`. libev counts from the start of
** this turn, a little before now, so it may ring that little too early. */
static void arm(struct real *r, nanos due)
{
    if (due >= r->armed)
        return;
    nanos at = now(&r->base);
    nanos sleep = due > at ? due - at : 1;
    r->armed = due;
    r->alarm.repeat = (double)sleep / 1e9;
    ev_timer_again(r->loop, &r->alarm);
}

static void arm_next(struct real *r)
{
    nanos due = timers_due(&r->timers);
    nanos latest = now(&r->base) + LONGEST_SLEEP;
    r->armed = NANOS_NEVER;
    arm(r, due < latest ? due : latest);
}

/* Fire what is due; at most as many as there are, so that timers that start
** themselves anew do not keep the sockets waiting. */
static void ring(struct ev_loop *loop, ev_timer *alarm, int events)
{
    struct real *r = alarm->data;
    nanos at = now(&r->base);
    struct timer *t;
    (void)loop, (void)events;
    for (size_t n = r->timers.n; n > 0; n--) {
        if ((t = timers_pop(&r->timers, at)) == NULL)
            break;
        t->fire(t);
    }
    arm_next(r);
}

static void start_timer(struct world *w, struct timer *t, nanos due)
{
    struct real *r = real_of(w);
    if (timers_start(&r->timers, t, due) == 0)
        arm(r, due);
}

static void stop_timer(struct world *w, struct timer *t)
{
    timers_stop(&real_of(w)->timers, t);
}

/* --- later, post, execute ------------------------------------------------- */

static void queue_later(struct world *w, struct later *l)
{
    struct real *r = real_of(w);
    if (l->queued)
        return;
    l->queued = true;
    l->next = NULL;
    if (r->later_first == NULL)
        r->later_first = l;
    else
        r->later_last->next = l;
    r->later_last = l;
}

/* What is queued meanwhile runs too: the loop never sleeps over work. */
static void run_later(struct real *r)
{
    struct later *l;
    while ((l = r->later_first) != NULL) {
        r->later_first = l->next;
        l->queued = false;
        l->run(l);
    }
}

static void before_sleep(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    (void)loop, (void)events;
    run_later(prepare->data);
}

static void nudge(struct world *w, struct nudge *n)
{
    mailbox_put(&real_of(w)->mail, n);
}

static void run_posted(struct nudge *n)
{
    struct posted it = *(struct posted *)n;
    mem_free(n);
    it.fn(it.arg);
}

static int post(struct world *w, void (*fn)(void *), void *arg)
{
    struct posted *p = mem_alloc(sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    *p = (struct posted){{.run = run_posted}, fn, arg};
    mailbox_put(&real_of(w)->mail, &p->nudge);
    return 0;
}

static void run_finished(struct real *r)
{
    for (struct job *next, *j = pool_take(&r->pool); j != NULL; j = next) {
        next = j->next;
        j->done(j);
    }
}

static void watch_bell(struct timer *t)
{
    struct real *r = (struct real *)((char *)t - offsetof(struct real, mend));
    ev_io_start(r->loop, &r->bell);
    ev_unref(r->loop);
}

static void woken(struct ev_loop *loop, ev_io *bell, int events)
{
    struct real *r = bell->data;
    if (events & EV_ERROR) {
        ev_ref(loop); /* it was stopped, and that took its reference */
        start_timer(&r->base, &r->mend, now(&r->base) + MEND);
    }
    mailbox_hush(&r->mail);
    mailbox_run(&r->mail);
    run_finished(r);
}

static void wake(void *arg)
{
    struct real *r = arg;
    mailbox_ring(&r->mail);
}

static void execute(struct world *w, struct job *j)
{
    pool_add(&real_of(w)->pool, j);
}

static struct transport *transport(struct world *w)
{
    return real_of(w)->transport;
}

/* --- open, run, close ----------------------------------------------------- */

static const struct world_ops world_ops = {
    .now = now,
    .calendar = calendar,
    .cpu = cpu,
    .stopwatch = now,
    .random = random_bytes,
    .timer_start = start_timer,
    .timer_stop = stop_timer,
    .later = queue_later,
    .post = post,
    .nudge = nudge,
    .execute = execute,
    .log = log_line,
    .transport = transport,
};

static void start_watchers(struct real *r)
{
    ev_timer_init(&r->alarm, ring, 0., 0.);
    ev_prepare_init(&r->prepare, before_sleep);
    ev_io_init(&r->bell, woken, r->mail.bell, EV_READ);
    ev_set_priority(&r->prepare, EV_MINPRI); /* after everybody else's */
    r->alarm.data = r->prepare.data = r->bell.data = r;
    r->mend.fire = watch_bell;
    arm_next(r);
    ev_prepare_start(r->loop, &r->prepare);
    ev_io_start(r->loop, &r->bell);
    for (int i = 0; i < 3; i++)
        ev_unref(r->loop);
    if (r->loop_is_ours)
        ev_ref(r->loop);
}

/* libev hears of a descriptor that epoll refuses just before it sleeps, and
** sleeps nevertheless before it tells. */
static void about_to_sleep(struct ev_loop *loop)
{
    struct real *r = ev_userdata(loop);
    if (ev_pending_count(loop) > 0)
        mailbox_ring(&r->mail);
}

/* On a loop of ours the bell must be watched from the start. */
static int settle_in(struct real *r)
{
    ev_set_userdata(r->loop, r);
    ev_run(r->loop, EVRUN_NOWAIT);
    ev_set_loop_release_cb(r->loop, about_to_sleep, NULL);
    return ev_is_active(&r->bell) ? 0 : ERR_SYSTEM;
}

static void stop_watchers(struct real *r)
{
    for (int i = 0; i < 3; i++)
        ev_ref(r->loop);
    ev_timer_stop(r->loop, &r->alarm);
    ev_prepare_stop(r->loop, &r->prepare);
    if (!ev_is_active(&r->bell))
        ev_unref(r->loop);
    ev_io_stop(r->loop, &r->bell);
    if (r->loop_is_ours)
        ev_loop_destroy(r->loop);
}

static int open_loop(struct real *r, struct ev_loop *loop)
{
    int rc = timers_init(&r->timers);
    if (rc != 0)
        return rc;
    r->loop_is_ours = loop == NULL;
    rc = mailbox_open(&r->mail);
    if (rc == 0)
        r->loop = loop != NULL ? loop : ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (r->loop != NULL)
        return 0;
    if (rc == 0)
        mailbox_close(&r->mail);
    timers_fini(&r->timers);
    return ERR_SYSTEM;
}

int real_open(struct world **out, struct ev_loop *loop,
              void (*log)(void *, const char *line, size_t len), void *user)
{
    struct real *r = mem_zero(sizeof *r);
    if (r == NULL)
        return ERR_MEMORY;
    r->base.ops = &world_ops;
    r->log = log;
    r->user = user;
    int rc = open_loop(r, loop);
    if (rc != 0) {
        mem_free(r);
        return rc;
    }
    pool_init(&r->pool, wake, r);
    start_watchers(r);
    if (r->loop_is_ours)
        rc = settle_in(r);
    if (rc != 0 ||
        (rc = transports_open(&r->transport, &r->base, r->loop)) != 0)
        real_close(&r->base);
    else
        *out = &r->base;
    return rc;
}

void real_close(struct world *w)
{
    if (w == NULL)
        return;
    struct real *r = real_of(w);
    run_later(r); /* some of it frees what was closed before */
    pool_fini(&r->pool);
    for (struct nudge *n; (n = mailbox_take(&r->mail)) != NULL;)
        if (n->run == run_posted)
            mem_free(n);
    transports_close(r->transport); /* a nudge of theirs may have been there */
    stop_watchers(r);
    mailbox_close(&r->mail);
    timers_fini(&r->timers);
    mem_free(r);
}

struct ev_loop *real_loop(struct world *w)
{
    return real_of(w)->loop;
}

void real_run(struct world *w)
{
    ev_run(real_of(w)->loop, 0);
}

void real_step(struct world *w, nanos wait)
{
    struct real *r = real_of(w);
    if (wait > 0)
        arm(r, now(w) + wait);
    ev_ref(r->loop); /* a turn may sleep even where nobody else waits */
    ev_run(r->loop, wait > 0 ? EVRUN_ONCE : EVRUN_NOWAIT);
    ev_unref(r->loop);
    run_later(r);
}

void real_break(struct world *w)
{
    ev_break(real_of(w)->loop, EVBREAK_ALL);
}

void real_catch_up(struct world *w)
{
    mailbox_run(&real_of(w)->mail);
}
