/*
** fuzz_json.c -- checking, walking and writing JSON.
**
** What json_check says is compared with a second reading, written here for
** plainness: it takes a byte at a time, decodes every name and compares all
** of them. Then the text is walked, every string is decoded and written anew,
** and every number read: slices lie in the text, and nothing changes meaning;
** with a map of the text and without, the walk is the same.
*/
#include "fuzz.h"

#include "slow_json.h"
#include "wire/json.h"

static struct buf buf_of(size_t max)
{
    struct buf b;
    buf_init(&b, max);
    return b;
}

/* Decode, write, decode: the same text. */
static void string_survives(struct json v)
{
    struct json_error error;
    struct buf once = buf_of(v.text.n), twice = buf_of(v.text.n * 6);
    struct buf written = buf_of(v.text.n * 6 + 2);
    json_decode(v, &once);
    json_put_string(&written, buf_str(&once));
    MUST(buf_ok(&once) && buf_ok(&written));
    MUST(json_check(buf_str(&written), &error));
    json_decode(json_of(buf_str(&written)), &twice);
    MUST(str_eq(buf_str(&once), buf_str(&twice)));
    MUST(json_is(v.text, buf_str(&once)));
    buf_fini(&once);
    buf_fini(&twice);
    buf_fini(&written);
}

/* Short numbers mean what the C library says they do. */
static void number_is_read(struct json v)
{
    char text[64] = {0}, *end;
    int64_t integer = 0;
    bool is_integer = json_integer(v, &integer);
    double value = json_double(v);
    MUST(value == value);
    if (v.text.n >= sizeof text)
        return;
    memcpy(text, v.text.p, v.text.n);
    double want = strtod(text, &end);
    MUST(*end == '\0' && memcmp(&value, &want, sizeof value) == 0);
    if (strcspn(text, ".eE") == v.text.n && v.text.n < 19) {
        MUST(is_integer);
        MUST(integer == strtoll(text, NULL, 10));
    } else if (is_integer && integer < (1LL << 53) && integer > -(1LL << 53)) {
        MUST(value == (double)integer);
    }
}

static void look(struct json v, str whole, int depth)
{
    MUST(v.kind != JSON_NONE && v.text.n > 0 && lies_in(v.text, whole));
    MUST(depth <= JSON_MAX_DEPTH);
    if (v.kind == JSON_STRING)
        string_survives(v);
    if (v.kind == JSON_NUMBER)
        number_is_read(v);
    struct json_walk w = json_walk(v);
    while (json_next(&w)) {
        look(w.value, whole, depth + 1);
        if (v.kind != JSON_OBJECT)
            continue;
        struct buf name = buf_of(w.name.n);
        json_decode(json_of(w.name), &name);
        struct json found = json_get(v, buf_str(&name));
        MUST(found.text.p == w.value.text.p); /* names are not twice there */
        buf_fini(&name);
    }
}

/* What was walked, written again without the white space, still is JSON. */
static void rewrite(struct json v, struct buf *to)
{
    if (v.kind != JSON_OBJECT && v.kind != JSON_ARRAY) {
        buf_add(to, v.text);
        return;
    }
    bool object = v.kind == JSON_OBJECT;
    struct json_walk w = json_walk(v);
    buf_byte(to, object ? '{' : '[');
    for (bool first = true; json_next(&w); first = false) {
        if (!first)
            buf_byte(to, ',');
        if (object) {
            buf_add(to, w.name);
            buf_byte(to, ':');
        }
        rewrite(w.value, to);
    }
    buf_byte(to, object ? '}' : ']');
}

/* A map changes how fast a text is walked, and not what is found. */
static void walks_agree(struct json plain, struct json mapped)
{
    struct json_walk p = json_walk(plain), m = json_walk(mapped);
    MUST(plain.kind == mapped.kind && plain.text.p == mapped.text.p);
    MUST(plain.text.n == mapped.text.n);
    for (;;) {
        bool more = json_next(&p);
        MUST(json_next(&m) == more);
        if (!more)
            break;
        MUST(p.name.p == m.name.p && p.name.n == m.name.n);
        walks_agree(p.value, m.value);
    }
}

/* A string at the front, whatever follows it. */
static void string_is_measured(str in)
{
    const unsigned char *p = (const unsigned char *)in.p;
    struct slow s = {p, p + in.n, 0};
    size_t n = slow_skip_string(&s) ? (size_t)(s.p - p) : 0;
    MUST(json_string_len(in) == n);
}

static size_t items(struct json v)
{
    size_t n = 1;
    struct json_walk w = json_walk(v);
    while (json_next(&w))
        n += items(w.value);
    return n;
}

static void json(str in)
{
    struct json_error error = {0};
    static struct json_map map;
    bool good = json_check(in, &error);
    MUST(good == slow_json(in));
    MUST(json_check_map(in, &map, &error) == good);
    string_is_measured(in);
    if (!good) {
        MUST(error.what != NULL && error.at <= in.n);
        return;
    }
    struct json root = json_of(in);
    look(root, in, 0);
    walks_agree(root, json_mapped(in, &map));
    struct buf bare = buf_of(in.n);
    rewrite(root, &bare);
    MUST(buf_ok(&bare) && json_check(buf_str(&bare), &error));
    MUST(items(json_of(buf_str(&bare))) == items(root));
    buf_fini(&bare);
}

FUZZ(json)
