/*
** test_order.c -- tables in a world that replays: pairs, next and what is made
** of them come in one order, whatever the hashes are.
*/
#include "stage_rig.h"

/* What the policy `code`, a function's body that returns a text, says. */
static void say(const char *code, struct buf *said)
{
    struct buf policy;
    int choice;
    buf_init(&policy, 1 << 16);
    buf_init(said, 1 << 16);
    buf_print(&policy,
              PRELUDE "local cjson = require 'cjson' "
                      "local function walked(t) local all = {} "
                      "for k in pairs(t) do all[#all + 1] = tostring(k) end "
                      "return table.concat(all, ' ') end "
                      "return function(req) local function f() %s end "
                      "return p.say(f()) end%c",
              code, 0);
    begin(policy.p);
    struct guest *g = ask(BODY);
    dialect_openai.content(buf_str(&g->body), 0, &choice, said);
    finish();
    buf_fini(&policy);
}

static void check_says(const char *code, const char *want, int line)
{
    struct buf said;
    say(code, &said);
    unit_str(buf_str(&said), str_of(want), code, __FILE__, line);
    buf_fini(&said);
}
#define CHECK_SAYS(code, want) check_says(code, want, __LINE__)

static void names_come_in_their_order(void)
{
    CHECK_SAYS("return walked { zebra = 1, apple = 2, mango = 3, ['a'] = 4, "
               "['apple pie'] = 5 }",
               "a apple apple pie mango zebra");
}

static void kinds_come_one_after_the_other(void)
{
    CHECK_SAYS("return walked { 10, 20, 30, x = 1, [2.5] = 2, [-1] = 3, "
               "[true] = 4, [false] = 5, [-0.5] = 6 }",
               "false true -1 1 2 3 -0.5 2.5 x");
}

static void many_names_come_in_their_order(void)
{
    CHECK_SAYS("local t = {} for i = 1, 500 do t[('%03d'):format((i * 7919) "
               "% 1000)] = i end local before = '' for k in pairs(t) do "
               "assert(k > before) before = k end return before",
               "999");
}

static void next_goes_the_same_way_as_pairs(void)
{
    CHECK_SAYS("local t = { 1, 2, 3, b = 1, a = 2, [9] = 3, [0.5] = 4 } "
               "local all = {} for k in next, t do all[#all + 1] = tostring(k) "
               "end assert(table.concat(all, ' ') == walked(t)) "
               "return table.concat(all, ' ')",
               "1 2 3 9 0.5 a b");
}

static void a_field_may_be_cleared_on_the_way(void)
{
    CHECK_SAYS("local t = { a = 1, b = 2, c = 3 } local said = '' "
               "for k, v in pairs(t) do said = said .. k .. v t[k] = nil "
               "t.c = nil end return said .. tostring(next(t))",
               "a1b2nil");
    CHECK_SAYS("local t = { a = 1, b = 2, c = 3 } local said = '' "
               "for k, v in next, t do said = said .. k .. v t[k] = nil end "
               "return said",
               "a1b2c3");
}

static void an_empty_table_has_no_next(void)
{
    CHECK_SAYS("return tostring(next {}) .. walked {}", "nil");
}

static void what_is_no_table_is_an_error(void)
{
    CHECK_SAYS("local a, b = pcall(next, 'x') local c, d = pcall(pairs, 5) "
               "return tostring(a) .. tostring(c) .. d:match '%b()'",
               "falsefalse(table expected, got number)");
}

static void a_metamethod_says_what_is_walked(void)
{
    CHECK_SAYS("local t = setmetatable({}, { __pairs = function(self) "
               "return function(_, k) return not k and 'only' or nil end, self "
               "end }) return walked(t)",
               "only");
}

static void things_as_keys_are_walked_once_each(void)
{
    CHECK_SAYS("local t, n = {}, 0 for i = 1, 50 do t[{}] = i end "
               "for k, v in pairs(t) do n = n + v end "
               "for k, v in next, t do n = n + v end return tostring(n)",
               "2550");
}

static void cjson_writes_names_in_their_order(void)
{
    CHECK_SAYS("return cjson.encode { z = 1, a = { y = 'q\\\"', b = { 1, 2.5, "
               "cjson.null } }, m = true }",
               "{\"a\":{\"b\":[1,2.5,null],\"y\":\"q\\\"\"},\"m\":true,\"z\":"
               "1}");
}

static void walking_costs_the_policy_and_nobody_else(void)
{
    struct buf said;
    say("local t = {} for i = 1, 20000 do t['k' .. i] = i end "
        "for k in next, t do end return 'done'",
        &said);
    CHECK(!str_eq(buf_str(&said), STR("done"))); /* 20,000 walks of 20,000 */
    buf_fini(&said);
}

TESTS(names_come_in_their_order, kinds_come_one_after_the_other,
      many_names_come_in_their_order, next_goes_the_same_way_as_pairs,
      a_field_may_be_cleared_on_the_way, an_empty_table_has_no_next,
      what_is_no_table_is_an_error, a_metamethod_says_what_is_walked,
      things_as_keys_are_walked_once_each, cjson_writes_names_in_their_order,
      walking_costs_the_policy_and_nobody_else)
