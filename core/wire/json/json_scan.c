/*
** json_scan.c -- is this JSON, strictly? One pass, no tree.
**
** Nearly all bytes of a request are the insides of strings, and there the
** scanner hops from one byte that matters to the next (json_bits.c). The rest
** is a plain descent, whose depth is bounded and whose only memory is the names
** of open objects. All that has a meaning is ASCII, so whether the rest is
** UTF-8 is asked once, of the whole text, and not at all where there is none.
*/
#include "wire/json/json_parts.h"
#include "base/mem.h"
#include "base/defence.h"
#include "base/eight.h"
#include "base/utf8.h"

struct scan {
    const char *end;
    const char *wrong_at; /* where something is wrong, and what */
    const char *wrong;
    int depth;
    struct json_map *map; /* to be filled in, or NULL */
    struct json_bits bits;
    struct json_names names;
};

/* All that reads takes the place where it begins and returns the one behind
** what it read, or NULL when that is not JSON. */
static const char *value(struct scan *s, const char *p);

static const char *fail(struct scan *s, const char *at, const char *wrong)
{
    s->wrong_at = at;
    s->wrong = wrong;
    return NULL;
}

static inline const char *skip_space(const struct scan *s, const char *p)
{
    if (p < s->end && (unsigned char)*p > ' ')
        return p;
    while (p < s->end && json_space(*p))
        p++;
    return p;
}

/* The next byte; 0, which may stand nowhere, at the end. */
static char peek(const struct scan *s, const char *p)
{
    return p < s->end ? *p : '\0';
}

/* What is wrong with the byte that stands here. */
static const char *unexpected(struct scan *s, const char *p, const char *wanted)
{
    return fail(s, p, p == s->end ? "unexpected end" : wanted);
}

/* --- strings --------------------------------------------------------------- */

/* Four hex digits: their value, or -1. */
static int32_t hex4(const struct scan *s, const char *p)
{
    int32_t value = 0;
    if (s->end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int c = (unsigned char)p[i];
        int letter = c | 0x20;
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value * 16 + (letter - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* The digits behind \u; surrogates must come in pairs. */
static const char *unicode(struct scan *s, const char *p)
{
    int32_t high = hex4(s, p);
    if (high < 0)
        return fail(s, p - 2, "invalid \\u escape");
    if (high < 0xd800 || high > 0xdfff || !DEFENCE(json_surrogates))
        return p + 4;
    int32_t low = -1;
    if (high <= 0xdbff && s->end - p >= 6 && memcmp(p + 4, "\\u", 2) == 0)
        low = hex4(s, p + 6);
    if (low < 0xdc00 || low > 0xdfff)
        return fail(s, p - 2, "lone surrogate");
    return p + 10;
}

/* Do an odd number of backslashes stand before p? */
static bool is_escaped(const char *p)
{
    const char *slash = p;
    while (slash[-1] == '\\')
        slash--;
    return (p - slash) % 2 == 1;
}

/* What stands here may not be passed and is no quote. */
static const char *odd_byte(struct scan *s, const char *p)
{
    unsigned char c = (unsigned char)peek(s, p);
    if (c == 'u')
        return unicode(s, p + 1);
    if (p < s->end && !DEFENCE(json_odd_bytes))
        return p + 1;
    if (c < 0x20 && !is_escaped(p))
        return unexpected(s, p, "control byte in a string");
    return fail(s, p - 1, "invalid escape");
}

/* From p to the next byte of a string's inside that may not be passed. */
static inline const char *hop(struct scan *s, const char *p)
{
    for (;;) {
        size_t i = (size_t)(p - s->bits.from);
        if (i >= s->bits.n) {
            if (p == s->end)
                return p;
            json_bits_see(&s->bits, p, s->end);
            i = 0;
        }
        uint64_t left = s->bits.stop[i / 64] >> i % 64;
        if (left != 0)
            return p + __builtin_ctzll(left);
        p += 64 - i % 64;
    }
}

/* A string whose opening quote stands at `start`. */
static const char *string(struct scan *s, const char *start)
{
    const char *p = hop(s, start + 1);
    while (peek(s, p) != '"') {
        p = odd_byte(s, p);
        if (p == NULL)
            return NULL;
        p = hop(s, p);
    }
    p++;
    if (s->map != NULL)
        json_map_note(s->map, start, p);
    return p;
}

/* --- numbers and words ----------------------------------------------------- */

static const char *digits(struct scan *s, const char *p)
{
    const char *start = p;
    while (p < s->end && *p >= '0' && *p <= '9')
        p++;
    return p > start ? p : unexpected(s, p, "digit expected");
}

/* What may follow the whole part: a fraction, an exponent. */
static const char *part(struct scan *s, const char *p)
{
    if (peek(s, p) == '.') {
        p = digits(s, p + 1);
        if (p == NULL)
            return NULL;
    }
    if ((peek(s, p) | 0x20) != 'e')
        return p;
    p++;
    if (peek(s, p) == '+' || peek(s, p) == '-')
        p++;
    return digits(s, p);
}

static const char *number(struct scan *s, const char *p)
{
    p += *p == '-';
    if (peek(s, p) != '0') {
        p = digits(s, p);
        return p != NULL ? part(s, p) : NULL;
    }
    p++;
    if (peek(s, p) >= '0' && peek(s, p) <= '9')
        return fail(s, p, "number with a leading zero");
    return part(s, p);
}

static const char *literal(struct scan *s, const char *p, str word)
{
    if (!str_starts((str){p, (size_t)(s->end - p)}, word))
        return unexpected(s, p, "value expected");
    return p + word.n;
}

/* --- objects and arrays ---------------------------------------------------- */

static const char *member(struct scan *s, const char *start, size_t base)
{
    if (peek(s, start) != '"')
        return unexpected(s, start, "name expected");
    const char *p = string(s, start);
    if (p == NULL)
        return NULL;
    str name = {start + 1, (size_t)(p - start - 2)};
    bool escaped = s->bits.slashes && str_find(name, '\\') < name.n;
    const char *wrong = json_names_add(&s->names, base, name, escaped);
    if (wrong != NULL)
        return fail(s, start, wrong);
    p = skip_space(s, p);
    if (peek(s, p) != ':')
        return unexpected(s, p, "':' expected");
    return value(s, p + 1);
}

static const char *object(struct scan *s, const char *start)
{
    size_t base = s->names.n;
    const char *p = skip_space(s, start + 1);
    for (char c = peek(s, p); c != '}'; c = peek(s, p)) {
        p = member(s, p, base);
        if (p == NULL)
            return NULL;
        p = skip_space(s, p);
        if (peek(s, p) == '}')
            break;
        if (peek(s, p) != ',')
            return unexpected(s, p, "',' or '}' expected");
        p = skip_space(s, p + 1);
        if (peek(s, p) == '}')
            return unexpected(s, p, "name expected");
    }
    const char *wrong = json_names_end(&s->names, base);
    return wrong == NULL ? p + 1 : fail(s, start, wrong);
}

static const char *array(struct scan *s, const char *start)
{
    const char *p = skip_space(s, start + 1);
    if (peek(s, p) == ']')
        return p + 1;
    for (;; p++) {
        p = value(s, p);
        if (p == NULL)
            return NULL;
        p = skip_space(s, p);
        if (peek(s, p) == ']')
            return p + 1;
        if (peek(s, p) != ',')
            return unexpected(s, p, "',' or ']' expected");
    }
}

static const char *nested(struct scan *s, const char *p)
{
    if (s->depth == JSON_MAX_DEPTH && DEFENCE(json_depth))
        return fail(s, p, "nested too deeply");
    s->depth++;
    uint32_t place = s->map != NULL ? json_map_open(s->map, p) : 0;
    p = *p == '{' ? object(s, p) : array(s, p);
    if (s->map != NULL && p != NULL)
        json_map_close(s->map, place, p);
    s->depth--;
    return p;
}

static const char *value(struct scan *s, const char *p)
{
    p = skip_space(s, p);
    char c = peek(s, p);
    switch (c) {
    case '{':
    case '[':
        return nested(s, p);
    case '"':
        return string(s, p);
    case 't':
        return literal(s, p, STR("true"));
    case 'f':
        return literal(s, p, STR("false"));
    case 'n':
        return literal(s, p, STR("null"));
    default:
        if (c == '-' || (c >= '0' && c <= '9'))
            return number(s, p);
        return unexpected(s, p, "value expected");
    }
}

/* --- texts ----------------------------------------------------------------- */

/* Not zeroed: most of it is room for names. */
static void begin(struct scan *s, str text, struct json_map *map)
{
    s->end = text.p + text.n;
    s->depth = 0;
    s->map = map;
    json_bits_init(&s->bits, text.p);
    json_names_init(&s->names);
}

/* Is all up to `end` UTF-8? If not, that is what is wrong. */
static bool utf8(struct scan *s, const char *start, const char *end)
{
    str passed = {start, (size_t)(end - start)};
    bool look = s->bits.foreign && DEFENCE(json_utf8);
    size_t valid = look ? utf8_valid(passed) : passed.n;
    if (valid < passed.n)
        fail(s, start + valid, "invalid UTF-8");
    return valid == passed.n;
}

bool json_check_map(str text, struct json_map *map, struct json_error *error)
{
    MEM_UNSET struct scan s;
    if (text.p == NULL)
        text = STR("");
    if (map != NULL)
        json_map_init(map, text);
    begin(&s, text, map);
    const char *p = value(&s, text.p);
    if (p != NULL)
        p = skip_space(&s, p);
    if (p != NULL && p < s.end && DEFENCE(json_rest))
        p = fail(&s, p, "more than one value");
    bool ok = utf8(&s, text.p, p != NULL ? p : s.wrong_at) && p != NULL;
    json_names_fini(&s.names);
    if (!ok)
        *error = (struct json_error){(size_t)(s.wrong_at - text.p), s.wrong};
    return ok;
}

bool json_check(str text, struct json_error *error)
{
    return json_check_map(text, NULL, error);
}

/* The same for a string of plain ASCII, as the texts of events are: eight bytes
** at a time. 0: it is another one, or none. */
static size_t plain_len(str text)
{
    for (size_t i = 1; i + 8 <= text.n; i += 8) {
        uint64_t x = eight_in_order(text.p + i);
        uint64_t hit = eight_equal(x, '"') | eight_equal(x, '\\') |
                       eight_below(x, 0x20) | eight_high(x);
        if (hit != 0) {
            i += (size_t)eight_first(hit);
            return text.p[i] == '"' ? i + 1 : 0;
        }
    }
    return 0;
}

size_t json_string_len(str text)
{
    MEM_UNSET struct scan s;
    if (!str_starts(text, STR("\"")))
        return 0;
    size_t n = plain_len(text);
    if (n > 0)
        return n;
    begin(&s, text, NULL);
    const char *p = string(&s, text.p);
    return p != NULL && utf8(&s, text.p, p) ? (size_t)(p - text.p) : 0;
}
