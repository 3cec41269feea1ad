/*
** Our table functions agree with Lua's own on tables without metamethods.
*/
#include "safe_rig.h"

/* `t` is a table of random things in a row; i, j, k are small numbers. */
static const char *const calls[] = {
    "table.insert(t, i) return t",
    "table.insert(t, i, j) return t",
    "table.insert(t) return t",
    "table.insert(t, 1, 2, 3) return t",
    "table.insert(nil, 1)",
    "table.insert(t, 'x', 1)",
    "return table.remove(t), t",
    "return table.remove(t, i), t",
    "return table.remove(t, #t + 1), t",
    "return table.remove({}, i)",
    "return table.concat(t)",
    "return table.concat(t, ',')",
    "return table.concat(t, ', ', i, j)",
    "return table.concat({ 1, {}, 3 })",
    "return table.concat({ [math.maxinteger] = 'z' }, '', math.maxinteger, "
    "math.maxinteger)",
    "return table.unpack(t)",
    "return table.unpack(t, i, j)",
    "return table.unpack(t, math.mininteger, math.maxinteger)",
    "return table.unpack({}, 1, 1e8)",
    "return table.move(t, i, j, k)",
    "return table.move(t, i, j, k, { 7, 8 })",
    "return table.move(t, 1, math.maxinteger, 2)",
    "return table.move(t, -1, math.maxinteger, 2)",
    "return table.move(t, 1, 2, math.maxinteger)",
    "return table.move(t, 1, 'x', 2)",
    "table.sort(t) return t",
    "table.sort(t, function(a, b) return a > b end) return t",
    "table.sort(t, 1)",
    "table.sort({ {}, {} })",
    "return table.pack(table.unpack(t)).n",
};

static void tables_change_as_in_lua(void)
{
    long rounds = getenv("PERILUNE_LONG") != NULL ? 1000000 : 20000;
    two_open();
    for (int wrong = 0; rounds > 0 && wrong < 5; rounds--) {
        char code[400];
        int n = snprintf(code, sizeof code, "local t, i, j, k = { ");
        for (unsigned items = pick(9); items > 0; items--)
            n += snprintf(code + n, sizeof code - (size_t)n, "%d, ",
                          (int)pick(40));
        snprintf(code + n, sizeof code - (size_t)n, "}, %d, %d, %d %s",
                 (int)pick(12) - 2, (int)pick(12) - 2, (int)pick(12) - 2,
                 calls[pick(sizeof calls / sizeof calls[0])]);
        wrong += !both(code, NULL, 0);
    }
    two_close();
}

static void a_long_list_is_sorted(void)
{
    two_open();
    both("local t, s = {}, 1 for i = 1, 5000 do s = s * 48271 % 2147483647 "
         "t[i] = s % 1000 end table.sort(t) "
         "for i = 2, #t do assert(t[i - 1] <= t[i]) end "
         "return table.concat(t, ',')",
         NULL, 0);
    both("local t = {} for i = 1, 999 do t[i] = ('x'):rep(i * 7 % 31) .. i end "
         "table.sort(t, function(a, b) return #a < #b or #a == #b and a < b "
         "end) return table.concat(t, ',')",
         NULL, 0);
    two_close();
}

TESTS(tables_change_as_in_lua, a_long_list_is_sorted)
