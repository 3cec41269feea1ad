/*
** LANGUAGE.md, rules 18 and 19: a reply is read, dropped, returned after all;
** and watched while it streams.
*/
#include "policy_rig.h"

#define TALKS(name, text)                            \
    "p.provider('" name "', { sim = { latency = 0, " \
    "rate = 1e6, text = '" text "' } }) "
#define ONE(text) TALKS("a", text) "local a = p.model 'a/x' "

/* --- reading -------------------------------------------------------------- */

static void a_reply_not_returned_is_shown_as_dropped_18(void)
{
    begin(OK("a") OK("b") "local a, b = p.model 'a/x', p.model 'b/y' "
                          "return function(req) a(req) return b(req) end");
    chat_stream();
    CHECK_STR(said(), "b");
    CHECK_STR(path(), "x dropped, y ok");
    chat();
    CHECK_STR(path(), "x dropped, y ok");
    finish();
}

static void a_reply_is_read_and_not_returned_18(void)
{
    begin(ONE("one two") "return function(req) "
                         "return p.say('<' .. a(req):text() .. '>') end");
    chat();
    CHECK_STR(said(), "<one two>");
    chat_stream();
    CHECK_STR(said(), "<one two>");
    finish();
}

static void a_reply_once_read_can_still_be_returned_18(void)
{
    begin(ONE("one two three") "return function(req) "
                               "  local r = a(req) "
                               "  assert(r:text() == 'one two three') "
                               "  assert(r:text() == 'one two three') "
                               "  return r end");
    chat();
    CHECK_STR(said(), "one two three");
    chat_stream();
    CHECK_STR(said(), "one two three");
    CHECK(contains(&got.body, "data: [DONE]"));
    CHECK_STR(path(), "x ok");
    finish();
}

static void json_is_decoded_or_nil_18(void)
{
    begin(ONE("{\"n\": 7}") "return function(req) "
                            "  return p.say('n=' .. a(req):json().n) end");
    chat();
    CHECK_STR(said(), "n=7");
    finish();
    begin(ONE("no json") "return function(req) "
                         "  local v, why = a(req):json() "
                         "  assert(v == nil and why) "
                         "  return p.say 'none' end");
    chat_stream();
    CHECK_STR(said(), "none");
    finish();
}

static void text_of_a_stream_that_broke_is_nil_and_a_fault_18(void)
{
    begin(SIM(
        "b",
        "tokens = 40, cuts_after = 15, rate = 100") "local b = p.model 'b/x' "
                                                    "return function(req) "
                                                    "  local text, fault = "
                                                    "b(req):text() "
                                                    "  assert(text == nil) "
                                                    "  return p.say(fault.kind "
                                                    ".. ' ' .. "
                                                    "req.fault.kind) end");
    chat_stream();
    CHECK_STR(said(), "broken_stream broken_stream");
    finish();
}

static void each_gives_every_piece_and_then_ends_18(void)
{
    begin(ONE("one two three") "return function(req) "
                               "  local n, all = 0, '' "
                               "  local r = a(req) "
                               "  for piece in r:each() do "
                               "    n = n + 1 all = all .. piece end "
                               "  assert(all == 'one two three') "
                               "  return p.say(n > 1 and 'pieces' or 'one') "
                               "end");
    chat_stream();
    CHECK_STR(said(), "pieces");
    chat();
    CHECK_STR(said(), "one");
    finish();
}

static void each_before_return_holds_everything_back_19(void)
{
    begin(ONE("one two three") "return function(req) "
                               "  local r = a(req) "
                               "  for piece in r:each() do "
                               "    if piece:find 'two' then break end end "
                               "  return r end");
    chat_stream();
    CHECK_STR(said(), "one two three");
    finish();
}

static void what_a_reply_knows_of_itself_18(void)
{
    begin(ONE("one two") "return function(req) "
                         "  local r = a(req) "
                         "  assert(r.status == 200 and not r.refused) "
                         "  assert(r.sorry == false) "
                         "  assert(r.stream == req.stream) "
                         "  assert(r.model == 'x' and r.provider == 'a') "
                         "  r:text() "
                         "  assert(r.finish_reason == 'stop') "
                         "  assert(r.usage.completion > 0) "
                         "  return r end");
    chat();
    CHECK_INT(got.status, 200);
    chat_stream();
    CHECK_INT(got.status, 200);
    finish();
}

static void a_stream_that_breaks_after_its_head_ends_with_an_error(void)
{
    begin(SIM("b", "tokens = 40, cuts_after = 15, rate = 100") "return 'b/x'");
    chat_stream();
    CHECK_INT(got.status, 200);
    CHECK_INT(got.outcome, PERI_BROKEN);
    CHECK(contains(&got.body, "\"code\":\"broken_stream\""));
    CHECK(!contains(&got.body, "[DONE]"));
    CHECK_STR(log_field("request", "fault"), "broken_stream");
    finish();
}

static void accept_may_read_the_reply(void)
{
    begin(ONE("no")
              TALKS("b", "yes") "return { { a, accept = function(reply, req) "
                                "    return reply:text() == 'yes' end }, "
                                "  { 'b/y', accept = function(reply) "
                                "    return reply:text() == 'yes' end } }");
    chat_stream();
    CHECK_STR(said(), "yes");
    finish();
    begin(ONE("no") "return { { a, accept = function() return false end }, "
                    "  function(req) return p.say(req.fault.kind) end }");
    chat();
    CHECK_STR(said(), "rejected");
    finish();
}

/* --- filters -------------------------------------------------------------- */

#define FILTER(text, hold, f)                               \
    ONE(text)                                               \
    "local function f(text) " f " end "                     \
    "local l = p.filter { a, with = f, hold = " #hold " } " \
    "return function(req) return l(req) end"

static void check_filtered(const char *policy, const char *want)
{
    begin(policy);
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), want);
    chat_stream();
    CHECK_INT(got.status, 200);
    CHECK_INT(got.outcome, PERI_DONE);
    CHECK_STR(said(), want);
    CHECK(contains(&got.body, "data: [DONE]"));
    finish();
}

static void a_filter_that_returns_nil_lets_all_pass_19(void)
{
    check_filtered(FILTER("one two three", 64, "return nil"), "one two three");
    check_filtered(FILTER("one two three", 0, "return nil"), "one two three");
}

static void a_filter_that_returns_a_text_replaces_19(void)
{
    check_filtered(
        FILTER("one two three", 64, "return (text:gsub('two', '2'))"),
        "one 2 three");
}

static void a_match_may_begin_in_one_piece_and_end_in_the_next_19(void)
{
    check_filtered(FILTER("a b c d e f", 8, "return (text:gsub('c d', 'X'))"),
                   "a b X e f");
}

static void characters_are_not_cut_in_two_19(void)
{
    check_filtered(FILTER("\xe6\x9c\x88 \xf0\x9f\x8c\x99 \xe6\x9c\x88", 3,
                          "assert(utf8.len(text)) return nil"),
                   "\xe6\x9c\x88 \xf0\x9f\x8c\x99 \xe6\x9c\x88");
}

static void a_cut_ends_the_reply_there_19(void)
{
    begin(FILTER("one sk-123 two", 64,
                 "if text:find 'sk%-%d+' then return p.cut '[removed]' end"));
    chat_stream();
    CHECK_STR(said(), "[removed]");
    CHECK(contains(&got.body, "content_filter"));
    CHECK(contains(&got.body, "data: [DONE]"));
    CHECK(!contains(&got.body, "123"));
    CHECK(!contains(&got.body, "two"));
    CHECK_INT(got.outcome, PERI_DONE);
    chat();
    CHECK_STR(said(), "[removed]");
    CHECK(!contains(&got.body, "two"));
    finish();
}

static void a_filter_sees_no_refusal_19(void)
{
    begin("local l = p.filter { p.refuse(403, 'no'), with = function() "
          "  return 'changed' end } "
          "return function(req) return l(req) end");
    chat();
    CHECK_INT(got.status, 403);
    CHECK_STR(error_of("message"), "no");
    finish();
}

static void a_filter_sees_what_the_policy_wrote_19(void)
{
    begin("local l = p.filter { p.say 'one', with = function(t) "
          "  return t .. '!' end } "
          "return function(req) return l(req) end");
    chat();
    CHECK_STR(said(), "one!");
    finish();
}

static void filters_are_applied_from_the_inside_out_19(void)
{
    check_filtered(ONE("x") "local g = p.filter { a, with = function(t) "
                            "  return (t:gsub('x', 'y')) end } "
                            "local h = p.filter { g, with = function(t) "
                            "  return (t:gsub('y', 'z')) end } "
                            "return function(req) return h(req) end",
                   "z");
}

static void a_filter_that_raises_is_a_bug_of_the_policy_19(void)
{
    begin(FILTER("one two", 0, "error 'boom'"));
    chat();
    CHECK_INT(got.status, 500);
    CHECK_STR(error_of("code"), "policy_error");
    CHECK(!contains(&got.body, "boom"));
    CHECK_STR(log_field("policy_error", "message"), "P:1: boom");
    chat_stream();
    CHECK_INT(got.outcome, PERI_BROKEN);
    CHECK(!contains(&got.body, "boom"));
    CHECK(!contains(&got.body, "one"));
    finish();
}

static void a_filter_that_returns_nonsense_is_a_bug_too_19(void)
{
    begin(FILTER("one two", 0, "return {}"));
    chat();
    CHECK_INT(got.status, 500);
    CHECK_STR(log_field("policy_error", "message"),
              "p.filter: the function returned neither nil, a text nor "
              "p.cut(text)");
    finish();
}

static void a_filter_that_never_ends_is_stopped_19(void)
{
    begin(FILTER("one two", 0, "while true do end"));
    chat_stream();
    CHECK_INT(got.outcome, PERI_BROKEN);
    finish();
}

TESTS(a_reply_not_returned_is_shown_as_dropped_18,
      a_reply_is_read_and_not_returned_18,
      a_reply_once_read_can_still_be_returned_18, json_is_decoded_or_nil_18,
      text_of_a_stream_that_broke_is_nil_and_a_fault_18,
      each_gives_every_piece_and_then_ends_18,
      each_before_return_holds_everything_back_19,
      what_a_reply_knows_of_itself_18,
      a_stream_that_breaks_after_its_head_ends_with_an_error,
      accept_may_read_the_reply, a_filter_that_returns_nil_lets_all_pass_19,
      a_filter_that_returns_a_text_replaces_19,
      a_match_may_begin_in_one_piece_and_end_in_the_next_19,
      characters_are_not_cut_in_two_19, a_cut_ends_the_reply_there_19,
      a_filter_sees_no_refusal_19, a_filter_sees_what_the_policy_wrote_19,
      filters_are_applied_from_the_inside_out_19,
      a_filter_that_raises_is_a_bug_of_the_policy_19,
      a_filter_that_returns_nonsense_is_a_bug_too_19,
      a_filter_that_never_ends_is_stopped_19)
