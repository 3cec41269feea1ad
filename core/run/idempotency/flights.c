/*
** flights.c -- a table of flights by their marks, and a line in each.
**
** A flight is there as long as somebody runs in it, or its answer stays. Those
** who have been given the answer have no more to do with it.
*/
#include "run/idempotency/flights.h"

#include "base/defence.h"
#include "base/mem.h"

struct flight {
    struct flight *next; /* in its bucket */
    struct mac mark, print;
    struct flight_seat *first, **last; /* who waits, the longest first */
    struct idem_answer *answer;        /* landed, and stays */
};

void flights_init(struct flights *f)
{
    pthread_mutex_init(&f->lock, NULL);
}

static void drop(struct flight **at)
{
    struct flight *flight = *at;
    *at = flight->next;
    idem_answer_release(flight->answer);
    mem_free(flight);
}

void flights_fini(struct flights *f)
{
    for (int i = 0; i < FLIGHT_BUCKETS; i++)
        while (f->buckets[i] != NULL)
            drop(&f->buckets[i]);
    pthread_mutex_destroy(&f->lock);
}

/* --- the table ------------------------------------------------------------- */

/* Marks are evenly spread, so any two bytes of one will do. */
static struct flight **bucket_of(struct flights *f, const struct mac *mark)
{
    unsigned i = mark->byte[0] | (unsigned)mark->byte[1] << 8;
    return &f->buckets[i % FLIGHT_BUCKETS];
}

/* Where the flight of that mark stands, or would. */
static struct flight **find(struct flights *f, const struct mac *mark)
{
    struct flight **at = bucket_of(f, mark);
    while (*at != NULL && !mac_eq(&(*at)->mark, mark))
        at = &(*at)->next;
    return at;
}

static void remove_flight(struct flights *f, struct flight *flight)
{
    struct flight **at = bucket_of(f, &flight->mark);
    while (*at != flight)
        at = &(*at)->next;
    drop(at);
}

/* --- joining --------------------------------------------------------------- */

static enum flight_word open_flight(struct flight **at,
                                    struct flight_seat *seat,
                                    const struct mac *mark,
                                    const struct mac *print)
{
    struct flight *flight = mem_zero(sizeof *flight);
    if (flight == NULL)
        return FLIGHT_NONE;
    flight->mark = *mark;
    flight->print = *print;
    flight->last = &flight->first;
    flight->next = *at;
    *at = flight;
    seat->flight = flight;
    return FLIGHT_RUNS;
}

static enum flight_word line_up(struct flight *flight, struct flight_seat *seat)
{
    if (flight->answer != NULL) {
        seat->answer = idem_answer_hold(flight->answer);
        return FLIGHT_ANSWERED;
    }
    seat->flight = flight;
    seat->next = NULL;
    *flight->last = seat;
    flight->last = &seat->next;
    return FLIGHT_WAITS;
}

enum flight_word flights_join(struct flights *f, struct flight_seat *seat,
                              const struct mac *mark, const struct mac *print)
{
    pthread_mutex_lock(&f->lock);
    struct flight **at = find(f, mark);
    if (*at == NULL)
        seat->word = open_flight(at, seat, mark, print);
    else if (!mac_eq(&(*at)->print, print) && DEFENCE(idem_flight_print))
        seat->word = FLIGHT_OTHER;
    else
        seat->word = line_up(*at, seat);
    enum flight_word word = seat->word;
    pthread_mutex_unlock(&f->lock);
    return word;
}

enum flight_word flights_look(struct flights *f, struct flight_seat *seat,
                              const struct idem_answer **answer)
{
    pthread_mutex_lock(&f->lock);
    enum flight_word word = seat->word;
    *answer = seat->answer;
    pthread_mutex_unlock(&f->lock);
    return word;
}

/* --- leaving --------------------------------------------------------------- */

static struct flight_seat *take_first(struct flight *flight)
{
    struct flight_seat *seat = flight->first;
    if (seat == NULL)
        return NULL;
    flight->first = seat->next;
    if (flight->first == NULL)
        flight->last = &flight->first;
    seat->next = NULL;
    return seat;
}

/* It is the turn of whoever waits longest; without anybody the flight is over. */
static void pass_on(struct flights *f, struct flight *flight)
{
    struct flight_seat *next = take_first(flight);
    if (next == NULL) {
        remove_flight(f, flight);
        return;
    }
    next->word = FLIGHT_RUNS;
    next->moved(next);
}

static void step_out(struct flight *flight, struct flight_seat *seat)
{
    struct flight_seat **at = &flight->first;
    while (*at != seat)
        at = &(*at)->next;
    *at = seat->next;
    if (*at == NULL)
        flight->last = at;
}

static void vacate(struct flight_seat *seat)
{
    idem_answer_release(seat->answer);
    seat->answer = NULL;
    seat->flight = NULL;
    seat->word = FLIGHT_NONE;
}

void flights_leave(struct flights *f, struct flight_seat *seat)
{
    pthread_mutex_lock(&f->lock);
    if (seat->word == FLIGHT_RUNS && DEFENCE(idem_pass_on))
        pass_on(f, seat->flight);
    else if (seat->word == FLIGHT_WAITS)
        step_out(seat->flight, seat);
    vacate(seat);
    pthread_mutex_unlock(&f->lock);
}

/* --- landing --------------------------------------------------------------- */

void flights_land(struct flights *f, struct flight_seat *seat,
                  struct idem_answer *answer, bool stays)
{
    struct flight_seat *next;
    pthread_mutex_lock(&f->lock);
    struct flight *flight = seat->flight;
    while ((next = take_first(flight)) != NULL) {
        next->flight = NULL;
        next->answer = idem_answer_hold(answer);
        next->word = FLIGHT_ANSWERED;
        next->moved(next);
    }
    if (stays)
        flight->answer = idem_answer_hold(answer);
    else
        remove_flight(f, flight);
    vacate(seat);
    pthread_mutex_unlock(&f->lock);
}

void flights_forget(struct flights *f, const struct mac *mark)
{
    pthread_mutex_lock(&f->lock);
    struct flight **at = find(f, mark);
    if (*at != NULL && (*at)->answer != NULL)
        drop(at);
    pthread_mutex_unlock(&f->lock);
}
