/*
** json_scan.c -- is this JSON, strictly? One pass, no tree.
**
** Nearly all bytes of a request are the insides of strings, so those are
** looked at eight at a time: a word without a quote, a backslash, a control
** byte or a byte past 0x7f is skipped whole. The rest is a plain descent,
** whose depth is bounded and whose only memory is the names of open objects.
*/
#include "wire/json_parts.h"
#include "base/mem.h"
#include "base/utf8.h"

struct scan {
    const char *at, *end;
    int depth;
    bool escaped;      /* the last string has escapes */
    const char *wrong; /* what is, at `at` */
    struct json_names names;
};

static bool value(struct scan *s);

static bool fail(struct scan *s, const char *at, const char *wrong)
{
    s->at = at;
    s->wrong = wrong;
    return false;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->end && json_space(*s->at))
        s->at++;
}

/* The next byte; 0, which may stand nowhere, at the end. */
static char peek(const struct scan *s)
{
    return s->at < s->end ? *s->at : '\0';
}

/* What is wrong with the byte that stands here. */
static bool unexpected(struct scan *s, const char *wanted)
{
    return fail(s, s->at, s->at == s->end ? "unexpected end" : wanted);
}

/* Flags in the bytes of a word that need a look: '"', '\\', below 0x20 and
** above 0x7f. */
static uint64_t special(uint64_t w)
{
    uint64_t hit = JSON_IS(w, '"') | JSON_IS(w, '\\');
    return (hit | w | (w - JSON_ONES * 0x20)) & JSON_FLAGS;
}

static bool plain_byte(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

/* Four hex digits at s->at: their value, or -1. */
static int32_t hex4(struct scan *s)
{
    int32_t value = 0;
    if (s->end - s->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int c = (unsigned char)s->at[i];
        int letter = c | 0x20;
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value * 16 + (letter - 'a' + 10);
        else
            return -1;
    }
    s->at += 4;
    return value;
}

/* What follows \u; surrogates must come in pairs. */
static bool unicode(struct scan *s)
{
    const char *start = s->at - 2;
    int32_t high = hex4(s);
    if (high < 0)
        return fail(s, start, "invalid \\u escape");
    if (high < 0xd800 || high > 0xdfff)
        return true;
    if (high > 0xdbff || s->end - s->at < 2 || memcmp(s->at, "\\u", 2) != 0)
        return fail(s, start, "lone surrogate");
    s->at += 2;
    int32_t low = hex4(s);
    if (low < 0xdc00 || low > 0xdfff)
        return fail(s, start, "lone surrogate");
    return true;
}

static bool escape(struct scan *s)
{
    s->at++;
    s->escaped = true;
    char c = peek(s);
    if (c == '\0' || memchr("\"\\/bfnrtu", c, 9) == NULL)
        return fail(s, s->at - 1, "invalid escape");
    s->at++;
    return c != 'u' || unicode(s);
}

/* Most characters of three bytes: no first byte that restricts the second. */
static bool plain_three(const struct scan *s)
{
    unsigned char first = (unsigned char)*s->at;
    return first > 0xe0 && first < 0xed && s->end - s->at >= 3 &&
           (s->at[1] & 0xc0) == 0x80 && (s->at[2] & 0xc0) == 0x80;
}

/* A run of characters past ASCII. */
static bool foreign(struct scan *s)
{
    do {
        if (plain_three(s)) {
            s->at += 3;
            continue;
        }
        size_t n = utf8_len((str){s->at, (size_t)(s->end - s->at)});
        if (n == 0)
            return fail(s, s->at, "invalid UTF-8");
        s->at += n;
    } while (s->at < s->end && (unsigned char)*s->at >= 0x80);
    return true;
}

/* Pass over bytes that need no look. */
static void skip_plain(struct scan *s)
{
    while (s->end - s->at >= 8) {
        uint64_t hit = special(json_word(s->at));
        if (hit != 0) {
            s->at += JSON_FIRST(hit);
            return;
        }
        s->at += 8;
    }
    while (s->at < s->end && plain_byte(*s->at))
        s->at++;
}

/* A string whose opening quote stands at s->at. *inner is what it holds. */
static bool string(struct scan *s, str *inner)
{
    const char *start = ++s->at;
    s->escaped = false;
    for (;;) {
        skip_plain(s);
        unsigned char c = (unsigned char)peek(s);
        if (s->at < s->end && c == '"')
            break;
        if (c < 0x20)
            return unexpected(s, "control byte in a string");
        if (!(c == '\\' ? escape(s) : foreign(s)))
            return false;
    }
    *inner = (str){start, (size_t)(s->at - start)};
    s->at++;
    return true;
}

static bool digits(struct scan *s)
{
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > start ? true : unexpected(s, "digit expected");
}

static bool number(struct scan *s)
{
    if (*s->at == '-')
        s->at++;
    if (peek(s) == '0')
        s->at++;
    else if (!digits(s))
        return false;
    if (peek(s) >= '0' && peek(s) <= '9')
        return fail(s, s->at, "number with a leading zero");
    if (peek(s) == '.') {
        s->at++;
        if (!digits(s))
            return false;
    }
    if ((peek(s) | 0x20) == 'e') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        return digits(s);
    }
    return true;
}

static bool literal(struct scan *s, str word)
{
    if (!str_starts((str){s->at, (size_t)(s->end - s->at)}, word))
        return unexpected(s, "value expected");
    s->at += word.n;
    return true;
}

static bool member(struct scan *s, size_t base)
{
    str name;
    const char *start = s->at;
    if (peek(s) != '"')
        return unexpected(s, "name expected");
    if (!string(s, &name))
        return false;
    const char *wrong = json_names_add(&s->names, base, name, s->escaped);
    if (wrong != NULL)
        return fail(s, start, wrong);
    skip_space(s);
    if (peek(s) != ':')
        return unexpected(s, "':' expected");
    s->at++;
    return value(s);
}

/* Another item follows: 1, this was the last: 0, neither: -1. */
static int more(struct scan *s, char close)
{
    skip_space(s);
    char c = peek(s);
    if (c != ',' && c != close)
        return -1;
    s->at++;
    return c == ',';
}

static bool object(struct scan *s)
{
    const char *start = s->at++;
    size_t base = s->names.n;
    int again = 1;
    skip_space(s);
    if (peek(s) == '}')
        again = more(s, '}');
    while (again > 0) {
        skip_space(s);
        if (!member(s, base))
            return false;
        again = more(s, '}');
    }
    if (again < 0)
        return unexpected(s, "',' or '}' expected");
    const char *wrong = json_names_end(&s->names, base);
    return wrong == NULL ? true : fail(s, start, wrong);
}

static bool array(struct scan *s)
{
    int again = 1;
    s->at++;
    skip_space(s);
    if (peek(s) == ']')
        again = more(s, ']');
    while (again > 0) {
        if (!value(s))
            return false;
        again = more(s, ']');
    }
    return again == 0 ? true : unexpected(s, "',' or ']' expected");
}

static bool nested(struct scan *s, bool (*inside)(struct scan *))
{
    if (s->depth == JSON_MAX_DEPTH)
        return fail(s, s->at, "nested too deeply");
    s->depth++;
    bool ok = inside(s);
    s->depth--;
    return ok;
}

static bool value(struct scan *s)
{
    str ignored;
    skip_space(s);
    switch (peek(s)) {
    case '{':
        return nested(s, object);
    case '[':
        return nested(s, array);
    case '"':
        return string(s, &ignored);
    case 't':
        return literal(s, STR("true"));
    case 'f':
        return literal(s, STR("false"));
    case 'n':
        return literal(s, STR("null"));
    case '-':
        return number(s);
    default:
        if (peek(s) >= '0' && peek(s) <= '9')
            return number(s);
        return unexpected(s, "value expected");
    }
}

bool json_check(str text, struct json_error *error)
{
    if (text.p == NULL)
        text = STR("");
    MEM_UNSET struct scan s; /* not zeroed: most of it is room for names */
    s.at = text.p;
    s.end = text.p + text.n;
    s.depth = 0;
    json_names_init(&s.names);
    bool ok = value(&s);
    if (ok) {
        skip_space(&s);
        ok = s.at == s.end || fail(&s, s.at, "more than one value");
    }
    json_names_fini(&s.names);
    if (!ok)
        *error = (struct json_error){(size_t)(s.at - text.p), s.wrong};
    return ok;
}
