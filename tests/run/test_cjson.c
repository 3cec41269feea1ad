/*
** cjson for policies: it agrees with p.json where the two mean the same, and
** nothing that it is given ends the process, or leaves something behind.
*/
#include "policy_rig.h"

#include "perilune_inner.h"
#include "run/generation.h"

#define REQUIRE "local cjson = require 'cjson' "

static void check_says(const char *body, const char *want)
{
    char policy[4096];
    snprintf(policy, sizeof policy, REQUIRE "return function(req) %s end",
             body);
    begin(policy);
    chat();
    CHECK_STR(said(), want);
    if (got.status != 200)
        printf("#    %.*s\n", STR_ARG(log_field("policy_error", "message")));
    finish();
}

static void it_reads_and_writes(void)
{
    check_says("return p.say(cjson.encode({ a = { 1, 2, 'x/' }})) ",
               "{\"a\":[1,2,\"x\\/\"]}");
    check_says("local t = cjson.decode '{\"a\":[1,null,true]}' "
               "assert(t.a[2] == cjson.null and cjson.null == p.json.null) "
               "return p.say(tostring(t.a[3]))",
               "true");
    check_says("local ok, why = pcall(cjson.decode, '{nope') "
               "return p.say(ok and 'ok' or 'refused')",
               "refused");
}

/* What it has besides would be shared by all, or has no limit. */
static void its_settings_are_not_there(void)
{
    check_says("local n = 0 for _, f in ipairs { 'new', 'encode_max_depth', "
               "'encode_sparse_array', 'encode_keep_buffer', "
               "'decode_max_depth', 'encode_invalid_numbers', "
               "'decode_invalid_numbers' } do "
               "if cjson[f] == nil then n = n + 1 end end "
               "assert(not pcall(function() cjson.encode = 1 end)) "
               "return p.say(tostring(n))",
               "7");
}

/* Values by seeded dice, of the kinds that mean the same to both. */
static const char values[] =
    "local seed = 7 "
    "local function pick(n) seed = seed * 48271 % 2147483647 "
    "  return seed % n + 1 end "
    "local texts = { '', 'a', 'b/c', '\\n\\t\\\\\"', 'ä', '\\u{1F600}', "
    "  '\\127', 'null', ('x'):rep(300) } "
    "local function value(depth) local k = pick(depth > 4 and 4 or 6) "
    "  if k == 1 then return texts[pick(#texts)] end "
    "  if k == 2 then return pick(2) == 1 end "
    "  if k == 3 then return pick(1 << 30) - 5 end "
    "  if k == 4 then return pick(1000) / 8 + 0.0625 end "
    "  local t = {} "
    "  for i = 1, pick(6) do "
    "    t[k == 5 and i or 'k' .. texts[pick(#texts)] .. i] = "
    "      value(depth + 1) end "
    "  return t end "
    "local function same(a, b) "
    "  if type(a) ~= 'table' or type(b) ~= 'table' then return a == b end "
    "  for k, v in next, a do if not same(v, b[k]) then return false end end "
    "  for k in next, b do if a[k] == nil then return false end end "
    "  return true end ";

static void p_json_and_cjson_agree(void)
{
    struct buf policy;
    peri_options opt = {.policy_cpu = 30};
    buf_init(&policy, 1 << 14);
    buf_text(&policy, REQUIRE);
    buf_text(&policy, values);
    buf_text(&policy,
             "return function(req) for i = 1, 1500 do local v = value(0) "
             "  local ours, theirs = p.json.encode(v), cjson.encode(v) "
             "  assert(same(v, cjson.decode('[' .. ours .. ']')[1]), ours) "
             "  assert(same(v, p.json.decode(theirs)), theirs) "
             "end return p.say 'agreed' end");
    buf_byte(&policy, '\0');
    rig_open(&opt);
    CHECK_INT(load(policy.p), 0);
    chat();
    CHECK_STR(said(), "agreed");
    if (got.status != 200)
        printf("#    %.*s\n", STR_ARG(log_field("policy_error", "message")));
    buf_fini(&policy);
    finish();
}

/* The text it writes is never longer than was measured. */
static void what_is_too_large_is_refused_before_it_is_written(void)
{
    check_says("local ok, why = pcall(cjson.encode, "
               "  { ('\\1'):rep(3 << 20) }) "
               "return p.say(ok and 'written' or why)",
               "P:1: cjson.encode: the text is too large");
    check_says("local ok, why = pcall(cjson.decode, ('['):rep(2 << 20)) "
               "return p.say(ok and 'read' or why)",
               "P:1: cjson.decode: a text of more than 1 MiB; p.json.decode "
               "takes it");
    check_says("local ok, why = pcall(p.json.encode, "
               "  { ('\\1'):rep(3 << 20) }) "
               "return p.say(ok and 'written' or why)",
               "P:1: p.json.encode: the text is too large");
    check_says("local s = ('\\1'):rep(100000) "
               "return p.say(tostring(#cjson.encode(s) == #s * 6 + 2))",
               "true");
}

/* The buffers it holds when Lua raises inside of it are let go: the heap is
** full before its own allocations are. */
static void a_full_heap_leaves_nothing_of_it(void)
{
    begin(REQUIRE
          "return function(req) "
          "  if req.model == 'any' then return p.say 'well' end "
          "  local s, kept = '[' .. ('[[\"aaaa\"],{\"b\":1}],'):rep(30000) "
          "    .. '0]', {} "
          "  for i = 1, 100 do kept[i] = cjson.decode(s) end end");
    long before = 0;
    for (int i = 0; i < 6; i++) {
        ask("{\"model\":\"full\"," MESSAGES "}");
        CHECK_INT(got.status, 500);
        chat();
        CHECK_STR(said(), "well");
        lua_gc(peri->rt.current->L, LUA_GCCOLLECT);
        got_clear();
        buf_clear(&logged);
        CHECK(i == 0 || mem_live() <= before + 8);
        before = mem_live();
    }
    finish();
}

/* Each allocation fails in its turn, those of cjson too: a reply or a clear
** error, and never the end of the process. */
static void an_allocation_that_fails_ends_a_request_at_most(void)
{
    begin(REQUIRE
          "return function(req) "
          "  local t = { a = { 1, 2, { ('x'):rep(5000) } }, b = 'y' } "
          "  local u = cjson.decode(cjson.encode(t)) "
          "  return p.say(u.b .. p.json.decode(p.json.encode(u)).b) end");
    int served = 0, refused = 0;
    CHECK(buf_room(&logged, 1 << 16) != NULL);
    for (long n = 1; n < 4000 && served < 3; n++) {
        buf_clear(&logged);
        submit(WHOLE);
        mem_fail_at(n, 1);
        turn(3);
        mem_fail_at(0, 0);
        await_done();
        CHECK(got.status == 200 || got.status >= 500 || got.status == 0);
        refused += got.status == 500;
        served += got.status == 200 && n > 30;
    }
    CHECK(served > 0 && refused > 10);
    chat();
    CHECK_STR(said(), "yy");
    finish();
}

TESTS(it_reads_and_writes, its_settings_are_not_there, p_json_and_cjson_agree,
      what_is_too_large_is_refused_before_it_is_written,
      a_full_heap_leaves_nothing_of_it,
      an_allocation_that_fails_ends_a_request_at_most)
