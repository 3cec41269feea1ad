/*
** What a policy may not do, how long and how much; and that the next request
** is unharmed, whatever the one before tried.
*/
#include <time.h>

#include "policy_rig.h"

/* Runs `body` in a request; it must come to say "yes". */
static void check_holds(const char *body)
{
    char policy[4096];
    snprintf(policy, sizeof policy,
             "return function(req) %s return p.say 'yes' end", body);
    begin(policy);
    chat();
    CHECK_STR(said(), "yes");
    if (got.status != 200)
        printf("#    %.*s\n", STR_ARG(log_field("policy_error", "message")));
    finish();
}

/* Under this policy a request "bad" is ended by the sandbox with `want`; the
** ones after it are served. */
static void check_ended(const char *body, const char *want)
{
    char policy[4096];
    snprintf(policy, sizeof policy,
             "local ask = p.model 'sim/x' "
             "return function(req) if req.model == 'bad' then %s end "
             "p.sleep '1ms' return p.say 'well' end",
             body);
    begin(policy);
    for (int i = 0; i < 2; i++) {
        ask("{\"model\":\"bad\"," MESSAGES "}");
        CHECK_INT(got.status, 500);
        CHECK_STR(log_field("policy_error", "message"), want);
        chat();
        CHECK_INT(got.status, 200);
        CHECK_STR(said(), "well");
    }
    finish();
}

#define TIME   "P:1: the policy used up its processor time (limit: cpu)"
#define MEMORY "P:1: the policy used up its memory (limit: heap)"

/* --- what there is -------------------------------------------------------- */

static void the_world_outside_is_not_there(void)
{
    static const char *const names[] = {
        "os",         "io",         "debug",  "package",        "load",
        "loadstring", "loadfile",   "dofile", "collectgarbage", "coroutine",
        "print",      "rawset",     "_G",     "warn",           "jit",
        "perilune",   "string.dump"};
    begin("return p.say 'x'");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char policy[128], want[128];
        snprintf(policy, sizeof policy, "return function(req) local x = %s end",
                 names[i]);
        snprintf(want, sizeof want, "P:1: undefined variable '%s'", names[i]);
        CHECK_INT(load(policy), 0);
        chat();
        if (strchr(names[i], '.') == NULL)
            CHECK_STR(log_field("policy_error", "message"), want);
    }
    finish();
    check_holds("assert(not pcall(string.dump, pcall)) "
                "assert(math.randomseed == nil)");
}

static void undefined_globals_raise_and_none_can_be_made(void)
{
    check_holds("assert(not pcall(function() return nothing end)) "
                "assert(not pcall(function() nothing = 1 end))");
}

static void the_environment_of_a_file_is_its_own_each_time(void)
{
    begin("local say, pcall = p.say, pcall return function(req) "
          "  local text = tostring(1) _ENV = {} return say(text) end");
    for (int i = 0; i < 3; i++) {
        chat();
        CHECK_STR(said(), "1");
    }
    finish();
}

static void libraries_are_read_only(void)
{
    check_holds("assert(not pcall(function() string.format = 1 end)) "
                "assert(not pcall(function() math.pi = 3 end)) "
                "assert(not pcall(function() table.extra = 1 end)) "
                "assert(not pcall(function() p.model = 1 end)) "
                "assert(not pcall(function() p.json.null = 1 end)) "
                "assert(type(string.format) == 'function')");
}

static void metatables_of_ours_are_out_of_reach(void)
{
    check_holds("assert(getmetatable('') == false) "
                "assert(getmetatable(string) == false) "
                "assert(getmetatable(p) == false) "
                "assert(getmetatable(req) == false) "
                "assert(getmetatable(p.say 'x') == false) "
                "assert(not pcall(setmetatable, string, {})) "
                "assert(not pcall(setmetatable, p, {}))");
}

static void finalizers_are_refused(void)
{
    check_holds("local ok, e = pcall(setmetatable, {}, "
                "  { __gc = function() end }) "
                "assert(not ok and e:find 'finalizers') ");
}

static void no_text_shows_an_address(void)
{
    check_holds("local function plain(v) "
                "  local s = tostring(v) "
                "  assert(not s:find '0x', s) return s end "
                "assert(plain({}) == 'table') "
                "assert(plain(type) == 'function') "
                "assert(plain(function() end) == 'function') "
                "plain(req) plain(p) plain(p.say 'x') plain(req.fault) "
                "plain(p.json.null)");
}

/* string.format's %s and %p, and error messages, are other ways to it. */
static void no_other_way_shows_an_address(void)
{
    check_holds("assert(not ('%s'):format({}):find '0x', 'format %s') "
                "local ok, s = pcall(string.format, '%p', {}) "
                "assert(not ok or not s:find '0x', 'format %p')");
}

static void bytecode_is_refused(void)
{
    rig_open(NULL);
    static const char code[] = "\x1bLuaT\x00\x19\x93\r\n\x1a\n";
    CHECK_INT(peri_load_text(peri, "P", code, sizeof code), PERI_EPOLICY);
    CHECK(strstr(peri_error(peri), "binary chunk") != NULL);
    finish();
}

/* --- how long ------------------------------------------------------------- */

static void an_endless_loop_at_load_is_stopped(void)
{
    peri_options opt = {.policy_cpu = 0.02};
    rig_open(&opt);
    CHECK_INT(load("while true do end"), PERI_EPOLICY);
    CHECK_STR(str_of(peri_error(peri)), TIME);
    CHECK_INT(load("return p.say 'x'"), 0);
    finish();
}

static void an_endless_loop_in_a_request_is_stopped(void)
{
    check_ended("while true do end", TIME);
}

static void no_pcall_outlives_the_time(void)
{
    check_ended("while true do pcall(function() while true do end end) end",
                TIME);
    check_ended("local function f() while true do end end "
                "while true do xpcall(f, function(e) "
                "  while true do end end) end",
                TIME);
}

static void no_metamethod_outlives_the_time(void)
{
    check_ended("local t = setmetatable({}, { __index = function(t, k) "
                "  while true do end end }) "
                "while true do pcall(function() return t.x end) end",
                TIME);
}

static void no_closing_variable_outlives_the_time(void)
{
    check_ended("local c <close> = setmetatable({}, { __close = function() "
                "  while true do end end }) while true do end",
                TIME);
}

/* The time is the request's, over all its turns. */
static void waiting_between_does_not_renew_the_time(void)
{
    check_ended("while true do for i = 1, 1e5 do end p.sleep '1ms' end", TIME);
}

static void waiting_itself_costs_no_processor_time(void)
{
    peri_options opt = {.policy_cpu = 0.02};
    rig_open(&opt);
    CHECK_INT(load("return function(req) p.sleep '60ms' "
                   "for i = 1, 1e4 do end return p.say 'yes' end"),
              0);
    chat();
    CHECK_STR(said(), "yes");
    finish();
}

/* One call, which would take minutes. */
static void a_pattern_costs_no_more_than_the_deadline(void)
{
    begin("return function(req) local n = 27 "
          "local _ = (('a'):rep(n)):find(('a?'):rep(n) .. ('a'):rep(n)) "
          "return p.say 'found' end");
    clock_t from = clock(); /* processor time, not the wall's */
    chat();
    CHECK(clock() - from < 2 * CLOCKS_PER_SEC);
    CHECK_INT(got.status, 500);
    finish();
}

/* --- how much ------------------------------------------------------------- */

static void a_memory_bomb_at_load_is_stopped(void)
{
    rig_open(NULL);
    CHECK_INT(load("local t = {} for i = 1, 1e9 do t[i] = { i } end"),
              PERI_EPOLICY);
    CHECK(strlen(peri_error(peri)) > 0);
    CHECK_INT(load("return p.say 'x'"), 0);
    chat();
    CHECK_STR(said(), "x");
    finish();
}

/* Time enough, so that it is the memory that runs out. */
static void begin_patient(const char *policy)
{
    peri_options opt = {.policy_cpu = 60};
    rig_open(&opt);
    CHECK_INT(load(policy), 0);
}

static void check_bomb(const char *body, const char *want)
{
    char policy[1024];
    snprintf(policy, sizeof policy,
             "return function(req) if req.model == 'bad' then %s end "
             "return p.say 'well' end",
             body);
    begin_patient(policy);
    for (int i = 0; i < 3; i++) {
        ask("{\"model\":\"bad\"," MESSAGES "}");
        CHECK_INT(got.status, 500);
        CHECK(holds(log_field("policy_error", "message"), want));
        chat();
        CHECK_STR(said(), "well");
    }
    finish();
}

static void a_memory_bomb_in_a_request_is_stopped(void)
{
    check_bomb("local t = {} for i = 1, 1e9 do t[i] = { i } end", "memory");
    check_bomb("local s = 'x' while true do s = s .. s end", "memory");
    check_bomb("local s = ('x'):rep(1 << 40)", ""); /* however it is said */
}

static void no_pcall_outlives_the_memory(void)
{
    begin_patient("return function(req) while req.model == 'bad' do "
                  "pcall(function() local t = {} "
                  "for i = 1, 1e9 do t[i] = { i } end end) end "
                  "return p.say 'well' end");
    ask("{\"model\":\"bad\"," MESSAGES "}");
    CHECK_POLICY_ERROR(MEMORY);
    chat();
    CHECK_STR(said(), "well");
    finish();
}

static void a_table_has_no_more_names_than_lua_can_move(void)
{
    check_bomb("local t = {} for i = 1, 40000 do t['k' .. i] = i end",
               "32768 names");
}

/* Lua's stack or the heap ends first; either is fine. */
static void deep_recursion_ends(void)
{
    begin_patient("local function f(n) return 1 + f(n + 1) end "
                  "return function(req) if req.model == 'bad' then f(1) end "
                  "  return p.say 'well' end");
    for (int i = 0; i < 3; i++) {
        ask("{\"model\":\"bad\"," MESSAGES "}");
        CHECK_INT(got.status, 500);
        chat();
        CHECK_STR(said(), "well");
    }
    finish();
}

static void nested_pcalls_are_an_error_like_others(void)
{
    begin_patient("local function f() return pcall(f) end "
                  "return function(req) f() return p.say 'well' end");
    chat();
    CHECK_INT(got.dones, 1);
    chat();
    CHECK_INT(got.dones, 1);
    finish();
}

/* --- what is said too often ----------------------------------------------- */

static void a_request_that_floods_the_log_is_cut_off(void)
{
    begin("return function(req) for i = 1, 1000 do p.log('line ' .. i) end "
          "return p.say 'yes' end");
    chat();
    CHECK_STR(said(), "yes");
    int lines = 0;
    for (str rest = buf_str(&logged); rest.n > 0;) {
        str line = str_split(&rest, '\n');
        lines += memmem(line.p, line.n, "policy_log", 10) != NULL;
    }
    CHECK_INT(lines, 101);
    CHECK_STR(log_field("policy_log", "message"),
              "p.log: no more lines of this request are logged");
    finish();
}

/* --- what is kept too long ------------------------------------------------ */

static void a_request_kept_beyond_its_end_raises(void)
{
    begin("local kept "
          "return function(req) "
          "  if not kept then kept = req return p.say 'first' end "
          "  for _, f in ipairs { 'model', 'text', 'body', 'with', 'nope' } do "
          "    local ok, e = pcall(function() return kept[f] end) "
          "    assert(not ok and e:find 'has ended', f) end "
          "  assert(not pcall(function() kept.model = 1 end)) "
          "  return p.say 'second' end");
    chat();
    chat();
    CHECK_STR(said(), "second");
    finish();
}

static void a_method_kept_beyond_its_request_raises(void)
{
    begin("local with, kept, m = nil, nil, p.model 'sim/x' "
          "return function(req) "
          "  if not kept then with, kept = req.with, req "
          "    return p.say 'first' end "
          "  assert(not pcall(with, kept, { model = 'x' })) "
          "  assert(not pcall(m, kept)) "
          "  return p.say 'second' end");
    chat();
    chat();
    CHECK_STR(said(), "second");
    finish();
}

static void a_reply_kept_beyond_its_request_raises(void)
{
    begin(OK("a") "local kept, it, m = nil, nil, p.model 'a/x' "
                  "return function(req) "
                  "  if not kept then kept = m(req) it = kept:each() "
                  "    return kept end "
                  "  assert(not pcall(it)) "
                  "  for _, f in ipairs { 'text', 'json', 'each' } do "
                  "    assert(not pcall(function() kept[f](kept) end)) end "
                  "  assert(not pcall(function() return kept.status end)) "
                  "  return req.model == 'any' and p.say 'second' or kept "
                  "end");
    chat_stream();
    chat_stream();
    CHECK_STR(said(), "second");
    ask("{\"model\":\"return it\"," MESSAGES "}");
    CHECK_INT(got.status, 500);
    finish();
}

static void a_written_reply_may_be_kept(void)
{
    begin("local kept return function(req) "
          "  kept = kept or p.say 'kept' return kept end");
    chat();
    chat();
    CHECK_STR(said(), "kept");
    finish();
}

TESTS(the_world_outside_is_not_there,
      undefined_globals_raise_and_none_can_be_made,
      the_environment_of_a_file_is_its_own_each_time, libraries_are_read_only,
      metatables_of_ours_are_out_of_reach, finalizers_are_refused,
      no_text_shows_an_address, no_other_way_shows_an_address,
      bytecode_is_refused, an_endless_loop_at_load_is_stopped,
      an_endless_loop_in_a_request_is_stopped, no_pcall_outlives_the_time,
      no_metamethod_outlives_the_time, no_closing_variable_outlives_the_time,
      waiting_between_does_not_renew_the_time,
      waiting_itself_costs_no_processor_time,
      a_pattern_costs_no_more_than_the_deadline,
      a_memory_bomb_at_load_is_stopped,
      a_table_has_no_more_names_than_lua_can_move,
      a_memory_bomb_in_a_request_is_stopped, no_pcall_outlives_the_memory,
      deep_recursion_ends, nested_pcalls_are_an_error_like_others,
      a_request_that_floods_the_log_is_cut_off,
      a_request_kept_beyond_its_end_raises,
      a_method_kept_beyond_its_request_raises,
      a_reply_kept_beyond_its_request_raises, a_written_reply_may_be_kept)
