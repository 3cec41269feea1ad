/*
** json_read.c -- walking and decoding text that json_check let pass.
**
** Since the text is known to be good, a value's end is found without looking
** at what is in it: a string by the next quote that is not escaped, an object
** or array by counting brackets outside of strings. Where the text has a map,
** the ends of long values stand in it.
*/
#include "wire/json/json_parts.h"
#include "base/eight.h"
#include "base/utf8.h"

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && json_space(*p))
        p++;
    return p;
}

#define SHORT 32 /* bytes within which a call of memchr does not pay */

/* p stands on the opening quote; where the string ends, quote included. */
static const char *skip_string(struct json_map *map, const char *p,
                               const char *end)
{
    const char *start = ++p;
    while (end - p >= 8 && p - start < SHORT) {
        uint64_t w = eight_in_order(p);
        uint64_t hit = eight_equal(w, '"') | eight_equal(w, '\\');
        p += hit != 0 ? eight_first(hit) : 8;
        if (hit != 0 && *p == '"')
            return p + 1;
        if (hit != 0)
            p += 2;
    }
    const char *known = map != NULL ? json_map_end(map, start - 1) : NULL;
    if (known != NULL)
        return known;
    while (p < end && (p = memchr(p, '"', (size_t)(end - p))) != NULL) {
        const char *slash = p; /* an odd number of them escapes it */
        while (slash[-1] == '\\')
            slash--;
        p++;
        if ((p - slash) % 2 == 1)
            return p;
    }
    return end;
}

static const char *skip_nested(struct json_map *map, const char *p,
                               const char *end)
{
    const char *known = map != NULL ? json_map_end(map, p) : NULL;
    if (known != NULL)
        return known;
    int depth = 0;
    while (p < end) {
        char c = *p;
        if (c == '"') {
            p = skip_string(map, p, end);
            continue;
        }
        p++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    return p;
}

static const char *skip_value(struct json_map *map, const char *p,
                              const char *end)
{
    if (p == end)
        return end;
    if (*p == '"')
        return skip_string(map, p, end);
    if (*p == '{' || *p == '[')
        return skip_nested(map, p, end);
    while (p < end && *p != ',' && *p != '}' && *p != ']' && !json_space(*p))
        p++;
    return p;
}

static enum json_kind kind_of(char c)
{
    switch (c) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

static const struct json none;

struct json json_mapped(str text, struct json_map *map)
{
    while (text.n > 0 && json_space(text.p[0]))
        text = str_from(text, 1);
    while (text.n > 0 && json_space(text.p[text.n - 1]))
        text.n--;
    if (text.n == 0)
        return none;
    return (struct json){kind_of(text.p[0]), text, map};
}

struct json json_of(str text)
{
    return json_mapped(text, NULL);
}

struct json_walk json_walk(struct json v)
{
    struct json_walk w = {.of = v.kind, .map = v.map};
    if ((v.kind == JSON_OBJECT || v.kind == JSON_ARRAY) && v.text.n > 0)
        w.rest = str_from(v.text, 1);
    return w;
}

/* The next item; where an open one ends is not looked for. */
static bool step(struct json_walk *w, bool open)
{
    if (w->rest.n == 0)
        return false;
    const char *end = w->rest.p + w->rest.n;
    const char *p = skip_space(w->rest.p, end);
    if (p < end && *p == ',')
        p = skip_space(p + 1, end);
    if (p == end || *p == '}' || *p == ']')
        return false;
    if (w->of == JSON_OBJECT) {
        const char *name = p;
        p = skip_string(w->map, p, end);
        w->name = (str){name, (size_t)(p - name)};
        p = skip_space(p, end);
        if (p < end)
            p = skip_space(p + 1, end); /* the colon */
    }
    const char *from = p;
    open = open && p < end && (*p == '{' || *p == '[');
    p = open ? end : skip_value(w->map, p, end);
    if (p == from)
        return false;
    str text = {from, (size_t)(p - from)};
    w->value = (struct json){kind_of(*from), text, w->map};
    w->rest = (str){p, (size_t)(end - p)};
    return true;
}

bool json_next(struct json_walk *w)
{
    return step(w, false);
}

bool json_next_open(struct json_walk *w)
{
    return step(w, true);
}

void json_leave(struct json_walk *w, const struct json_walk *inner)
{
    const char *end = w->rest.p + w->rest.n;
    const char *p = skip_space(inner->rest.p, end);
    p += p < end; /* its closing bracket */
    w->rest = (str){p, (size_t)(end - p)};
}

struct json json_get(struct json object, str name)
{
    struct json_walk w = json_walk(object);
    while (object.kind == JSON_OBJECT && json_next(&w))
        if (json_is(w.name, name))
            return w.value;
    return none;
}

void json_pick(struct json of, const str *names, struct json *to, size_t n)
{
    struct json_walk w = json_walk(of);
    for (size_t i = 0; i < n; i++)
        to[i] = none;
    while (of.kind == JSON_OBJECT && json_next(&w))
        for (size_t i = 0; i < n; i++)
            if (to[i].kind == JSON_NONE && json_is(w.name, names[i]))
                to[i] = w.value;
}

static uint32_t hex4(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i];
        value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

size_t json_escape(const char **at, char *to)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char c = *(*at)++;
    if (c != 'u') {
        const char *found = strchr(letters, c);
        *to = found != NULL ? meant[found - letters] : c;
        return 1;
    }
    uint32_t code = hex4(*at);
    *at += 4;
    if (code >= 0xd800 && code <= 0xdbff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (hex4(*at + 2) - 0xdc00);
        *at += 6;
    }
    return utf8_put(code, to);
}

size_t json_unescape(str inner, char *to)
{
    const char *p = inner.p, *end = inner.p + inner.n;
    char *start = to;
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((slash != NULL ? slash : end) - p);
        memcpy(to, p, plain);
        to += plain;
        p += plain;
        if (slash == NULL)
            break;
        p++;
        to += json_escape(&p, to);
    }
    return (size_t)(to - start);
}

static str inside(str raw)
{
    return raw.n >= 2 ? (str){raw.p + 1, raw.n - 2} : STR_NONE;
}

bool json_is_escaped(str raw, str s)
{
    str inner = inside(raw);
    const char *p = inner.p, *end = inner.p + inner.n;
    while (p < end) {
        char piece[4] = {*p++};
        size_t n = piece[0] == '\\' ? json_escape(&p, piece) : 1;
        if (!str_starts(s, (str){piece, n}))
            return false;
        s = str_from(s, n);
    }
    return s.n == 0;
}

void json_decode(struct json string, struct buf *to)
{
    if (string.kind != JSON_STRING)
        return;
    str inner = inside(string.text);
    char *room = buf_room(to, inner.n);
    if (room != NULL && inner.n > 0)
        to->n += json_unescape(inner, room);
}

str json_text(struct json v, struct buf *scratch)
{
    if (v.kind != JSON_STRING)
        return STR_NONE;
    str inner = inside(v.text);
    if (str_find(inner, '\\') == inner.n)
        return inner;
    size_t before = scratch->n;
    json_decode(v, scratch);
    if (!buf_ok(scratch))
        return STR_NONE;
    return str_from(buf_str(scratch), before);
}
