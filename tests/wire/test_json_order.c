/*
** test_json_order.c -- the same JSON with its names in order.
*/
#include "unit.h"

#include "wire/json/json_order.h"

static void check_order(const char *text, const char *want, int line)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    json_put_ordered(&out, json_of(str_of(text)));
    unit_str(buf_str(&out), str_of(want), text, __FILE__, line);
    buf_fini(&out);
}
#define CHECK_ORDER(text, want) check_order(text, want, __LINE__)

static void names_are_sorted_at_every_depth(void)
{
    CHECK_ORDER("{\"b\":1,\"a\":{\"d\":[{\"z\":1,\"y\":2}],\"c\":3}}",
                "{\"a\":{\"c\":3,\"d\":[{\"y\":2,\"z\":1}]},\"b\":1}");
}

static void values_are_left_as_they_are(void)
{
    CHECK_ORDER(" [1.50, 1e400, \"\\u0041\\n\", null, true] ",
                "[1.50,1e400,\"\\u0041\\n\",null,true]");
    CHECK_ORDER("[]", "[]");
    CHECK_ORDER("{}", "{}");
    CHECK_ORDER("\"x\"", "\"x\"");
}

static void a_longer_name_comes_behind_its_beginning(void)
{
    CHECK_ORDER("{\"ab\":1,\"a\":2,\"abc\":3}", "{\"a\":2,\"ab\":1,\"abc\":3}");
}

static void without_memory_the_buffer_has_failed(void)
{
    for (int nth = 1; nth < 4; nth++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        mem_fail_at(nth, 1);
        json_put_ordered(&out, json_of(STR("{\"b\":{\"d\":1},\"a\":1}")));
        mem_fail_at(0, 0);
        CHECK(!buf_ok(&out) || out.n == 19);
        buf_fini(&out);
    }
}

TESTS(names_are_sorted_at_every_depth, values_are_left_as_they_are,
      a_longer_name_comes_behind_its_beginning,
      without_memory_the_buffer_has_failed)
