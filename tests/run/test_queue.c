/*
** test_queue.c -- p.queue over a store on the disk, whose writer is held up: what
** is promised is there before it is promised.
*/
#include <semaphore.h>

#include "net/folder.h"
#include "run/policy_rig.h"
#include "store/batch.h"
#include "store/jobs/job.h"
#include "store/store.h"

#define LADDER FAILS("a", 503) "return { 'a/x', p.queue 'later' }"
#define TURNS  100

static const peri_header async[] = {{"Prefer", "respond-async"}};
static struct store *store; /* the runtime's own */
static struct batch plug;
static sem_t held, let_go;

static void on_plug(struct batch *b)
{
    (void)b;
    sem_post(&held);
    sem_wait(&let_go);
}

/* The writer stands still from here on. */
static void hold_writer(void)
{
    struct store_why why;
    struct store_options options = {.path = folder_path("store")};
    sem_init(&held, 0, 0);
    sem_init(&let_go, 0, 0);
    CHECK_INT(store_open(&store, &options, &why), STORE_OK);
    batch_init(&plug, 0);
    batch_put(&plug, STR("t"), STR("x"), STR("y"), NANOS_NEVER);
    plug.done = on_plug;
    CHECK_INT(store_commit(store, &plug), STORE_OK);
    sem_wait(&held);
}

static void release_writer(void)
{
    struct batch b;
    sem_post(&let_go);
    batch_init(&b, 0); /* once this is written all before it is */
    CHECK_INT(store_write(store, &b), STORE_OK);
    batch_fini(&b);
}

static void on_row(void *user, const struct row *row)
{
    str v = row->value;
    *(int *)user += memmem(v.p, v.n, "\"queued\"", 8) != NULL;
}

/* Those that would be done. */
static int jobs_stored(void)
{
    int n = 0;
    store_look(store, &(struct store_look){.table = STR(JOBS_TABLE),
                                           .key = STR(""),
                                           .most = 1000,
                                           .row = on_row,
                                           .user = &n});
    return n;
}

static void begin_within(double deadline)
{
    folder_open();
    peri_options opt = {.store = folder_path("store"), .deadline = deadline};
    rig_open(&opt);
    CHECK_INT(load(LADDER), 0);
    hold_writer();
}

static void begin_here(void)
{
    begin_within(0);
}

static void end_here(void)
{
    store_close(store);
    batch_fini(&plug);
    finish();
    folder_close();
}

static void nobody_is_told_before_the_store_has_it(void)
{
    begin_here();
    submit_with(WHOLE, async, 1);
    turn(TURNS);
    CHECK_INT(got.heads, 0);
    CHECK_INT(jobs_stored(), 0);
    release_writer();
    await_done();
    CHECK_INT(got.status, 202);
    CHECK_INT(jobs_stored(), 1);
    end_here();
}

static void who_leaves_before_he_is_told_has_no_job(void)
{
    begin_here();
    submit_with(WHOLE, async, 1);
    turn(TURNS);
    peri_cancel(peri, got.id);
    await_done();
    CHECK_INT(got.outcome, PERI_CANCELLED);
    release_writer();
    turn(TURNS);
    release_writer();
    CHECK_INT(jobs_stored(), 0);
    end_here();
}

static void nobody_waits_for_a_disk_that_hangs(void)
{
    begin_within(0.1);
    submit_with(WHOLE, async, 1);
    await_done();
    CHECK_INT(got.status, 503);
    CHECK(memmem(got.body.p, got.body.n, "cannot be kept", 14) != NULL);
    release_writer();
    turn(TURNS);
    release_writer();
    CHECK_INT(jobs_stored(), 0);
    end_here();
}

static void a_runtime_that_closes_waits_for_what_the_store_was_given(void)
{
    begin_here();
    submit_with(WHOLE, async, 1);
    turn(TURNS);
    sem_post(&let_go);
    finish();
    release_writer();
    CHECK_INT(jobs_stored(), 0);
    store_close(store);
    batch_fini(&plug);
    folder_close();
}

TESTS(nobody_is_told_before_the_store_has_it,
      who_leaves_before_he_is_told_has_no_job,
      nobody_waits_for_a_disk_that_hangs,
      a_runtime_that_closes_waits_for_what_the_store_was_given)
