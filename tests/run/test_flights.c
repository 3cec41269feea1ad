/*
** test_flights.c -- one runs, the others wait, and nobody is forgotten. The last
** ones have threads: run this under TSan too.
*/
#include <pthread.h>
#include <stdatomic.h>

#include "run/idempotency/flights.h"
#include "unit.h"

static struct flights flights;
static struct flight_seat seats[8];
static int moves[8];

static void moved(struct flight_seat *seat)
{
    moves[seat - seats]++;
}

static void begin(void)
{
    flights = (struct flights){.buckets = {NULL}};
    flights_init(&flights);
    for (int i = 0; i < 8; i++) {
        seats[i] = (struct flight_seat){.moved = moved};
        moves[i] = 0;
    }
}

static void end(void)
{
    for (int i = 0; i < 8; i++)
        flights_leave(&flights, &seats[i]);
    flights_fini(&flights);
}

static struct mac mac(int n)
{
    struct mac m = {{(unsigned char)n, (unsigned char)(n >> 8)}};
    return m;
}

static enum flight_word join(int seat, int mark, int print)
{
    struct mac m = mac(mark), p = mac(print);
    return flights_join(&flights, &seats[seat], &m, &p);
}

static const struct idem_answer *lent;

static enum flight_word look(int seat)
{
    return flights_look(&flights, &seats[seat], &lent);
}

static struct idem_answer *answer(void)
{
    struct idem_answer like = {.status = 200, .body = STR("said")};
    return idem_answer_new(&like);
}

static void the_first_runs_and_the_others_wait(void)
{
    begin();
    CHECK_INT(join(0, 1, 1), FLIGHT_RUNS);
    CHECK_INT(join(1, 1, 1), FLIGHT_WAITS);
    CHECK_INT(join(2, 2, 1), FLIGHT_RUNS);
    CHECK_INT(join(3, 1025, 1), FLIGHT_RUNS); /* in the same bucket as 1 */
    end();
}

static void who_asks_something_else_gets_no_seat(void)
{
    begin();
    CHECK_INT(join(0, 1, 1), FLIGHT_RUNS);
    CHECK_INT(join(1, 1, 2), FLIGHT_OTHER);
    flights_leave(&flights, &seats[0]);
    CHECK_INT(moves[1], 0);
    CHECK_INT(join(1, 1, 2), FLIGHT_RUNS);
    end();
}

static void an_answer_is_everybodys(void)
{
    begin();
    struct idem_answer *a = answer();
    join(0, 1, 1), join(1, 1, 1), join(2, 1, 1);
    flights_land(&flights, &seats[0], a, false);
    idem_answer_release(a);
    for (int i = 1; i <= 2; i++) {
        CHECK_INT(moves[i], 1);
        CHECK_INT(look(i), FLIGHT_ANSWERED);
        CHECK_STR(lent->body, "said");
    }
    CHECK_INT(look(0), FLIGHT_NONE);
    CHECK_INT(join(3, 1, 1), FLIGHT_RUNS);
    end();
}

static void it_stays_until_it_can_be_found_elsewhere(void)
{
    begin();
    struct mac m = mac(1);
    struct idem_answer *a = answer();
    join(0, 1, 1);
    flights_land(&flights, &seats[0], a, true);
    idem_answer_release(a);
    CHECK_INT(join(1, 1, 1), FLIGHT_ANSWERED);
    CHECK_INT(join(2, 1, 2), FLIGHT_OTHER);
    flights_forget(&flights, &m);
    CHECK_INT(look(1), FLIGHT_ANSWERED);
    CHECK_STR(lent->body, "said");
    CHECK_INT(join(3, 1, 2), FLIGHT_RUNS);
    flights_forget(&flights, &m); /* nothing that has not landed */
    CHECK_INT(join(4, 1, 2), FLIGHT_WAITS);
    end();
}

static void without_an_answer_exactly_one_runs_next(void)
{
    begin();
    for (int i = 0; i < 4; i++)
        join(i, 1, 1);
    flights_leave(&flights, &seats[2]);
    flights_leave(&flights, &seats[0]);
    CHECK_INT(look(1), FLIGHT_RUNS);
    CHECK_INT(look(3), FLIGHT_WAITS);
    CHECK_INT(moves[1] + moves[2] + moves[3], 1);
    CHECK_INT(join(4, 1, 1), FLIGHT_WAITS);
    flights_leave(&flights, &seats[1]);
    CHECK_INT(look(3), FLIGHT_RUNS);
    flights_leave(&flights, &seats[4]);
    flights_leave(&flights, &seats[3]);
    flights_leave(&flights, &seats[3]);
    CHECK_INT(join(5, 1, 1), FLIGHT_RUNS);
    end();
}

static void the_last_in_line_leaves_the_line_whole(void)
{
    begin();
    for (int i = 0; i < 3; i++)
        join(i, 1, 1);
    flights_leave(&flights, &seats[2]);
    CHECK_INT(join(3, 1, 1), FLIGHT_WAITS);
    flights_leave(&flights, &seats[0]);
    flights_leave(&flights, &seats[1]);
    CHECK_INT(look(3), FLIGHT_RUNS);
    end();
}

static void without_memory_nobody_has_a_seat(void)
{
    begin();
    mem_fail_at(1, true);
    CHECK_INT(join(0, 1, 1), FLIGHT_NONE);
    mem_fail_at(0, false);
    flights_leave(&flights, &seats[0]);
    CHECK_INT(join(1, 1, 1), FLIGHT_RUNS);
    end();
}

/* --- threads --------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS  3000

struct sitter {
    struct flight_seat seat; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int news;
};

static atomic_int running, most_running, runs, answers;

static void wake_up(struct flight_seat *seat)
{
    struct sitter *s = (struct sitter *)(void *)seat;
    pthread_mutex_lock(&s->lock);
    s->news++;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void await_news(struct sitter *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->news == 0)
        pthread_cond_wait(&s->changed, &s->lock);
    s->news = 0;
    pthread_mutex_unlock(&s->lock);
}

/* One turn of it: it fails, or lands. */
static void run_once(struct sitter *s, bool fails)
{
    int now = atomic_fetch_add(&running, 1) + 1;
    if (now > atomic_load(&most_running))
        atomic_store(&most_running, now);
    atomic_fetch_add(&runs, 1);
    struct idem_answer *a = fails ? NULL : answer();
    atomic_fetch_sub(&running, 1);
    if (a != NULL)
        flights_land(&flights, &s->seat, a, false);
    flights_leave(&flights, &s->seat);
    idem_answer_release(a);
}

static void *sit(void *arg)
{
    struct sitter s = {.seat.moved = wake_up};
    struct mac m = mac(1);
    const struct idem_answer *got;
    (void)arg;
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.changed, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        s.news = 0;
        enum flight_word word = flights_join(&flights, &s.seat, &m, &m);
        if (word == FLIGHT_WAITS) {
            await_news(&s);
            word = flights_look(&flights, &s.seat, &got);
        }
        if (word == FLIGHT_RUNS)
            run_once(&s, i % 3 != 0);
        else if (word == FLIGHT_ANSWERED)
            atomic_fetch_add(&answers, 1);
        flights_leave(&flights, &s.seat);
    }
    pthread_cond_destroy(&s.changed);
    pthread_mutex_destroy(&s.lock);
    return NULL;
}

static void of_many_threads_one_runs_at_a_time(void)
{
    pthread_t threads[THREADS];
    begin();
    running = most_running = runs = answers = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, sit, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(most_running, 1);
    CHECK_INT(runs + answers, THREADS * ROUNDS);
    end();
}

TESTS(the_first_runs_and_the_others_wait, who_asks_something_else_gets_no_seat,
      an_answer_is_everybodys, it_stays_until_it_can_be_found_elsewhere,
      without_an_answer_exactly_one_runs_next,
      the_last_in_line_leaves_the_line_whole, without_memory_nobody_has_a_seat,
      of_many_threads_one_runs_at_a_time)
