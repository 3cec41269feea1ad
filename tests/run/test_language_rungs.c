/*
** LANGUAGE.md, "Rungs and replies": each rule as a promise. The number of the
** rule stands at the end of the name.
*/
#include "policy_rig.h"

static void a_rung_gives_a_reply_or_nil_and_a_fault_1(void)
{
    begin(OK("a") FAILS(
        "b", 503) "local a, b = p.model 'a/x', p.model 'b/x' "
                  "return function(req) "
                  "  local none, fault = b(req) "
                  "  assert(none == nil and fault.kind == 'overloaded') "
                  "  assert(fault.status == 503 and #fault.message > 0) "
                  "  local reply, nothing = a(req) "
                  "  assert(reply and nothing == nil) "
                  "  return reply end");
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), "a");
    CHECK_STR(path(), "x overloaded, x ok");
    finish();
}

static void false_counts_as_nil_1(void)
{
    begin(OK("a") "local function no() return false end "
                  "return { no, 'a/x' }");
    chat();
    CHECK_STR(said(), "a");
    finish();
}

static void req_fault_is_none_at_first_2(void)
{
    begin("return function(req) "
          "return p.say(req.fault.kind) end");
    chat();
    CHECK_STR(said(), "none");
    finish();
}

static void req_fault_is_the_last_failure_2(void)
{
    begin(OK("a") FAILS("b", 503) FAILS(
        "c", 429) "local a, b, c = p.model 'a/x', p.model 'b/x', p.model 'c/x' "
                  "return function(req) "
                  "  local r = b(req) or c(req) or a(req) "
                  "  return p.say(req.fault.kind) end");
    chat();
    CHECK_STR(said(), "rate_limited");
    finish();
}

static void skipped_rungs_do_not_touch_req_fault_2(void)
{
    begin(OK("a") FAILS(
        "b",
        429) "local l = p.ladder { 'b/x', { 'a/x', when = function() "
             "  return false end } } "
             "return function(req) return l(req) or p.say(req.fault.kind) end");
    chat();
    CHECK_STR(said(), "rate_limited");
    CHECK_STR(path(), "x rate_limited, say");
    finish();
}

static void a_reply_is_sent_3(void)
{
    begin(OK("a") "local a = p.model 'a/x' "
                  "return function(req) return a(req) end");
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), "a");
    CHECK_STR(header("content-type"), "application/json");
    CHECK_STR(header("x-perilune-model"), "a/x");
    CHECK_STR(header("x-perilune-attempts"), "1");
    CHECK_INT(got.outcome, PERI_DONE);
    chat_stream();
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), "a");
    CHECK(contains(&got.body, "data: [DONE]"));
    finish();
}

static void nil_or_false_sends_the_fault_with_its_status_3(void)
{
    begin(SIM("b", "refuses = true") "local b = p.model 'b/x' "
                                     "return function(req) return b(req) end");
    chat();
    CHECK_INT(got.status, 502);
    CHECK_STR(error_of("code"), "network");
    CHECK_STR(error_of("type"), "server_error");
    CHECK_STR(header("x-should-retry"), "false");
    finish();
    begin("return function(req) return false end");
    chat_stream();
    CHECK_INT(got.status, 503);
    CHECK_STR(error_of("code"), "no_answer");
    finish();
}

static void the_providers_own_error_is_passed_on_where_it_helps_3(void)
{
    begin(FAILS("b", 404) "return 'b/x'");
    chat();
    CHECK_INT(got.status, 404);
    CHECK(contains(&got.body, "The simulated upstream fails with"));
    finish();
    begin(FAILS("b", 429) "return 'b/x'");
    chat();
    CHECK_INT(got.status, 429);
    CHECK_STR(error_of("code"), "rate_limited");
    CHECK_STR(error_of("type"), "rate_limit_error");
    finish();
    begin(FAILS("b", 401) "return 'b/x'");
    chat();
    CHECK_INT(got.status, 502);
    CHECK_STR(error_of("code"), "auth");
    finish();
}

static void no_value_at_all_is_a_missing_return_3(void)
{
    begin("return function(req) local x = 1 end");
    chat();
    CHECK_INT(got.status, 500);
    finish();
}

static void anything_else_is_a_500_that_names_type_and_line_3(void)
{
    CHECK_RUN_ERROR("return function(req)\n return {}\n end",
                    "P:2: the policy returned a table, not a reply");
    CHECK_RUN_ERROR("return function(req)\n return 7 end",
                    "P:2: the policy returned a number, not a reply");
}

static void a_refusal_is_a_reply_that_is_marked_8(void)
{
    begin(OK("a") "local a = p.model 'a/x' "
                  "return function(req) "
                  "  local no = p.refuse(429, 'slow down') "
                  "  assert(no.refused and no.status == 429) "
                  "  assert(not a(req).refused) "
                  "  return no and a(req) or no end");
    chat();
    CHECK_STR(said(), "a");
    finish();
}

static void a_refusal_is_not_asked_to_be_accepted_8(void)
{
    begin("local l = p.ladder { { p.refuse(403, 'no'), accept = function() "
          "  return false end }, p.say 'next' } "
          "return function(req) return l(req) end");
    chat();
    CHECK_INT(got.status, 403);
    CHECK_STR(error_of("message"), "no");
    finish();
}

static void bad_requests_refuse_with_the_providers_error_9(void)
{
    begin(FAILS("b", 400) OK("a") "return { 'b/x', 'a/x' }");
    chat();
    CHECK_INT(got.status, 400);
    CHECK(contains(&got.body, "The simulated upstream fails with"));
    CHECK_STR(path(), "x bad_request");
    CHECK_INT(got.outcome, PERI_DONE);
    finish();
}

static void on_makes_a_refusing_fault_decline_9(void)
{
    begin(FAILS("b", 400) OK(
        "a") "return { p.model { 'b/x', on = { bad_request = 'decline' } }, "
             "  'a/x' }");
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(path(), "x bad_request, x ok");
    finish();
}

static void on_makes_a_declining_fault_refuse_9(void)
{
    begin(FAILS("b", 503) OK(
        "a") "return { p.model { 'b/x', on = { overloaded = 'refuse' } }, "
             "  'a/x' }");
    chat();
    CHECK_INT(got.status, 503);
    CHECK(str_starts(path(), STR("x overloaded")));
    CHECK_STR(header("x-perilune-attempts"), "1");
    finish();
}

static void all_other_faults_decline_9(void)
{
    begin(FAILS("b", 401) FAILS("c", 404) FAILS("d", 500)
              SIM("e", "refuses = true") SIM("f", "garbage = true") OK(
                  "a") "return { 'b/1', 'c/2', 'd/3', 'e/4', 'f/5', 'a/6' }");
    chat();
    CHECK_STR(said(), "a");
    CHECK_STR(path(), "1 auth, 2 not_found, 3 server_error, 4 network, "
                      "5 malformed, 6 ok");
    CHECK_STR(header("x-perilune-attempts"), "6");
    finish();
}

static void say_sorry_and_refuse_return_themselves_10(void)
{
    begin("local s, t, u = p.say 'a', p.sorry 'b', p.refuse(400, 'c') "
          "return function(req) "
          "  assert(s(req) == s and t(req) == t and u(req) == u) "
          "  assert(not s.sorry and t.sorry and not t.refused and u.refused) "
          "  return nil or t(req) end");
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), "b");
    CHECK_STR(path(), "sorry");
    chat_stream();
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), "b");
    CHECK(contains(&got.body, "data: [DONE]"));
    finish();
}

static void written_replies_serve_in_a_list_10(void)
{
    begin(FAILS("b", 503) "return { 'b/x', p.sorry 'later' }");
    chat();
    CHECK_STR(said(), "later");
    CHECK_STR(path(), "x overloaded, sorry");
    finish();
}

static void refuse_is_an_error_that_is_not_to_be_retried_10(void)
{
    begin("return p.refuse(451, 'not \"here\"')");
    chat_stream();
    CHECK_INT(got.status, 451);
    CHECK_STR(error_of("message"), "not \"here\"");
    CHECK_STR(header("x-should-retry"), "false");
    CHECK_STR(header("content-type"), "application/json");
    finish();
}

static void a_request_is_never_changed_in_place_11(void)
{
    begin(OK("a") "local a = p.model 'a/x' "
                  "return function(req) "
                  "  local other = req:with { model = 'y', max_tokens = 5 } "
                  "  assert(other ~= req and req.model == 'any') "
                  "  assert(other.model == 'y' and other.max_tokens == 5) "
                  "  assert(req.max_tokens == nil and other.id == req.id) "
                  "  assert(a(other).model == 'y') "
                  "  return a(req) end");
    chat();
    CHECK_STR(path(), "y dropped, x ok");
    CHECK_STR(header("x-perilune-attempts"), "2");
    finish();
}

static void changes_pile_up_11(void)
{
    begin("return function(req) "
          "  local r = req:with { model = 'y' }:with { max_tokens = 3 } "
          "  return p.say(r.model .. r.max_tokens) end");
    chat();
    CHECK_STR(said(), "y3");
    finish();
}

static void the_same_model_twice_is_a_second_try_15(void)
{
    begin(SIM("b", "fails = 503, times = 1") "return { 'b/x', 'b/x' }");
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(path(), "x overloaded, x ok");
    finish();
}

static void tries_are_whole_tries_of_one_rung_15(void)
{
    begin(SIM("b",
              "fails = 500, times = 1") "return p.model { 'b/x', tries = 2 }");
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(path(), "x server_error, x ok");
    CHECK_STR(header("x-perilune-attempts"), "2");
    finish();
}

static void a_lasting_fault_is_not_tried_again_15(void)
{
    begin(FAILS("b", 404) OK(
        "a") "return { p.model { 'b/x', tries = 3 }, 'b/x', 'b/y', 'a/x' }");
    chat();
    CHECK_STR(path(), "x not_found, x skipped, y not_found, x ok");
    CHECK_STR(header("x-perilune-attempts"), "3");
    finish();
}

static void other_content_is_asked_again_15(void)
{
    begin(FAILS("b", 404) "local b = p.model 'b/x' "
                          "return function(req) "
                          "return b(req) or b(req:with { max_tokens = 9 }) "
                          "or b(req:with { max_tokens = 9 }) "
                          "or p.say(req.fault.kind) end");
    chat();
    CHECK_STR(path(), "x not_found, x not_found, x skipped, say");
    CHECK_STR(said(), "not_found");
    finish();
}

static void there_is_a_cap_on_attempts_15(void)
{
    begin(FAILS("b", 503) "local b = p.model { 'b/x', breaker = false } "
                          "return function(req) "
                          "  for i = 1, 40 do b(req) end end");
    chat();
    CHECK_STR(log_field("request", "attempts"), "32");
    finish();
}

TESTS(a_rung_gives_a_reply_or_nil_and_a_fault_1, false_counts_as_nil_1,
      req_fault_is_none_at_first_2, req_fault_is_the_last_failure_2,
      skipped_rungs_do_not_touch_req_fault_2, a_reply_is_sent_3,
      nil_or_false_sends_the_fault_with_its_status_3,
      the_providers_own_error_is_passed_on_where_it_helps_3,
      no_value_at_all_is_a_missing_return_3,
      anything_else_is_a_500_that_names_type_and_line_3,
      a_refusal_is_a_reply_that_is_marked_8,
      a_refusal_is_not_asked_to_be_accepted_8,
      bad_requests_refuse_with_the_providers_error_9,
      on_makes_a_refusing_fault_decline_9, on_makes_a_declining_fault_refuse_9,
      all_other_faults_decline_9, say_sorry_and_refuse_return_themselves_10,
      written_replies_serve_in_a_list_10,
      refuse_is_an_error_that_is_not_to_be_retried_10,
      a_request_is_never_changed_in_place_11, changes_pile_up_11,
      the_same_model_twice_is_a_second_try_15,
      tries_are_whole_tries_of_one_rung_15,
      a_lasting_fault_is_not_tried_again_15, other_content_is_asked_again_15,
      there_is_a_cap_on_attempts_15)
