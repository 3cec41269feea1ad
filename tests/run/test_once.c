/*
** test_once.c -- a request that is sent again: what of it runs, and what is said.
*/
#include <semaphore.h>

#include "run/once_rig.h"

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

TESTS(a_repeat_is_the_first_answer_and_runs_nothing,
      another_key_and_none_run_anew, a_stream_is_a_stream_again,
      another_body_is_told, an_answer_is_there_while_it_is_being_written,
      what_is_no_answer_is_not_kept, an_error_that_lies_in_the_request_is_kept,
      an_error_of_the_upstreams_is_not, a_stream_that_broke_is_not_kept,
      a_reply_that_was_cut_is_not_kept, one_that_is_too_large_runs_anew,
      a_policys_own_key_stands_for_the_clients,
      a_policy_may_say_that_there_is_no_key, the_key_of_a_policy_may_wait,
      a_key_that_raises_is_a_bug_of_the_policy, a_key_that_is_no_text_is_told,
      nothing_is_kept_when_the_policy_says_so,
      an_answer_lives_as_long_as_the_policy_says)
