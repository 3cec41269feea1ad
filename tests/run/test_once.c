/*
** test_once.c -- a request that is sent again: what of it runs, and what is said.
*/
#include "net/folder.h"

#include <semaphore.h>

#include "run/policy_rig.h"
#include "store/idem.h"

#define NUMBERED \
    "local n = 0 return function() n = n + 1 return p.say('a' .. n) end"

/* A runtime with a store of its own, under this policy. */
static void open_store(const char *policy, double deadline)
{
    folder_open();
    peri_options opt = {.store = folder_path("store"), .deadline = deadline};
    rig_open(&opt);
    CHECK_INT(load(policy), 0);
    if (*peri_error(peri) != '\0')
        printf("#    %s\n", peri_error(peri));
}

static void begin_with(const char *policy)
{
    open_store(policy, 0);
}

static void end(void)
{
    finish();
    folder_close();
}

static void send(const char *key, const char *body)
{
    peri_header header = {"Idempotency-Key", key};
    submit_with(body, &header, 1);
}

static void ask_keyed(const char *key, const char *body)
{
    send(key, body);
    await_done();
}

static void again(const char *key)
{
    ask_keyed(key, WHOLE);
}

/* Wait until all that was to be written is. */
static void settle(struct store_stat *stat)
{
    struct batch b;
    struct idem idem = {.store = NULL};
    unsigned char none[MAC_KEY] = {0};
    CHECK_INT(idem_open(&idem, folder_path("store"), 0, none, NULL), STORE_OK);
    batch_init(&b, 0);
    CHECK_INT(store_write(idem.store, &b), STORE_OK);
    batch_fini(&b);
    CHECK_INT(store_stat(idem.store, stat), STORE_OK);
    idem_close(&idem);
}

static void a_repeat_is_the_first_answer_and_runs_nothing(void)
{
    begin_with(OK("a") "local a = p.model 'a/x' "
                       "return function(req) p.log('runs') return a(req) end");
    again("k");
    CHECK_STR(path(), "x ok");
    CHECK(header("idempotent-replayed").p == NULL);
    buf_clear(&logged);
    again("k");
    CHECK_INT(got.status, 200);
    CHECK_INT(got.outcome, PERI_DONE);
    CHECK_STR(said(), "a");
    CHECK_STR(path(), "idempotency replayed");
    CHECK_STR(header("idempotent-replayed"), "true");
    CHECK_STR(header("x-perilune-attempts"), "0");
    CHECK_STR(header("x-perilune-model"), "a/x");
    CHECK(!contains(&logged, "runs"));
    CHECK_STR(log_field("request", "attempts"), "0");
    end();
}

static void another_key_and_none_run_anew(void)
{
    begin_with(NUMBERED);
    again("k");
    CHECK_STR(said(), "a1");
    again("K");
    CHECK_STR(said(), "a2");
    chat();
    CHECK_STR(said(), "a3");
    again("k");
    CHECK_STR(said(), "a1");
    end();
}

static void a_stream_is_a_stream_again(void)
{
    begin_with(OK("a") "return 'a/x'");
    ask_keyed("k", STREAM);
    struct buf first;
    buf_init(&first, 1 << 20);
    buf_add(&first, buf_str(&got.body));
    ask_keyed("k", STREAM);
    CHECK_STR(path(), "idempotency replayed");
    CHECK(str_eq(buf_str(&got.body), buf_str(&first)));
    CHECK(str_starts(header("content-type"), STR("text/event-stream")));
    buf_fini(&first);
    end();
}

static void another_body_is_told(void)
{
    struct store_stat stat;
    begin_with(NUMBERED);
    again("k");
    settle(&stat);
    ask_keyed("k", STREAM);
    CHECK_INT(got.status, 422);
    CHECK_STR(error_of("code"), "idempotency_key_reused");
    CHECK_STR(path(), "idempotency other_body");
    CHECK_STR(header("x-should-retry"), "false");
    end();
}

/* The writer of the store, held while somebody looks. */
static sem_t held, let_go;

static void hold_here(struct batch *b)
{
    (void)b;
    sem_post(&held);
    sem_wait(&let_go);
}

static void an_answer_is_there_while_it_is_being_written(void)
{
    struct idem idem = {.store = NULL};
    struct batch b;
    unsigned char none[MAC_KEY] = {0};
    begin_with(NUMBERED);
    again("other"); /* the store is open */
    sem_init(&held, 0, 0);
    sem_init(&let_go, 0, 0);
    CHECK_INT(idem_open(&idem, folder_path("store"), 0, none, NULL), STORE_OK);
    batch_init(&b, 0);
    batch_put(&b, STR("answers"), STR("x"), STR("y"), NANOS_S);
    b.done = hold_here;
    CHECK_INT(store_commit(idem.store, &b), STORE_OK);
    sem_wait(&held);
    again("k");
    CHECK_STR(said(), "a2");
    again("k");
    CHECK_STR(said(), "a2");
    CHECK_STR(path(), "idempotency replayed");
    ask_keyed("k", STREAM);
    CHECK_INT(got.status, 422);
    sem_post(&let_go);
    idem_close(&idem);
    again("k");
    CHECK_STR(said(), "a2");
    batch_fini(&b);
    sem_destroy(&held);
    sem_destroy(&let_go);
    end();
}

static void what_is_no_answer_is_not_kept(void)
{
    static const char *const first[] = {
        "return p.sorry 'later'",
        "return p.refuse(503, 'x')",
        "return p.refuse(429, 'x')",
        "return p.refuse(408, 'x')",
        "return p.refuse(400, 'x')", /* no upstream was asked */
        "error 'a bug'",
        "return nil"};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        char policy[300];
        snprintf(policy, sizeof policy,
                 "local n = 0 return function() n = n + 1 if n == 1 then %s "
                 "end return p.say('a' .. n) end",
                 first[i]);
        begin_with(policy);
        again("k");
        again("k");
        CHECK_STR(said(), "a2");
        again("k");
        CHECK_STR(said(), "a2");
        end();
    }
}

static void an_error_that_lies_in_the_request_is_kept(void)
{
    begin_with(FAILS("b", 400) "return 'b/x'");
    again("k");
    CHECK_INT(got.status, 400);
    CHECK_STR(path(), "x bad_request");
    again("k");
    CHECK_INT(got.status, 400);
    CHECK_STR(path(), "idempotency replayed");
    CHECK_STR(header("x-should-retry"), "false");
    end();
}

static void an_error_of_the_upstreams_is_not(void)
{
    static const char *const policies[] = {
        SIM("b", "fails = 503, times = 1") "return 'b/x'",
        SIM("b", "fails = 429, times = 1") "return 'b/x'",
        SIM("b", "fails = 401, times = 1") "return 'b/x'",
        SIM("b", "fails = 404, times = 1") "return 'b/x'"};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        begin_with(policies[i]);
        again("k");
        CHECK(got.status >= 400);
        again("k");
        CHECK_INT(got.status, 200);
        end();
    }
}

static void a_stream_that_broke_is_not_kept(void)
{
    begin_with("p.provider('b', { sim = { latency = 0, rate = 200, tokens = 9, "
               "cuts_after = 5, times = 1 } }) return 'b/x'");
    ask_keyed("k", STREAM);
    CHECK_INT(got.outcome, PERI_BROKEN);
    ask_keyed("k", STREAM);
    CHECK_INT(got.outcome, PERI_DONE);
    CHECK(header("idempotent-replayed").p == NULL);
    ask_keyed("k", STREAM);
    CHECK_STR(path(), "idempotency replayed");
    end();
}

static void a_reply_that_was_cut_is_not_kept(void)
{
    begin_with("p.provider('b', { sim = { latency = 0, rate = 50, tokens = "
               "4000 } }) return p.model { 'b/x', total = '0.3s' }");
    for (int i = 0; i < 2; i++) {
        ask_keyed("k", STREAM);
        CHECK_INT(got.outcome, PERI_DONE);
        CHECK(holds(buf_str(&got.body), "\"length\""));
        CHECK(header("idempotent-replayed").p == NULL);
    }
    end();
}

static void one_that_is_too_large_runs_anew(void)
{
    begin_with(OK("a") "local n, big = 0, ('x'):rep(9e6) return function() n = "
                       "n + 1 return p.say(n .. big) end");
    again("k");
    CHECK_STR(log_field("request", "path"), "say, idempotency too_large");
    again("k");
    CHECK(str_starts(said(), STR("2x")));
    end();
}

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

/* --- a policy's own key ---------------------------------------------------- */

static void a_policys_own_key_stands_for_the_clients(void)
{
    begin_with(
        "p.idempotent { key = function(req) return req.text end } " NUMBERED);
    again("k");
    again("K");
    CHECK_STR(said(), "a1");
    ask_keyed("k", STREAM);
    CHECK_INT(got.status, 422);
    end();
}

static void a_policy_may_say_that_there_is_no_key(void)
{
    begin_with("p.idempotent { key = function(req) return req.stream and 'k' "
               "end } " NUMBERED);
    again("k");
    again("k");
    CHECK_STR(said(), "a2");
    ask_keyed("x", STREAM);
    ask_keyed("y", STREAM);
    CHECK_STR(said(), "a3");
    end();
}

static void the_key_of_a_policy_may_wait(void)
{
    begin_with("p.idempotent { key = function(req) p.sleep '1ms' return 'k' "
               "end } " NUMBERED);
    again("");
    again("");
    CHECK_STR(said(), "a1");
    end();
}

static void a_key_that_raises_is_a_bug_of_the_policy(void)
{
    begin_with("p.idempotent { key = function(req) return req.nope end } "
               "return p.say 'x'");
    again("k");
    CHECK_INT(got.status, 500);
    CHECK(holds(log_field("policy_error", "message"), "nope"));
    end();
    begin_with("p.rescue { p.sorry 'sorry' } p.idempotent { key = "
               "function(req) error 'x' end } return p.say 'x'");
    again("k");
    CHECK_STR(said(), "sorry");
    end();
}

static void a_key_that_is_no_text_is_told(void)
{
    begin_with("p.idempotent { key = function(req) return 7 end } "
               "return p.say 'x'");
    again("k");
    CHECK_POLICY_ERROR("idempotent: the key of P:1 returned 7, not a text or "
                       "nil");
    end();
}

static void nothing_is_kept_when_the_policy_says_so(void)
{
    begin_with("p.idempotent(false) " NUMBERED);
    again("k");
    again("k");
    CHECK_STR(said(), "a2");
    again("\"unfinished");
    CHECK_STR(said(), "a3");
    end();
}

static void an_answer_lives_as_long_as_the_policy_says(void)
{
    begin_with("p.idempotent { ttl = '1s' } " NUMBERED);
    again("k");
    struct store_stat stat;
    settle(&stat);
    CHECK_INT(stat.expiring, 1);
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

TESTS(whatever_allocation_fails_it_is_done_and_can_be_sent_again,
      a_repeat_is_the_first_answer_and_runs_nothing,
      another_key_and_none_run_anew, a_stream_is_a_stream_again,
      another_body_is_told, an_answer_is_there_while_it_is_being_written,
      what_is_no_answer_is_not_kept, an_error_that_lies_in_the_request_is_kept,
      an_error_of_the_upstreams_is_not, a_stream_that_broke_is_not_kept,
      a_reply_that_was_cut_is_not_kept, one_that_is_too_large_runs_anew,
      those_who_wait_get_the_answer, whoever_is_next_runs_when_the_first_leaves,
      who_leaves_the_line_is_missed_by_nobody,
      who_waits_in_vain_is_told_to_come_again, all_end_when_we_stop,
      a_policys_own_key_stands_for_the_clients,
      a_policy_may_say_that_there_is_no_key, the_key_of_a_policy_may_wait,
      a_key_that_raises_is_a_bug_of_the_policy, a_key_that_is_no_text_is_told,
      nothing_is_kept_when_the_policy_says_so,
      an_answer_lives_as_long_as_the_policy_says)
