/*
** What a policy may wait across, and what it may not; and that a wait in the
** wrong place is an error like others.
*/
#include "policy_rig.h"

/* `body` waits in the request and then says "yes". */
static void check_waits(const char *body)
{
    char policy[2048];
    snprintf(policy, sizeof policy,
             "local function wait(v) p.sleep '1ms' return v end "
             "return function(req) %s return p.say 'yes' end",
             body);
    begin(policy);
    chat();
    CHECK_STR(said(), "yes");
    if (got.status != 200)
        printf("#    %.*s\n", STR_ARG(log_field("policy_error", "message")));
    finish();
}

static void protected_calls_may_wait(void)
{
    check_waits("assert(select(2, pcall(wait, 7)) == 7) "
                "assert(select(2, xpcall(wait, type, 8)) == 8) "
                "local ok, e = pcall(function() wait() error 'boom' end) "
                "assert(not ok and e:find 'boom') "
                "local _, h = xpcall(function() wait() error 'boom' end, "
                "  function(e) return 'handled ' .. e end) "
                "assert(h:find 'handled')");
}

static void metamethods_may_wait(void)
{
    check_waits("local t = setmetatable({}, { "
                "  __index = function(_, k) return wait(k) end, "
                "  __newindex = function(t, k, v) rawequal(t, wait(t)) end, "
                "  __call = function(_, v) return wait(v) end, "
                "  __eq = function() return wait(true) end, "
                "  __lt = function() return wait(true) end, "
                "  __concat = function() return wait 'c' end, "
                "  __len = function() return wait(9) end }) "
                "t.y = 1 "
                "assert(t.x == 'x' and t(5) == 5 and t < {} and #t == 9) "
                "assert(t == setmetatable({}, { __eq = type })) "
                "assert(t .. 'x' == 'c')");
}

static void iterators_and_closing_variables_may_wait(void)
{
    check_waits("local n = 0 "
                "for i in function(_, i) return wait(n < 3 and n + 1 or nil) "
                "  end do n = i end "
                "assert(n == 3) "
                "do local c <close> = setmetatable({}, { __close = "
                "  function() wait() n = 4 end }) end "
                "assert(n == 4)");
}

/* A wait where Lua cannot wait: an error, and all goes on. */
static void check_cannot(const char *body)
{
    char policy[2048];
    snprintf(policy, sizeof policy,
             "local m = p.model 'sim/x' return function(req) "
             "local function wait(v) p.sleep '1ms' return v end "
             "if req.model == 'bad' then %s end "
             "p.sleep '1ms' return p.say 'well' end",
             body);
    begin(policy);
    for (int i = 0; i < 2; i++) {
        ask("{\"model\":\"bad\"," MESSAGES "}");
        CHECK_INT(got.status, 500);
        CHECK(log_field("policy_error", "message").n > 0);
        chat();
        CHECK_STR(said(), "well");
    }
    finish();
}

static void callbacks_of_lua_may_not_wait(void)
{
    check_cannot("table.sort({ 3, 1, 2 }, function(a, b) "
                 "  wait() return a < b end)");
    check_cannot("local s = ('abc'):gsub('%w', function(c) "
                 "  return wait(c) end)");
    check_cannot("tostring(setmetatable({}, { __tostring = function() "
                 "  return wait 'x' end }))");
    check_cannot("table.sort({ 3, 1, 2 }, function(a, b) "
                 "  m(req) return a < b end)");
}

/* The call that was begun there must not be waited for later. */
static void a_wait_that_could_not_be_may_be_caught(void)
{
    begin("local m = p.model 'sim/x' return function(req) "
          "  local ok = pcall(table.sort, { 3, 1, 2 }, function(a, b) "
          "    m(req) return a < b end) "
          "  assert(not ok) "
          "  p.sleep '1ms' "
          "  return p.say 'well' end");
    chat();
    CHECK_STR(said(), "well");
    finish();
}

static void a_line_of_the_log_holds_what_the_policy_says(void)
{
    begin("return function(req) p.log('a\\n\"b', { n = 3, t = { 'x' } }) "
          "return p.say(p.now() > 1.6e9 and 'yes' or 'no') end");
    chat();
    CHECK_STR(said(), "yes");
    CHECK_STR(log_field("policy_log", "message"), "a\n\"b");
    CHECK(contains(&logged, "\"fields\":{"));
    CHECK(
        str_eq(log_field("policy_log", "request_id"), header("x-request-id")));
    finish();
}

TESTS(protected_calls_may_wait, metamethods_may_wait,
      iterators_and_closing_variables_may_wait, callbacks_of_lua_may_not_wait,
      a_wait_that_could_not_be_may_be_caught,
      a_line_of_the_log_holds_what_the_policy_says)
