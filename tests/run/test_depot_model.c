/*
** test_depot_model.c -- a depot beside a plain model: whatever happens, in whatever
** order, and however often the process dies, no job is lost, done by two, or counted
** wrongly.
*/
#include <stdlib.h>

#include "run/depot_rig.h"

#define MOST  40
#define STEPS 1500
#define LONG  20000 /* in make test-long */

struct modelled {
    const char *id;
    enum job_state state;
    int deaths, hand;
};

static struct modelled all[MOST];
static int n, deaths;
static uint64_t seed;

static int below(int most)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)most);
}

static int count(enum job_state state)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        found += all[i].state == state;
    return found;
}

/* One in this state, or NULL. */
static struct modelled *any(enum job_state state)
{
    int at = n > 0 ? below(n) : 0;
    for (int i = 0; i < n; i++) {
        struct modelled *m = &all[(at + i) % n];
        if (m->state == state)
            return m;
    }
    return NULL;
}

static void step_put(void)
{
    if (n == MOST)
        return;
    char *id = malloc(JOB_ID + 1);
    snprintf(id, JOB_ID + 1, "%s", put());
    if (id[0] != '\0')
        all[n++] = (struct modelled){.id = id, .state = JOB_QUEUED};
    else
        free(id);
}

static void step_take(void)
{
    struct job_record job;
    int hand = below(2);
    if (!take(hand, &job))
        return;
    for (int i = 0; i < n; i++)
        if (strcmp(all[i].id, job.id) == 0) {
            CHECK_INT(all[i].state, JOB_QUEUED);
            all[i].state = JOB_RUNNING;
            all[i].hand = hand;
            all[i].deaths++;
            CHECK_INT(job.deaths, all[i].deaths);
        }
}

static void step_again(void)
{
    struct modelled *m = any(JOB_RUNNING);
    if (m == NULL)
        return;
    depot_again(&hands[m->hand], m->id, below(2) * 503, 0);
    m->state = JOB_QUEUED;
    m->deaths = 0;
}

static void step_end(void)
{
    struct modelled *m = any(JOB_RUNNING);
    struct job_packet packet = {NULL, 0, STR("done")};
    if (m == NULL)
        return;
    m->state = below(2) ? JOB_DONE : JOB_FAILED;
    struct job_end end = {m->state, 200, &packet, NULL};
    depot_end(&hands[m->hand], m->id, &end);
}

/* One that runs is told so, and its hand ends it. */
static void step_cancel(void)
{
    struct job_view view;
    struct job_caller nobody = {STR_NONE, STR_NONE, STR_NONE};
    struct modelled *m = any(below(2) ? JOB_RUNNING : JOB_QUEUED);
    if (m == NULL)
        return;
    CHECK(depot_cancel(&hands[0], str_of(m->id), &nobody, &view));
    if (m->state == JOB_RUNNING) {
        CHECK(depot_cancelled(&hands[m->hand], m->id));
        struct job_end end = {JOB_FAILED, 0, NULL, NULL};
        depot_end(&hands[m->hand], m->id, &end);
    }
    m->state = JOB_CANCELLED;
}

static void step_die(void)
{
    deaths++;
    die(below(100) * NANOS_S);
    for (int i = 0; i < n; i++)
        if (all[i].state == JOB_RUNNING)
            all[i].state =
                all[i].deaths >= JOB_DEATHS ? JOB_FAILED : JOB_QUEUED;
}

static void check_all(void)
{
    int waiting, running;
    depot_count(depot, &waiting, &running);
    CHECK_INT(waiting, count(JOB_QUEUED));
    CHECK_INT(running, count(JOB_RUNNING));
    CHECK(running <= rules.at_once);
    for (int i = 0; i < n; i++)
        CHECK_INT(state_of(all[i].id), all[i].state);
}

static void forget(void)
{
    while (n > 0)
        free((void *)(uintptr_t)all[--n].id);
}

static void whatever_happens_no_job_is_lost_or_done_twice(void)
{
    int steps = getenv("PERILUNE_LONG") != NULL ? LONG : STEPS;
    rig_open();
    rules.most = MOST / 2;
    rules.at_once = 3;
    rules.expires = rules.keep = 1000000 * NANOS_S;
    depot_queue(depot, STR("later"), &rules);
    for (int i = 0; i < steps; i++) {
        void (*const some[])(void) = {step_put,  step_put,   step_take,
                                      step_take, step_take,  step_again,
                                      step_end,  step_cancel};
        if (below(40) == 0)
            step_die();
        else
            some[below(8)]();
        settle();
        pass(below(20) * NANOS_S);
        check_all();
        if (n == MOST && count(JOB_QUEUED) + count(JOB_RUNNING) == 0)
            forget();
    }
    printf("#    %d steps, %d deaths\n", steps, deaths);
    forget();
    rig_close();
}

TESTS(whatever_happens_no_job_is_lost_or_done_twice)
