/*
** test_depot.c -- jobs that wait: what the store has, what a death leaves, and who
** does which.
*/
#include "run/depot_rig.h"

static struct job_record job;

static void a_job_outlives_the_process(void)
{
    struct arena arena;
    struct job_packet packet;
    rig_open();
    const char *id = put();
    CHECK_INT(said, STORE_OK);
    die(5 * NANOS_S);
    CHECK_INT(state_of(id), JOB_QUEUED);
    pass(20 * NANOS_S);
    CHECK(take(1, &job));
    CHECK_STR(str_of(job.id), id);
    arena_init(&arena);
    CHECK_INT(depot_body(&hands[1], id, &arena, &packet), STORE_OK);
    CHECK_STR(packet.body, "do this");
    CHECK_INT(packet.fields_n, 1);
    CHECK_STR(packet.fields[0].value, "bl\"ue");
    arena_fini(&arena);
    rig_close();
}

static void what_came_of_it_outlives_the_process(void)
{
    rig_open();
    const char *id = put();
    pass(20 * NANOS_S);
    CHECK(take(0, &job));
    end_with(id, JOB_DONE, 200, STR("done that"));
    die(NANOS_S);
    struct job_view view;
    CHECK(see(id, &view));
    CHECK_INT(view.state, JOB_DONE);
    CHECK_INT(view.status, 200);
    CHECK(view.replied);
    CHECK(result_is(id, "done that"));
    die(rules.keep);
    CHECK_INT(state_of(id), -1);
    rig_close();
}

static void what_ran_when_the_process_died_runs_again(void)
{
    rig_open();
    put();
    pass(20 * NANOS_S);
    CHECK(take(0, &job));
    CHECK_INT(job.tries, 1);
    die(NANOS_S);
    CHECK(take(0, &job)); /* at once */
    CHECK_INT(job.tries, 2);
    CHECK_INT(job.deaths, 2);
    rig_close();
}

static void what_ends_the_process_each_time_is_given_up(void)
{
    struct job_view view;
    rig_open();
    const char *id = put();
    pass(20 * NANOS_S);
    for (int i = 0; i < JOB_DEATHS; i++) {
        CHECK(take(0, &job));
        die(NANOS_S);
    }
    CHECK(!take(0, &job));
    CHECK(see(id, &view));
    CHECK_INT(view.state, JOB_FAILED);
    CHECK_STR(str_of(view.why), "job_gave_up");
    rig_close();
}

static void a_try_that_ends_is_no_death(void)
{
    rig_open();
    put();
    for (int i = 0; i < 2 * JOB_DEATHS; i++) {
        pass(700 * NANOS_S);
        CHECK(take(0, &job));
        CHECK_INT(job.deaths, 1);
        depot_again(&hands[0], job.id, 503, 0);
        settle();
        die(NANOS_S);
    }
    rig_close();
}

static void one_that_is_stopped_has_not_tried(void)
{
    rig_open();
    put();
    pass(20 * NANOS_S);
    CHECK(take(0, &job));
    depot_again(&hands[0], job.id, 0, 0);
    settle();
    die(0);
    CHECK(take(1, &job));
    CHECK_INT(job.tries, 1);
    rig_close();
}

static void one_hand_does_a_job_at_a_time(void)
{
    rig_open();
    put();
    pass(20 * NANOS_S);
    CHECK(take(0, &job));
    CHECK(!depot_take(&hands[1], &job));
    rig_close();
}

static void nobody_takes_what_the_store_does_not_have(void)
{
    rig_open();
    store_close(depot->own);
    depot->own = depot->store = store_in_memory(300);
    const char *id = put();
    CHECK_INT(said, STORE_FULL);
    pass(20 * NANOS_S);
    CHECK(!depot_take(&hands[0], &job));
    CHECK_INT(state_of(id), -1);
    CHECK_INT(line->open, 0);
    CHECK_INT(line->bytes, 0);
    rig_close();
}

static void what_cannot_be_kept_is_told_and_not_done_again(void)
{
    struct job_view view;
    char large[5000];
    rig_open();
    depot->own = depot->store = store_in_memory(4000);
    const char *id = put();
    pass(20 * NANOS_S);
    CHECK(take(0, &job));
    memset(large, 'x', sizeof large);
    end_with(id, JOB_DONE, 200, (str){large, sizeof large});
    settle();
    CHECK(see(id, &view));
    CHECK_INT(view.state, JOB_FAILED);
    CHECK_INT(view.status, 507);
    CHECK_STR(str_of(view.why), "result_not_kept");
    pass(1000 * NANOS_S);
    CHECK(!depot_take(&hands[0], &job));
    rig_close();
}

static void who_left_before_he_was_told_has_no_job(void)
{
    rig_open();
    wanted = false;
    const char *id = put();
    CHECK_INT(said, STORE_OK);
    CHECK_INT(state_of(id), -1);
    die(NANOS_S);
    CHECK_INT(state_of(id), -1);
    pass(1000 * NANOS_S);
    CHECK(!depot_take(&hands[0], &job));
    rig_close();
}

static void what_a_provider_asked_for_is_waited_for_in_any_case(void)
{
    rig_open();
    put();
    put();
    pass(20 * NANOS_S);
    CHECK(take(0, &job));
    depot_again(&hands[0], job.id, 429, 300 * NANOS_S);
    CHECK(take(0, &job));
    end_with(job.id, JOB_DONE, 200, STR("others are answered"));
    pass(250 * NANOS_S);
    CHECK(!depot_take(&hands[0], &job));
    CHECK(depot_next(depot, world_now(worlds[0])) >
          world_now(worlds[0]) + 40 * NANOS_S);
    pass(51 * NANOS_S);
    CHECK(take(0, &job));
    rig_close();
}

static bool cancel(const char *id)
{
    struct job_view view;
    struct job_caller nobody = {STR_NONE, STR_NONE, STR_NONE};
    return depot_cancel(&hands[1], str_of(id), &nobody, &view) &&
           view.state == JOB_CANCELLED;
}

static void one_that_was_cancelled_while_it_ended_is_not_put_back(void)
{
    rig_open();
    const char *id = put();
    pass(20 * NANOS_S);
    CHECK(take(0, &job));
    CHECK(cancel(id));
    depot_again(&hands[0], id, 503, 0);
    settle();
    CHECK_INT(line->open, 0);
    die(NANOS_S);
    CHECK_INT(state_of(id), JOB_CANCELLED);
    pass(1000 * NANOS_S);
    CHECK(!depot_take(&hands[0], &job));
    rig_close();
}

static void on_body(void *user, const struct row *row)
{
    (void)row;
    *(bool *)user = true;
}

/* Is there still something to do, for whoever reads the store? */
static bool has_body(const char *id)
{
    bool there = false;
    store_look(depot->store,
               &(struct store_look){.table = STR(JOB_BODIES_TABLE),
                                    .key = str_of(id),
                                    .row = on_body,
                                    .user = &there});
    return there;
}

static void an_end_that_finds_no_room_is_no_job_again(void)
{
    char large[5000];
    for (int cancels = 0; cancels < 2; cancels++) {
        rig_open();
        depot->own = depot->store = store_in_memory(580);
        const char *id = put();
        CHECK_INT(said, STORE_OK);
        pass(20 * NANOS_S);
        if (cancels == 0) {
            CHECK(depot_take(&hands[0], &job));
            memset(large, 'x', sizeof large);
            end_with(id, JOB_DONE, 200, (str){large, sizeof large});
        } else {
            CHECK(cancel(id));
        }
        settle();
        settle();
        CHECK(!has_body(id));
        rig_close();
    }
}

static bool seen_by(const char *id, const char *key, const char *user)
{
    struct job_view view;
    struct job_caller caller = {str_of(key), str_of(user), STR_NONE};
    return depot_see(depot, str_of(id), &caller, 0, &view);
}

static void a_job_is_its_keys_or_its_users(void)
{
    rig_open();
    const char *ann = put_for("key_1", "ann");
    const char *nameless = put_for("key_2", NULL);
    const char *open = put();
    for (int i = 0; i < 2; i++) {
        CHECK(seen_by(ann, "key_1", "ann"));
        CHECK(seen_by(ann, "key_9", "ann"));
        CHECK(!seen_by(ann, "key_9", "bob"));
        CHECK(!seen_by(ann, "key_9", NULL));
        CHECK(!seen_by(ann, NULL, NULL));
        CHECK(seen_by(nameless, "key_2", NULL));
        CHECK(!seen_by(nameless, "key_1", NULL));
        CHECK(seen_by(open, NULL, NULL));
        CHECK(!seen_by(open, "key_1", "ann"));
        die(NANOS_S);
    }
    rig_close();
}

static nanos eta_of(const char *id)
{
    struct job_view view = {.eta = 0};
    CHECK(see(id, &view));
    return view.eta;
}

static void an_estimate_follows_depth_and_pace(void)
{
    rig_open();
    rules.at_once = 1;
    depot_queue(depot, STR("later"), &rules);
    const char *all[5];
    for (int i = 0; i < 5; i++)
        all[i] = put();
    pass(10 * NANOS_S); /* all are due */
    nanos last = 0;
    for (int i = 0; i < 5; i++)
        last = eta_of(all[i]) > last ? eta_of(all[i]) : last;
    CHECK(last >= 20 * NANOS_S && last <= 30 * NANOS_S);
    CHECK(take(0, &job));
    pass(100 * NANOS_S);
    end_with(job.id, JOB_DONE, 200, STR("slow"));
    last = 0;
    for (int i = 0; i < 5; i++)
        if (state_of(all[i]) == JOB_QUEUED && eta_of(all[i]) > last)
            last = eta_of(all[i]);
    CHECK(last >= 300 * NANOS_S && last <= 500 * NANOS_S);
    rig_close();
}

static void all_its_room_comes_back(void)
{
    rig_open();
    for (int i = 0; i < 6; i++)
        put();
    pass(20 * NANOS_S);
    for (int i = 0; i < 3; i++) {
        CHECK(take(0, &job));
        end_with(job.id, i == 0 ? JOB_FAILED : JOB_DONE, 200, STR("done"));
    }
    CHECK_INT(line->open, 3);
    pass(3 * rules.keep);
    CHECK_INT(line->open, 0);
    CHECK_INT(line->running, 0);
    pass(3 * rules.keep);
    CHECK_INT(line->bytes, 0);
    CHECK_INT(depot->n, 0);
    rig_close();
}

static void without_memory_nothing_is_half_done(void)
{
    rig_open();
    for (long n = 1; n < 40; n++) {
        struct order *order = order_new(sizeof *order, &hands[0], on_stored);
        struct job_offer offer = {.queue = line, .packet = {NULL, 0, STR("x")}};
        enum store_result result;
        mem_fail_at(n, 0);
        if (depot_put(&hands[0], &offer, order, &result) == PUT_GIVEN)
            n = 40;
        mem_fail_at(0, 0);
        settle();
    }
    CHECK_INT(line->open, 1);
    rig_close();
}

TESTS(a_job_outlives_the_process, what_came_of_it_outlives_the_process,
      what_ran_when_the_process_died_runs_again,
      what_ends_the_process_each_time_is_given_up, a_try_that_ends_is_no_death,
      one_that_is_stopped_has_not_tried, one_hand_does_a_job_at_a_time,
      nobody_takes_what_the_store_does_not_have,
      what_cannot_be_kept_is_told_and_not_done_again,
      who_left_before_he_was_told_has_no_job,
      what_a_provider_asked_for_is_waited_for_in_any_case,
      one_that_was_cancelled_while_it_ended_is_not_put_back,
      an_end_that_finds_no_room_is_no_job_again, a_job_is_its_keys_or_its_users,
      an_estimate_follows_depth_and_pace, all_its_room_comes_back,
      without_memory_nothing_is_half_done)
