/*
** http_cases.h -- the cases of tests/data/http, read.
**
** README.md there says what their members mean. The texts of a case are bytes:
** each code point of the file is one, and $POST, $GET, $BODY, $LEN and $HEX
** stand for what everybody would have to write out.
*/
#ifndef TESTS_NET_HTTP_CASES_H
#define TESTS_NET_HTTP_CASES_H

#include "base/buf.h"
#include "unit.h"
#include "wire/json.h"

#define CASES_WANT 4 /* replies to a case, at most */

struct http_case {
    char name[128];
    struct buf bytes;     /* what is sent */
    struct buf then;      /* and what after the replies to that */
    int want[CASES_WANT]; /* statuses */
    int want_n, handled;  /* the handler runs so often */
    int after;            /* status of the reply to `then`, or 0 */
    bool closed;          /* the connection ends */
    bool half;            /* the client says its end */
    bool head, hundred;   /* the first reply has no body; a 100 comes */
    bool large;           /* made of repeated pieces */
};

/* The text of a file; the caller frees it. */
static inline struct buf cases_file(const char *group)
{
    char path[128];
    struct buf text;
    char piece[4096];
    size_t n;
    snprintf(path, sizeof path, "tests/data/http/%s.json", group);
    buf_init(&text, 1 << 20);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    while (f != NULL && (n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(&text, (str){piece, n});
    if (f != NULL)
        fclose(f);
    return text;
}

/* Append a text of the file as bytes, its words written out. */
static inline void cases_add(struct buf *to, str utf8)
{
    static const struct {
        str word, text;
    } words[] = {
        {{"$POST", 5},
         {"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n", 45}},
        {{"$GET", 4}, {"GET / HTTP/1.1\r\nHost: x\r\n", 25}},
        {{"$BODY", 5},
         {"{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 44}},
        {{"$LEN", 4}, {"44", 2}},
        {{"$HEX", 4}, {"2c", 2}},
    };
    while (utf8.n > 0) {
        size_t i = 0, n = sizeof words / sizeof words[0];
        while (i < n && !str_starts(utf8, words[i].word))
            i++;
        unsigned char c = (unsigned char)utf8.p[0];
        if (i < n) {
            buf_add(to, words[i].text);
            utf8 = str_from(utf8, words[i].word.n);
        } else if (c < 0x80) {
            buf_byte(to, (char)c);
            utf8 = str_from(utf8, 1);
        } else { /* two bytes of UTF-8 are one of ours */
            buf_byte(to, (char)(c << 6 | ((unsigned char)utf8.p[1] & 0x3f)));
            utf8 = str_from(utf8, 2);
        }
    }
}

static inline void cases_add_json(struct buf *to, struct json text)
{
    struct buf plain;
    buf_init(&plain, 1 << 20);
    json_decode(text, &plain);
    cases_add(to, buf_str(&plain));
    buf_fini(&plain);
}

static inline void cases_add_parts(struct buf *to, struct json parts)
{
    for (struct json_walk w = json_walk(parts); json_next(&w);) {
        struct json_walk pair = json_walk(w.value);
        int64_t times = 0;
        json_next(&pair);
        struct json piece = pair.value;
        json_next(&pair);
        json_integer(pair.value, &times);
        while (times-- > 0)
            cases_add_json(to, piece);
    }
}

static inline int64_t cases_int(struct json of, const char *name, int64_t none)
{
    int64_t value = none;
    json_integer(json_get(of, str_of(name)), &value);
    return value;
}

static inline bool cases_flag(struct json of, const char *name)
{
    return json_get(of, str_of(name)).kind == JSON_TRUE;
}

static inline void cases_want(struct http_case *c, struct json want)
{
    int64_t status = 0;
    if (json_integer(want, &status))
        c->want[c->want_n++] = (int)status;
    for (struct json_walk w = json_walk(want); json_next(&w);)
        if (json_integer(w.value, &status) && c->want_n < CASES_WANT)
            c->want[c->want_n++] = (int)status;
}

/* What a case does not say follows from its replies: those below 400 were the
** handler's, and one above it ended the connection. */
static inline struct http_case case_of(struct json of)
{
    struct http_case c = {.after = (int)cases_int(of, "after", 0)};
    str name = json_get(of, STR("name")).text;
    snprintf(c.name, sizeof c.name, "%.*s", STR_ARG(name));
    buf_init(&c.bytes, 1 << 20);
    buf_init(&c.then, 1 << 20);
    cases_add_json(&c.bytes, json_get(of, STR("raw")));
    cases_add_parts(&c.bytes, json_get(of, STR("parts")));
    cases_add_json(&c.then, json_get(of, STR("then")));
    cases_want(&c, json_get(of, STR("want")));
    int handled = c.after != 0;
    for (int i = 0; i < c.want_n; i++)
        handled += c.want[i] < 400;
    c.handled = (int)cases_int(of, "handled", handled);
    bool refused = c.want_n > 0 && c.want[c.want_n - 1] >= 400;
    c.closed = (refused && !cases_flag(of, "open")) || cases_flag(of, "closed");
    c.half = cases_flag(of, "half");
    c.head = cases_flag(of, "head");
    c.hundred = cases_flag(of, "hundred");
    c.large = json_get(of, STR("parts")).kind != JSON_NONE;
    return c;
}

static inline void case_free(struct http_case *c)
{
    buf_fini(&c->bytes);
    buf_fini(&c->then);
}

/* Everything is handled, and the connection goes on. */
static inline bool case_good(const struct http_case *c)
{
    return c->handled == c->want_n && c->want_n > 0;
}

#endif
