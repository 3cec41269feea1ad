/*
** test_once_waiting.c -- those who come meanwhile, those who leave, and what is left
** when there is no memory.
*/
#include "run/once_rig.h"

/* --- waiting --------------------------------------------------------------- */

static int waiting_heads, waiting_dones, waiting_status;

static void on_head(void *user, int status, const peri_header *headers,
                    size_t n)
{
    (void)user, (void)headers, (void)n;
    waiting_heads++;
    waiting_status = status;
}

static void on_done(void *user, int outcome)
{
    (void)user, (void)outcome;
    waiting_dones++;
}

/* One more, whose sink only counts. */
static peri_id send_beside(const char *key)
{
    peri_sink sink = {.size = sizeof sink, .head = on_head, .done = on_done};
    peri_header header = {"Idempotency-Key", key};
    peri_request req = {.size = sizeof req,
                        .body = WHOLE,
                        .body_len = strlen(WHOLE),
                        .headers = &header,
                        .headers_len = 1};
    peri_id id;
    CHECK_INT(peri_submit(peri, &req, &sink, &id), 0);
    return id;
}

static void begin_waiting(const char *policy, double deadline)
{
    waiting_heads = waiting_dones = waiting_status = 0;
    open_store(policy, deadline);
}

static void those_who_wait_get_the_answer(void)
{
    begin_waiting(OK("a") "local n, a = 0, p.model 'a/x' return function(req) "
                          "n = n + 1 p.sleep '50ms' return p.say('a' .. n) end",
                  0);
    for (int i = 0; i < 20; i++)
        send_beside("k");
    again("k");
    turn(20);
    CHECK_STR(said(), "a1");
    CHECK_STR(path(), "idempotency waited, idempotency replayed");
    CHECK_INT(waiting_dones, 20);
    end();
}

static void whoever_is_next_runs_when_the_first_leaves(void)
{
    begin_waiting("local n = 0 return function() n = n + 1 "
                  "if n == 1 then p.sleep '10min' end return p.say('a' .. n) "
                  "end",
                  0);
    peri_id first = send_beside("k");
    turn(5);
    for (int i = 0; i < 5; i++)
        send_beside("k");
    send("k", WHOLE);
    turn(5);
    CHECK_INT(waiting_dones + got.dones, 0);
    peri_cancel(peri, first);
    await_done();
    turn(20);
    CHECK_STR(said(), "a2");
    CHECK_INT(waiting_dones, 6);
    CHECK_INT(waiting_heads, 5);
    end();
}

static void who_leaves_the_line_is_missed_by_nobody(void)
{
    begin_waiting("local n = 0 return function() n = n + 1 p.sleep '100ms' "
                  "return p.say('a' .. n) end",
                  0);
    send_beside("k");
    peri_id second = send_beside("k"), third = send_beside("k");
    send("k", WHOLE);
    turn(3);
    peri_cancel(peri, third);
    peri_cancel(peri, second);
    await_done();
    CHECK_STR(said(), "a1");
    CHECK_INT(waiting_heads, 1);
    end();
}

/* The first one's time is longer: it came under another deadline. */
static void who_waits_in_vain_is_told_to_come_again(void)
{
    perilune *patient;
    begin_waiting("return function() p.sleep '10min' end", 60);
    patient = peri;
    send_beside("k");
    turn(3);
    peri_options opt = {.store = folder_path("store"), .deadline = 0.05};
    peri = NULL;
    opt.size = sizeof opt;
    opt.log = rig_log;
    CHECK_INT(peri_open(&peri, &opt), 0);
    CHECK_INT(load("return p.say 'x'"), 0);
    again("k");
    CHECK_INT(got.status, 409);
    CHECK_STR(error_of("code"), "idempotency_in_progress");
    CHECK_STR(header("retry-after"), "1");
    CHECK_STR(header("x-should-retry"), "true");
    peri_close(peri);
    peri = patient;
    end();
}

static void all_end_when_we_stop(void)
{
    begin_waiting(WAITS, 0);
    send_beside("k");
    send("k", WHOLE);
    turn(5);
    peri_stop(peri, 0);
    await_done();
    CHECK_INT(got.status, 503);
    CHECK_INT(waiting_dones, 1);
    end();
}

/* --- without memory -------------------------------------------------------- */

/* Send it while the n-th allocation fails: it is done once. */
static void send_failing(const char *key, long n)
{
    static const peri_sink sink = {sizeof sink, NULL, rig_head, rig_chunk,
                                   rig_done};
    peri_header header = {"Idempotency-Key", key};
    peri_request req = {.size = sizeof req,
                        .body = WHOLE,
                        .body_len = strlen(WHOLE),
                        .headers = &header,
                        .headers_len = 1};
    got_clear();
    buf_room(&got.headers, 8192);
    buf_room(&got.body, 1 << 16);
    buf_room(&logged, 1 << 20);
    mem_fail_at(n, 0);
    int taken = peri_submit(peri, &req, &sink, NULL);
    for (int i = 0; taken == 0 && i < 300 && got.dones == 0; i++)
        peri_step(peri, 0.001);
    mem_fail_at(0, 0);
    CHECK_INT(got.dones, taken == 0);
}

static void whatever_allocation_fails_it_is_done_and_can_be_sent_again(void)
{
    char key[32];
    begin_with(OK("a") "return 'a/x'");
    for (long n = 1; n < 120; n++) {
        snprintf(key, sizeof key, "k%ld", n);
        send_failing(key, n);
        send_failing(key, n); /* once more, maybe a repeat */
        again(key);
        CHECK_INT(got.status, 200);
        CHECK_STR(said(), "a");
        again(key);
        CHECK_STR(header("idempotent-replayed"), "true");
        check_log();
        buf_clear(&logged);
    }
    end();
}

/* Nobody is charged twice because we could not tell that he had asked before. */
static void without_memory_to_know_a_repeat_it_is_not_run_again(void)
{
    begin_with(OK("a") "return 'a/x'");
    again("k");
    CHECK_INT(got.status, 200);
    for (long n = 1; n < 60; n++) {
        send_failing("k", n);
        if (got.status == 200)
            CHECK_STR(header("idempotent-replayed"), "true");
    }
    end();
}

TESTS(those_who_wait_get_the_answer, whoever_is_next_runs_when_the_first_leaves,
      who_leaves_the_line_is_missed_by_nobody,
      who_waits_in_vain_is_told_to_come_again, all_end_when_we_stop,
      whatever_allocation_fails_it_is_done_and_can_be_sent_again,
      without_memory_to_know_a_repeat_it_is_not_run_again)
