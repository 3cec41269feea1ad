/*
** LANGUAGE.md, "Errors, time, state": rules 20 to 22 and 24 to 26.
*/
#include "policy_rig.h"

/* --- errors --------------------------------------------------------------- */

static void no_ladder_swallows_a_raised_error_20(void)
{
    begin(OK("a") "local l = p.ladder { function() error 'boom' end, 'a/x' } "
                  "return function(req) return l(req) end");
    chat();
    CHECK_POLICY_ERROR("P:1: boom");
    CHECK_INT(got.outcome, PERI_DONE);
    finish();
}

static void the_client_never_sees_lua_text_20(void)
{
    begin("return function(req) error 'the key is sk-1' end");
    chat_stream();
    CHECK_INT(got.status, 500);
    CHECK(!contains(&got.body, "sk-1"));
    CHECK(!contains(&got.body, "P:1"));
    CHECK(!contains(&got.headers, "sk-1"));
    CHECK(contains(&logged, "sk-1"));
    finish();
}

static void rescue_answers_when_the_policy_raises_20(void)
{
    begin(OK("a") FAILS("b", 503) "p.rescue { 'b/y', 'a/x' } "
                                  "return function(req) error 'boom' end");
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), "a");
    CHECK_STR(path(), "policy error, y overloaded, x ok");
    CHECK_STR(log_field("policy_error", "message"), "P:1: boom");
    finish();
}

static void rescue_answers_for_nonsense_too_20(void)
{
    begin("p.rescue { p.sorry 'broken' } return function(req) end");
    chat();
    CHECK_STR(said(), "broken");
    finish();
}

static void rescue_answers_when_the_time_is_used_up_20(void)
{
    begin(OK("a") "p.rescue { 'a/x' } "
                  "return function(req) while true do end end");
    chat();
    CHECK_STR(said(), "a");
    finish();
}

static void rescue_answers_when_the_memory_is_used_up_20(void)
{
    begin(OK("a") "p.rescue { 'a/x' } return function(req) "
                  "local t = {} for i = 1, 1e9 do t[i] = { i } end end");
    chat();
    CHECK_STR(said(), "a");
    finish();
}

static void a_rescue_that_declines_sends_the_fault_20(void)
{
    begin(FAILS("b", 503) "p.rescue { 'b/y' } "
                          "return function(req) error 'boom' end");
    chat();
    CHECK_INT(got.status, 503);
    finish();
}

static void a_caught_error_is_no_bug_20(void)
{
    begin("return function(req) "
          "  local ok, e = pcall(error, 'boom') "
          "  return p.say(tostring(ok) .. e) end");
    chat();
    CHECK_STR(said(), "falseboom");
    CHECK(log_field("policy_error", "message").p == NULL);
    finish();
}

static void models_may_be_waited_for_inside_pcall_20(void)
{
    begin(OK("a") "local a = p.model 'a/x' "
                  "return function(req) "
                  "  local ok, r = pcall(a, req) "
                  "  assert(ok) "
                  "  return select(2, xpcall(function() "
                  "    p.sleep '1ms' return r end, error)) end");
    chat_stream();
    CHECK_STR(said(), "a");
    finish();
}

/* --- time ----------------------------------------------------------------- */

static void begin_short(const char *policy)
{
    peri_options opt = {.deadline = 0.05};
    rig_open(&opt);
    CHECK_INT(load(policy), 0);
}

static void past_the_deadline_every_waiting_rung_declines_21(void)
{
    begin_short(SIM("b", "hangs = true")
                    OK("a") "return { 'b/x', 'a/y', p.sorry 'too late' }");
    chat();
    CHECK_STR(said(), "too late");
    CHECK_STR(path(), "x deadline, y deadline, sorry");
    CHECK_STR(header("x-perilune-attempts"), "1");
    finish();
}

static void a_sleep_ends_at_the_deadline_21(void)
{
    begin_short("return function(req) p.sleep '10m' "
                "return p.say(req.deadline <= 0 and 'late' or 'early') end");
    chat();
    CHECK_STR(said(), "late");
    finish();
}

static void the_deadline_counts_down_21(void)
{
    begin("return function(req) "
          "  local d = req.deadline "
          "  p.sleep '2ms' "
          "  assert(d <= 120 and d > 100 and req.deadline < d) "
          "  return p.say 'yes' end");
    chat();
    CHECK_STR(said(), "yes");
    finish();
}

static void a_client_that_leaves_ends_the_policy_21(void)
{
    begin(SIM("b", "hangs = true") "local b = p.model 'b/x' "
                                   "return function(req) "
                                   "  local c <close> = setmetatable({}, { "
                                   "__close = function() "
                                   "    p.log 'closed' end }) "
                                   "  local r = b(req) "
                                   "  p.log 'the wait returned' "
                                   "  return r end");
    submit(WHOLE);
    for (int i = 0; i < 5; i++)
        peri_step(peri, 0);
    peri_cancel(peri, got.id);
    await_done();
    CHECK_INT(got.outcome, PERI_CANCELLED);
    CHECK_STR(log_field("policy_log", "message"), "closed");
    CHECK_STR(log_field("request", "outcome"), "client_gone");
    finish();
}

static void others_are_served_while_one_sleeps_21(void)
{
    begin("return function(req) "
          "  if req.model == 'slow' then p.sleep '10m' end "
          "  return p.say 'quick' end");
    submit("{\"model\":\"slow\"," MESSAGES "}");
    for (int i = 0; i < 3; i++)
        peri_step(peri, 0);
    CHECK_INT(got.dones, 0);
    struct got first = got;
    got = (struct got){0};
    chat();
    CHECK_STR(said(), "quick");
    got_clear();
    got = first;
    peri_cancel(peri, first.id);
    await_done();
    finish();
}

/* --- two moments ---------------------------------------------------------- */

static void every_constructor_raises_inside_a_request_22(void)
{
    CHECK_RUN_ERROR("return function(req)\n p.model 'sim/x'\n end",
                    "P:2: p.model \"sim/x\" is a declaration; move it above "
                    "\"return function(req)\"");
    CHECK_RUN_ERROR("return function(req)\n p.provider('x', {})\n end",
                    "P:2: p.provider \"x\" is a declaration; move it above "
                    "\"return function(req)\"");
    CHECK_RUN_ERROR("return function(req)\n p.ladder {}\n end",
                    "P:2: p.ladder is a declaration; move it above "
                    "\"return function(req)\"");
    CHECK_RUN_ERROR("return function(req)\n p.asked { 'sim/*' }\n end",
                    "P:2: p.asked \"sim/*\" is a declaration; move it above "
                    "\"return function(req)\"");
    CHECK_RUN_ERROR("return function(req)\n p.rescue {}\n end",
                    "P:2: p.rescue is a declaration; move it above "
                    "\"return function(req)\"");
}

static void nothing_may_wait_at_load_22(void)
{
    CHECK_LOAD_ERROR("\n p.sleep '1s'",
                     "P:2: p.sleep waits, and nothing may wait while the "
                     "policy is loaded; move it into \"return function(req)\"");
    CHECK_LOAD_ERROR("\n local m = p.model 'sim/x' m({})",
                     "P:2: expected req, not a table");
}

static void written_replies_and_with_belong_into_a_request_22(void)
{
    begin("return function(req) req:with { model = 'm' } "
          "return p.refuse(418, 'tea') end");
    chat();
    CHECK_INT(got.status, 418);
    finish();
}

#define ASKED                                        \
    OK("a")                                          \
    OK("b")                                          \
    "local big = p.model { 'b/large', as = 'big' } " \
    "local small = p.model 'a/small' "               \
    "return p.asked { 'a/*', big, first = '10s' }"

static void check_asked(const char *name, int status, const char *want)
{
    char body[256];
    snprintf(body, sizeof body, "{\"model\":\"%s\"," MESSAGES "}", name);
    ask(body);
    CHECK_INT(got.status, status);
    CHECK_STR(status == 200 ? path() : error_of("code"), want);
}

static void the_client_names_the_model_22(void)
{
    begin(ASKED);
    check_asked("a/anything/at-all", 200, "anything/at-all ok");
    check_asked("small", 200, "small ok");
    check_asked("big", 200, "large ok");
    check_asked("large", 200, "large ok");
    check_asked("b/large", 200, "large ok");
    check_asked("b/other", 404, "model_not_found");
    check_asked("c/anything", 404, "model_not_found");
    check_asked("gpt-4o", 404, "model_not_found");
    check_asked("a/", 404, "model_not_found");
    ask("{" MESSAGES "}");
    CHECK_INT(got.status, 400);
    CHECK_STR(error_of("code"), "missing_model");
    finish();
}

/* --- state ---------------------------------------------------------------- */

static void upvalues_are_shared_by_the_requests_of_a_version_24(void)
{
    const char *policy = "local n = 0 return function(req) n = n + 1 "
                         "return p.say('n' .. n) end";
    begin(policy);
    chat();
    chat();
    CHECK_STR(said(), "n2");
    CHECK_INT(load(policy), 0);
    chat();
    CHECK_STR(said(), "n1");
    finish();
}

static void the_user_is_a_header_or_the_bodys_25(void)
{
    begin("return function(req) return p.say(req.user) end");
    chat();
    CHECK_STR(said(), "anonymous");
    ask("{\"user\":\"ann\"," MESSAGES "}");
    CHECK_STR(said(), "ann");
    static const peri_header bob[] = {{"X-Perilune-User", "bob"}};
    submit_with("{\"user\":\"ann\"," MESSAGES "}", bob, 1);
    await_done();
    CHECK_STR(said(), "bob");
    CHECK_STR(log_field("request", "user_verified"), "false");
    finish();
}

static void an_absent_field_is_nil_and_an_unknown_one_raises_25(void)
{
    begin(
        "return function(req) "
        "assert(req.key == nil and req.team == nil and req.tools == nil) "
        "assert(req.session == nil and req.feature == nil and req.job == nil) "
        "assert(req.max_tokens == nil) "
        "return p.say 'yes' end");
    chat();
    CHECK_STR(said(), "yes");
    finish();
    CHECK_RUN_ERROR(
        "return function(req)\n return req.usr end",
        "P:2: there is no req.usr (there are: model, user, team, feature, "
        "session, key, job, id, stream, text, messages, tools, tokens, "
        "max_tokens, "
        "body, "
        "params, headers, fault, deadline, with)");
}

static void numbers_are_seconds_and_units_are_said_26(void)
{
    begin("local s, b, a = p.units.seconds, p.units.bytes, p.units.amount "
          "assert(s(2) == 2 and s '500ms' == 0.5 and s '1.5s' == 1.5) "
          "assert(s '2m' == 120 and s '2min' == 120 and s '1h' == 3600) "
          "assert(b '1k' == 1000 and b '1KiB' == 1024 and b '1MB' == 1e6) "
          "assert(b '1GiB' == 1 << 30) "
          "local x = a '100k tokens/day' "
          "assert(x.n == 100000 and x.unit == 'tokens' and x.per == 'day') "
          "assert(a 'unlimited'.n == math.huge) "
          "return p.say 'yes'");
    finish();
}

TESTS(no_ladder_swallows_a_raised_error_20, the_client_never_sees_lua_text_20,
      rescue_answers_when_the_policy_raises_20,
      rescue_answers_for_nonsense_too_20,
      rescue_answers_when_the_time_is_used_up_20,
      rescue_answers_when_the_memory_is_used_up_20,
      a_rescue_that_declines_sends_the_fault_20, a_caught_error_is_no_bug_20,
      models_may_be_waited_for_inside_pcall_20,
      past_the_deadline_every_waiting_rung_declines_21,
      a_sleep_ends_at_the_deadline_21, the_deadline_counts_down_21,
      a_client_that_leaves_ends_the_policy_21,
      others_are_served_while_one_sleeps_21,
      every_constructor_raises_inside_a_request_22, nothing_may_wait_at_load_22,
      written_replies_and_with_belong_into_a_request_22,
      the_client_names_the_model_22,
      upvalues_are_shared_by_the_requests_of_a_version_24,
      the_user_is_a_header_or_the_bodys_25,
      an_absent_field_is_nil_and_an_unknown_one_raises_25,
      numbers_are_seconds_and_units_are_said_26)
