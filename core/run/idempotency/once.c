/*
** once.c -- one request's way past the others of its mark.
**
** Whoever waits is a request like any other, whose policy has not begun: it has
** its deadline, its client may leave, and it ends when we stop. Another thread
** that has news of it nudges its runtime, which looks at all that wait there.
*/
#include "run/idempotency/once.h"

#include <lauxlib.h>

#include "base/defence.h"
#include "run/answer.h"
#include "run/generation.h"
#include "run/idempotency/recording.h"
#include "run/path.h"
#include "run/task.h"

#define ENDPOINT    STR("POST /chat/completions")
#define COME_AGAIN  NANOS_S /* after waiting in vain */
#define FROM_CLIENT 'c'
#define FROM_POLICY 'p'
#define STEP        STR("idempotency")

struct once {
    struct ending ending; /* first */
    struct request *request;
    struct repeats *repeats;
    str caller, key;
    struct mac mark, print;
    struct flight_seat seat;
    struct recording recording;
    /* While it waits: */
    struct timer timer;
    struct once *next, **place; /* in runtime.onces; NULL: it does not */
};

#define OWNER(member, p) \
    ((struct once *)(void *)((char *)(p)-offsetof(struct once, member)))

static void go_on(struct once *o, enum flight_word word,
                  const struct idem_answer *answer);

bool once_want(struct request *r, str caller, str key)
{
    struct once *o = arena_zero(&r->arena, sizeof *o);
    if (o == NULL)
        return false;
    o->request = r;
    o->caller = arena_copy(&r->arena, caller);
    o->key = arena_copy(&r->arena, key);
    r->once = o;
    return o->caller.p != NULL && (o->key.p != NULL || key.p == NULL);
}

/* --- saying no ------------------------------------------------------------- */

static void refuse_other(struct request *r)
{
    struct error_shape e = {
        .message = STR("This idempotency key was used for another request. "
                       "Send a key of its own with each request, and the same "
                       "body with a key that was used."),
        .type = STR("invalid_request_error"),
        .code = STR("idempotency_key_reused"),
    };
    request_step(r, STEP, "other_body");
    answer_error(r, 422, &e);
}

static void refuse_busy(struct request *r)
{
    str text = STR("The first request with this idempotency key is still "
                   "being answered. Send it again in a moment.");
    struct written_reply *w = arena_zero(&r->arena, sizeof *w + text.n);
    if (w == NULL) {
        request_stop(r, OUTCOME_SHUTDOWN);
        return;
    }
    *w = (struct written_reply){.kind = WRITTEN_REFUSE,
                                .status = 409,
                                .code = "idempotency_in_progress",
                                .wait = COME_AGAIN,
                                .again = true,
                                .len = text.n};
    memcpy(w->text, text.p, text.n);
    answer_written(r, w);
}

/* No memory to know it again. It may have been run before, so it is not run. */
static void refuse_unknown(struct request *r)
{
    struct error_shape e = {
        .message = STR("There is no memory to see whether a request with this "
                       "idempotency key was answered before. Send it again in "
                       "a moment."),
        .type = STR("server_error"),
        .code = STR("no_memory"),
    };
    if (DEFENCE(idem_unknown))
        answer_error(r, 503, &e);
    else
        task_begin(r);
}

/* --- running --------------------------------------------------------------- */

/* What the client was told is there to be kept, or it is not. */
static void ended(struct recording *rec, const struct idem_answer *told)
{
    struct once *o = OWNER(recording, rec);
    struct request *r = o->request;
    struct idem_answer *answer = NULL;
    if (told != NULL) {
        struct idem_answer whole = *told;
        whole.print = o->print;
        answer = idem_answer_new(&whole);
    }
    if (rec->lost != NULL)
        request_step(r, STEP, rec->lost);
    if (answer == NULL)
        return; /* the ending gives up the seat */
    struct repeats_end come = {&o->seat, &o->mark, answer,
                               r->gen->idempotent.ttl};
    if (!repeats_land(o->repeats, r->rt, &come))
        request_step(r, STEP, "unkept");
    idem_answer_release(answer);
}

static void replay(struct request *r, const struct idem_answer *answer)
{
    request_step(r, STEP, "replayed");
    answer_kept(r, answer);
}

/* It is this one's turn: unless it was answered before, by whomever. */
static void run(struct once *o)
{
    struct request *r = o->request;
    struct idem_answer *answer;
    if (!repeats_find(o->repeats, r->rt, &o->mark, &answer)) {
        refuse_unknown(r);
    } else if (answer == NULL) {
        o->recording.ended = ended;
        recording_begin(&o->recording, r, o->repeats);
        task_begin(r);
    } else if (!mac_eq(&answer->print, &o->print) && DEFENCE(idem_print)) {
        flights_leave(&o->repeats->flights, &o->seat);
        refuse_other(r);
    } else {
        flights_land(&o->repeats->flights, &o->seat, answer, false);
        replay(r, answer);
    }
    idem_answer_release(answer);
}

/* --- waiting --------------------------------------------------------------- */

static void link_in(struct once *o, struct once **list)
{
    o->next = *list;
    o->place = list;
    if (o->next != NULL)
        o->next->place = &o->next;
    *list = o;
}

static void unlink_from(struct once *o)
{
    if (o->place == NULL)
        return;
    *o->place = o->next;
    if (o->next != NULL)
        o->next->place = o->place;
    o->place = NULL;
}

/* In a turn of its own, out of the line. */
static void leave_line(struct once *o, enum flight_word word,
                       const struct idem_answer *answer)
{
    struct request *r = o->request;
    uint64_t serial = r->serial;
    bool outermost = request_enter(r);
    unlink_from(o);
    timer_stop(r->rt->world, &o->timer);
    go_on(o, word, answer);
    if (r->serial == serial)
        request_leave(r, outermost);
}

/* First those who have news are told apart, since the others may end, or come,
** with each of them. */
static void look_around(struct nudge *nudge)
{
    struct runtime *rt =
        (struct runtime *)(void *)((char *)nudge -
                                   offsetof(struct runtime, onces_moved));
    struct once *ready = NULL, *next;
    const struct idem_answer *answer;
    for (struct once *o = rt->onces; o != NULL; o = next) {
        next = o->next;
        struct flights *f = &o->repeats->flights;
        if (flights_look(f, &o->seat, &answer) == FLIGHT_WAITS)
            continue;
        unlink_from(o);
        link_in(o, &ready);
    }
    while (ready != NULL) {
        struct once *o = ready;
        struct flights *f = &o->repeats->flights;
        enum flight_word word = flights_look(f, &o->seat, &answer);
        leave_line(o, word, answer);
    }
}

static void moved(struct flight_seat *seat) /* [any thread] */
{
    struct runtime *rt = OWNER(seat, seat)->request->rt;
    world_nudge(rt->world, &rt->onces_moved);
}

/* It has waited as long as it may. */
static void on_deadline(struct timer *t)
{
    struct once *o = OWNER(timer, t);
    struct flights *f = &o->repeats->flights;
    const struct idem_answer *answer;
    enum flight_word word = flights_look(f, &o->seat, &answer);
    if (word == FLIGHT_WAITS)
        flights_leave(f, &o->seat);
    leave_line(o, word, answer);
}

static void wait(struct once *o)
{
    struct request *r = o->request;
    request_step(r, STEP, "waited");
    link_in(o, &r->rt->onces);
    r->rt->onces_moved.run = look_around;
    o->timer.fire = on_deadline;
    timer_start(r->rt->world, &o->timer, r->deadline);
}

static void go_on(struct once *o, enum flight_word word,
                  const struct idem_answer *answer)
{
    switch (word) {
    case FLIGHT_RUNS:
        run(o);
        break;
    case FLIGHT_ANSWERED:
        replay(o->request, answer);
        break;
    case FLIGHT_OTHER:
        refuse_other(o->request);
        break;
    case FLIGHT_WAITS:
        refuse_busy(o->request);
        break;
    default: /* no seat */
        refuse_unknown(o->request);
    }
}

/* --- beginning and ending -------------------------------------------------- */

/* Whoever was to run and did not come to an answer gives the turn away. */
static void end(struct ending *ending, struct request *r)
{
    struct once *o = (struct once *)(void *)ending;
    unlink_from(o);
    timer_stop(r->rt->world, &o->timer);
    flights_leave(&o->repeats->flights, &o->seat);
}

static void join(struct once *o, char origin)
{
    struct request *r = o->request;
    const struct idem_answer *answer = NULL;
    struct repeats_ask ask = {.caller = o->caller,
                              .origin = origin,
                              .key = o->key,
                              .endpoint = ENDPOINT,
                              .body = r->body};
    o->repeats = repeats_of(r->rt->realm);
    if (o->repeats == NULL ||
        !repeats_marks(o->repeats, r->rt, &ask, &o->mark, &o->print)) {
        refuse_unknown(r);
        return;
    }
    struct flights *f = &o->repeats->flights;
    o->seat.moved = moved;
    o->ending.run = end;
    request_on_end(r, &o->ending);
    enum flight_word word = flights_join(f, &o->seat, &o->mark, &o->print);
    if (word == FLIGHT_ANSWERED)
        flights_look(f, &o->seat, &answer);
    if (word == FLIGHT_WAITS)
        wait(o);
    else
        go_on(o, word, answer);
}

void once_begin(struct request *r)
{
    if (r->gen->idempotent.key == LUA_NOREF) {
        join(r->once, FROM_CLIENT);
        return;
    }
    r->keying = true;
    task_begin(r);
}

void once_keyed(struct request *r, str key)
{
    struct once *o = r->once;
    o->key = arena_copy(&r->arena, key);
    r->keying = false;
    task_end(r); /* `key` lay on its stack */
    if (o->key.n > 0)
        join(o, FROM_POLICY);
    else
        task_begin(r);
}
