/*
** test_json_map.c -- a mapped text is walked as one without a map, only faster.
*/
#include "unit.h"

#include "wire/json.h"

static uint32_t seed = 1;

static uint32_t chance(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static void put_string(struct buf *b, uint32_t most)
{
    static const char *const some[] = {
        "a", "xyz ", "\\\"", "\\\\", "]", "}", "{", "\\u00e9", "\xe6\x9c\x88"};
    buf_byte(b, '"');
    for (uint32_t n = chance(most + 1); n > 0; n--)
        buf_text(b, some[chance(sizeof some / sizeof some[0])]);
    buf_byte(b, '"');
}

/* Any value; `size` says how much of everything. */
static void put_value(struct buf *b, int depth, uint32_t size)
{
    uint32_t kind = chance(depth > 0 ? 6 : 3);
    if (kind < 2)
        put_string(b, chance(3) == 0 ? size * 10 : 8);
    else if (kind == 2)
        buf_text(b, chance(2) ? " -1.5e3" : "null ");
    if (kind < 3)
        return;
    buf_byte(b, kind == 3 ? '[' : '{');
    for (uint32_t i = 0, n = chance(size); i < n; i++) {
        buf_text(b, i > 0 ? " , " : "\n");
        if (kind > 3)
            buf_print(b, "\"n%u\" :", (unsigned)i);
        put_value(b, depth - 1, size);
    }
    buf_byte(b, kind == 3 ? ']' : '}');
}

/* Whatever can be reached in one can be reached in the other. Values met. */
static int same(struct json plain, struct json mapped)
{
    struct json_walk a = json_walk(plain), b = json_walk(mapped);
    int n = 1;
    CHECK_INT(plain.kind, mapped.kind);
    CHECK(plain.text.p == mapped.text.p && plain.text.n == mapped.text.n);
    while (json_next(&a)) {
        CHECK(json_next(&b));
        CHECK(a.name.p == b.name.p && a.name.n == b.name.n);
        n += same(a.value, b.value);
    }
    CHECK(!json_next(&b));
    return n;
}

/* The open walk meets what the plain one does; where it ends is told. */
static int same_open(struct json plain, struct json open, struct json_walk *up)
{
    struct json_walk a = json_walk(plain), b = json_walk(open);
    int n = 1;
    CHECK_INT(plain.kind, open.kind);
    CHECK(plain.text.p == open.text.p && plain.text.n <= open.text.n);
    while (json_next(&a)) {
        CHECK(json_next_open(&b));
        CHECK(a.name.p == b.name.p && a.name.n == b.name.n);
        n += same_open(a.value, b.value, &b);
    }
    CHECK(!json_next_open(&b));
    if (up != NULL && (open.kind == JSON_ARRAY || open.kind == JSON_OBJECT)) {
        json_leave(up, &b);
        CHECK(up->rest.p == plain.text.p + plain.text.n);
    }
    return n;
}

static void an_open_walk_meets_the_same_values(void)
{
    struct json_error error;
    struct buf b;
    int met = 0;
    buf_init(&b, 16 << 20);
    for (int round = 0; round < 400; round++) {
        buf_clear(&b);
        put_value(&b, 6, round % 20 == 0 ? 12 : 4);
        CHECK(json_check(buf_str(&b), &error));
        met += same_open(json_of(buf_str(&b)), json_of(buf_str(&b)), NULL);
    }
    CHECK(met > 10000);
    buf_fini(&b);
}

static void both_walks_meet_the_same_values(void)
{
    struct json_map map;
    struct json_error error;
    struct buf b;
    int met = 0, noted = 0;
    buf_init(&b, 16 << 20);
    for (int round = 0; round < 400; round++) {
        buf_clear(&b);
        put_value(&b, 6, round % 20 == 0 ? 12 : 4);
        CHECK(json_check_map(buf_str(&b), &map, &error));
        met += same(json_of(buf_str(&b)), json_mapped(buf_str(&b), &map));
        noted += (int)map.n;
    }
    CHECK(met > 10000 && noted > 1000);
    buf_fini(&b);
}

static void it_keeps_to_its_room_in_any_text(void)
{
    struct json_map map;
    struct json_error error;
    struct buf b;
    buf_init(&b, 16 << 20);
    buf_byte(&b, '[');
    for (int i = 0; i < 3000; i++)
        buf_print(&b, "%s[[[[\"%070d\"]]]]", i > 0 ? "," : "", i);
    buf_byte(&b, ']');
    CHECK(json_check_map(buf_str(&b), &map, &error));
    CHECK(map.n <= JSON_MAP_ROOM);
    CHECK_INT(json_map_size(&map),
              offsetof(struct json_map, at) + map.n * sizeof map.at[0]);
    CHECK(same(json_of(buf_str(&b)), json_mapped(buf_str(&b), &map)) > 15000);

    buf_clear(&b); /* so deep that places of what is open fill it */
    for (int i = 0; i < JSON_MAX_DEPTH; i++)
        buf_byte(&b, '[');
    for (int i = 0; i < 400; i++)
        buf_print(&b, "%s\"%0200d\"", i > 0 ? "," : "", i);
    for (int i = 0; i < JSON_MAX_DEPTH; i++)
        buf_byte(&b, ']');
    CHECK(json_check_map(buf_str(&b), &map, &error));
    CHECK_INT(map.n, JSON_MAP_ROOM);
    same(json_of(buf_str(&b)), json_mapped(buf_str(&b), &map));
    buf_fini(&b);
}

static void short_values_are_not_noted(void)
{
    struct json_map map;
    struct json_error error;
    char text[200];
    snprintf(text, sizeof text, "[\"%061d\",{\"a\":\"%062d\"},1]", 1, 2);
    CHECK(json_check_map(str_of(text), &map, &error));
    CHECK_INT(map.n, 3); /* all of it, the object, the string of 64 bytes */
    CHECK(json_check_map(STR("{\"a\":[1,2,3]}"), &map, &error));
    CHECK_INT(map.n, 0);
}

TESTS(both_walks_meet_the_same_values, an_open_walk_meets_the_same_values,
      it_keeps_to_its_room_in_any_text, short_values_are_not_noted)
