/*
** Requests of one policy version share a heap and a thread: who takes too
** much of it ends, and those beside it do not.
*/
#include <pthread.h>

#include "base/stack.h"
#include "perilune_inner.h"
#include "policy_rig.h"
#include "run/generation.h"

#define FLIGHTS 8

/* Several requests at a time, each with what came of it. */
static struct flight {
    int status, dones;
} flights[FLIGHTS];

static void flight_head(void *user, int status, const peri_header *headers,
                        size_t n)
{
    struct flight *f = user;
    (void)headers;
    (void)n;
    f->status = status;
}

static void flight_done(void *user, int outcome)
{
    struct flight *f = user;
    CHECK_INT(outcome, PERI_DONE);
    f->dones++;
}

static void fly(int i, const char *model)
{
    char body[128];
    peri_sink sink = {sizeof sink, &flights[i], flight_head, NULL, flight_done};
    snprintf(body, sizeof body, "{\"model\":\"%s\"," MESSAGES "}", model);
    peri_request req = {
        .size = sizeof req, .body = body, .body_len = strlen(body)};
    flights[i] = (struct flight){0};
    CHECK_INT(peri_submit(peri, &req, &sink, NULL), 0);
    turn(2);
}

static void land(int i, int status)
{
    for (int n = 0; n < PATIENT_TURNS && flights[i].dones == 0; n++)
        peri_step(peri, 0.01);
    CHECK_INT(flights[i].dones, 1);
    CHECK_INT(flights[i].status, status);
}

/* "hold" takes so many megabytes and waits for "go"; "bomb" takes all there is;
** "slow" waits; others are served at once. */
static const char policy[] =
    "local function take(mb) local t = {} "
    "  for i = 1, mb do t[i] = ('x'):rep(1 << 20) .. i end return t end "
    "local go return function(req) local t "
    "  if req.model == 'hold' then t = take(18) "
    "    while not go do p.sleep '2ms' end end "
    "  if req.model == 'go' then go = true end "
    "  if req.model == 'bomb' then t = take(1000) end "
    "  if req.model == 'slow' then t = take(0) p.sleep '40ms' end "
    "  if req.model == 'creep' then t = {} for i = 1, 40 do "
    "    t[i] = take(1) p.sleep '1ms' end end "
    "  if req.model == 'litter' then for i = 1, 100 do "
    "    take(1) p.sleep '1ms' end end "
    "  return p.say('well' .. (t and #t or '')) end";

static void begin_flights(void)
{
    peri_options opt = {.policy_cpu = 10};
    rig_open(&opt);
    CHECK_INT(load(policy), 0);
}

static void a_bomb_ends_itself_and_not_its_neighbour(void)
{
    begin_flights();
    fly(0, "slow");
    fly(1, "bomb");
    fly(2, "slow");
    land(1, 500);
    CHECK_STR(log_field("policy_error", "reason"), "memory");
    land(0, 200);
    land(2, 200);
    finish();
}

/* Two hold 36 of 64 MiB while they wait; a third ends itself, and those that
** need little are served. */
static void what_others_hold_ends_nobody_who_needs_little(void)
{
    begin_flights();
    fly(0, "hold");
    fly(1, "hold");
    fly(2, "hold");
    land(2, 500);
    CHECK_STR(log_field("policy_error", "reason"), "memory");
    for (int i = 2; i < FLIGHTS - 1; i++)
        fly(i, "slow");
    for (int i = 2; i < FLIGHTS - 1; i++)
        land(i, 200);
    fly(FLIGHTS - 1, "go");
    land(FLIGHTS - 1, 200);
    land(0, 200);
    land(1, 200);
    finish();
}

/* The cap of a request holds over all its turns: 32 MiB, of which it
** takes 40, one at a time. */
static void a_heap_that_grows_turn_by_turn_is_one_heap(void)
{
    begin_flights();
    fly(0, "slow");
    fly(1, "creep");
    land(1, 500);
    CHECK_STR(log_field("policy_error", "reason"), "memory");
    land(0, 200);
    finish();
}

/* What was let go of is not held against it: 100 MiB in all, one at a time. */
static void garbage_is_not_held_against_a_request(void)
{
    begin_flights();
    for (int i = 0; i < FLIGHTS; i++)
        fly(i, "litter");
    for (int i = 0; i < FLIGHTS; i++)
        land(i, 200);
    finish();
}

static void a_loop_ends_itself_and_not_its_neighbour(void)
{
    begin("return function(req) "
          "  if req.model == 'loop' then while true do end end "
          "  p.sleep '30ms' return p.say 'well' end");
    fly(0, "slow");
    fly(1, "loop");
    fly(2, "slow");
    land(1, 500);
    CHECK_STR(log_field("policy_error", "reason"), "deadline");
    land(0, 200);
    land(2, 200);
    finish();
}

/* An edit while a call of the version before it runs: that one ends as it
** began, and its version with it. */
static void a_version_outlives_its_reload_by_its_requests(void)
{
    begin("return function(req) p.sleep '40ms' "
          "local ok = pcall(error, {}) return p.say(ok and 'x' or 'old') end");
    submit(WHOLE);
    turn(2);
    CHECK_INT(load("return function(req) while true do end end"), 0);
    CHECK_INT(load("return p.say 'new'"), 0);
    await_done();
    CHECK_STR(said(), "old");
    chat();
    CHECK_STR(said(), "new");
    finish();
}

static void a_thousand_versions_leave_nothing(void)
{
    begin("return p.say 'first'");
    /* The first compiled the library; all others load what that kept. */
    CHECK_INT(load("return p.say 'first'"), 0);
    chat();
    got_clear();
    long before = mem_live();
    for (int i = 0; i < 1000; i++) {
        char text[120];
        snprintf(text, sizeof text,
                 "local cjson = require 'cjson' local n = %d "
                 "return function(req) return p.say(cjson.encode(n)) end",
                 i);
        CHECK_INT(load(text), 0);
        if (i % 100 == 0) {
            chat();
            CHECK_INT(got.status, 200);
        }
    }
    CHECK_INT(load("return p.say 'first'"), 0);
    got_clear();
    CHECK(mem_live() <= before + 2);
    finish();
}

/* Every second call raises, each in another way. */
static void errors_leave_nothing_behind(void)
{
    begin("local n, q = 0, p.model 'sim/x' return function(req) n = n + 1 "
          "  if n % 2 == 1 then return p.say 'well' end "
          "  local c <close> = setmetatable({}, { __close = function() "
          "    error 'closing' end }) "
          "  if n % 8 == 2 then error {} end "
          "  if n % 8 == 4 then q(req) error(('x'):rep(10000)) end "
          "  if n % 8 == 6 then return 7, p.json.encode(error) end "
          "  p.sleep '1ms' local t = nil + 1 end");
    struct generation *g = peri->rt.current;
    size_t heap = 0;
    long live = 0;
    for (int i = 0; i < 2000; i++) {
        chat();
        CHECK_INT(got.status, i % 2 == 0 ? 200 : 500);
        buf_clear(&logged);
        if (i == 399 || i == 1999) {
            lua_gc(g->L, LUA_GCCOLLECT);
            lua_gc(g->L, LUA_GCCOLLECT);
            got_clear();
            CHECK(i == 399 || g->heap.used <= heap + 4096);
            CHECK(i == 399 || mem_live() <= live + 4);
            heap = g->heap.used;
            live = mem_live();
        }
    }
    finish();
}

/* --- the stack ------------------------------------------------------------ */

static void *load_on_a_small_stack(void *arg)
{
    *(int *)arg = load("return p.say 'x'");
    return NULL;
}

static void a_thread_with_a_small_stack_is_told(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    int error = 0;
    rig_open(NULL);
    pthread_attr_init(&attr);
    CHECK_INT(pthread_attr_setstacksize(&attr, STACK_LEAST / 2), 0);
    CHECK_INT(pthread_create(&thread, &attr, load_on_a_small_stack, &error), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    CHECK_INT(error, PERI_EPOLICY);
    CHECK(strstr(peri_error(peri), "stack of 1 MiB") != NULL);
    CHECK_INT(load("return p.say 'x'"), 0);
    chat();
    CHECK_STR(said(), "x");
    finish();
}

static void *run_deep(void *arg)
{
    (void)arg;
    CHECK(stack_enough());
    CHECK_INT(load("local function f(n) return (('x'):gsub('(x)', function() "
                   "    return f(n + 1) end)) end "
                   "local function g(n) table.sort({ 2, 1 }, function() "
                   "    g(n + 1) end) end "
                   "local mt = { __index = function(t, k) "
                   "    return (('x'):find(('(x?)'):rep(31) .. t[k .. 'y'])) "
                   "  end } "
                   "local deep = ('(x*)'):rep(32) .. ('x?'):rep(160) "
                   "return function(req) "
                   "  for _, h in ipairs { f, g } do pcall(h, 1) end "
                   "  pcall(function() return setmetatable({}, mt).k end) "
                   "  pcall(string.rep('x', 400).find, ('x'):rep(400), deep) "
                   "  return p.say 'well' end"),
              0);
    chat();
    CHECK_STR(said(), "well");
    return NULL;
}

/* Everything that calls itself through C, on the stack that ours get. */
static void our_threads_have_room_for_the_deepest_calls(void)
{
    pthread_t thread;
    peri_options opt = {.policy_cpu = 20};
    rig_open(&opt);
    CHECK_INT(stack_thread(&thread, run_deep, NULL), 0);
    pthread_join(thread, NULL);
    finish();
}

TESTS(a_bomb_ends_itself_and_not_its_neighbour,
      what_others_hold_ends_nobody_who_needs_little,
      a_heap_that_grows_turn_by_turn_is_one_heap,
      garbage_is_not_held_against_a_request,
      a_loop_ends_itself_and_not_its_neighbour,
      a_version_outlives_its_reload_by_its_requests,
      a_thousand_versions_leave_nothing, errors_leave_nothing_behind,
      a_thread_with_a_small_stack_is_told,
      our_threads_have_room_for_the_deepest_calls)
