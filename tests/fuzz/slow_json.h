/*
** slow_json.h -- JSON by the letter of RFC 8259, for comparison.
**
** Nothing clever: a byte at a time, by recursion; every name is decoded to
** code points and compared with every other of its object. It also holds
** what we ask beyond the RFC: names once, whole surrogate pairs, UTF-8 as
** RFC 3629 has it, at most 128 levels.
*/
#ifndef TESTS_FUZZ_SLOW_JSON_H
#define TESTS_FUZZ_SLOW_JSON_H

#include "fuzz.h"

#define SLOW_DEPTH 128

struct slow {
    const unsigned char *p, *end;
    int depth;
};

struct slow_text {
    uint32_t *code;
    size_t n;
};

static inline int slow_peek(const struct slow *s)
{
    return s->p < s->end ? *s->p : -1;
}

static inline bool slow_take(struct slow *s, int c)
{
    if (slow_peek(s) != c)
        return false;
    s->p++;
    return true;
}

static inline void slow_space(struct slow *s)
{
    while (slow_peek(s) == 0x20 || slow_peek(s) == 0x09 ||
           slow_peek(s) == 0x0a || slow_peek(s) == 0x0d)
        s->p++;
}

static inline bool slow_hex(struct slow *s, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        int c = slow_peek(s);
        if (c >= 'A' && c <= 'F')
            c += 'a' - 'A';
        const char *digit = c > 0 ? strchr(digits, c) : NULL;
        if (digit == NULL)
            return false;
        *code = *code * 16 + (uint32_t)(digit - digits);
        s->p++;
    }
    return true;
}

static inline bool slow_escape(struct slow *s, uint32_t *code)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    int c = slow_peek(s);
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (letter != NULL) {
        s->p++;
        *code = (uint32_t)meant[letter - letters];
        return true;
    }
    uint32_t low;
    if (!slow_take(s, 'u') || !slow_hex(s, code))
        return false;
    if (*code < 0xd800 || *code > 0xdfff)
        return true;
    if (*code > 0xdbff || !slow_take(s, '\\') || !slow_take(s, 'u') ||
        !slow_hex(s, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *code = 0x10000 + (*code - 0xd800) * 0x400 + (low - 0xdc00);
    return true;
}

/* One character past ASCII; its form must be the shortest. */
static inline bool slow_foreign(struct slow *s, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int first = slow_peek(s);
    int n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    if (n == 0 || first > 0xf7 || s->end - s->p < n)
        return false;
    *code = (uint32_t)first & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if ((s->p[i] & 0xc0) != 0x80)
            return false;
        *code = *code << 6 | (s->p[i] & 0x3fu);
    }
    s->p += n;
    return *code >= least[n] && *code <= 0x10ffff &&
           (*code < 0xd800 || *code > 0xdfff);
}

/* A string; its code points go to *text, which the caller frees. */
static inline bool slow_string(struct slow *s, struct slow_text *text)
{
    text->code = malloc(sizeof *text->code * ((size_t)(s->end - s->p) + 1));
    text->n = 0;
    MUST(text->code != NULL);
    if (!slow_take(s, '"'))
        return false;
    while (!slow_take(s, '"')) {
        uint32_t code = (uint32_t)slow_peek(s);
        bool good = slow_peek(s) >= 0x20;
        if (slow_take(s, '\\'))
            good = slow_escape(s, &code);
        else if (slow_peek(s) >= 0x80)
            good = slow_foreign(s, &code);
        else
            s->p += good;
        if (!good)
            return false;
        text->code[text->n++] = code;
    }
    return true;
}

static inline bool slow_skip_string(struct slow *s)
{
    struct slow_text text;
    bool good = slow_string(s, &text);
    free(text.code);
    return good;
}

static inline bool slow_digits(struct slow *s)
{
    const unsigned char *from = s->p;
    while (slow_peek(s) >= '0' && slow_peek(s) <= '9')
        s->p++;
    return s->p > from;
}

static inline bool slow_number(struct slow *s)
{
    slow_take(s, '-');
    if (!slow_take(s, '0') && !slow_digits(s))
        return false;
    if (slow_take(s, '.') && !slow_digits(s))
        return false;
    if (!slow_take(s, 'e') && !slow_take(s, 'E'))
        return true;
    if (!slow_take(s, '+'))
        slow_take(s, '-');
    return slow_digits(s);
}

static inline bool slow_word(struct slow *s, const char *word)
{
    while (*word != '\0')
        if (!slow_take(s, *word++))
            return false;
    return true;
}

static bool slow_value(struct slow *s);

static inline bool slow_array(struct slow *s)
{
    slow_take(s, '[');
    slow_space(s);
    if (slow_take(s, ']'))
        return true;
    do {
        if (!slow_value(s))
            return false;
    } while (slow_take(s, ','));
    return slow_take(s, ']');
}

static inline bool slow_same(const struct slow_text *a,
                             const struct slow_text *b)
{
    return a->n == b->n &&
           (a->n == 0 || memcmp(a->code, b->code, a->n * sizeof *a->code) == 0);
}

/* The members from here to the closing brace; `before` are the names of those
** already read, as a list on the C stack's behalf. */
struct slow_names {
    struct slow_text *at;
    size_t n;
};

static inline bool slow_member(struct slow *s, struct slow_names *names)
{
    struct slow_text *grown =
        realloc(names->at, (names->n + 1) * sizeof *names->at);
    MUST(grown != NULL);
    names->at = grown;
    struct slow_text *name = &names->at[names->n++];
    slow_space(s);
    if (!slow_string(s, name))
        return false;
    for (size_t i = 0; i + 1 < names->n; i++)
        if (slow_same(&names->at[i], name))
            return false;
    slow_space(s);
    return slow_take(s, ':') && slow_value(s);
}

static inline bool slow_members(struct slow *s, struct slow_names *names)
{
    do {
        if (!slow_member(s, names))
            return false;
    } while (slow_take(s, ','));
    return slow_take(s, '}');
}

static inline bool slow_object(struct slow *s)
{
    struct slow_names names = {NULL, 0};
    slow_take(s, '{');
    slow_space(s);
    bool good = slow_take(s, '}') || slow_members(s, &names);
    for (size_t i = 0; i < names.n; i++)
        free(names.at[i].code);
    free(names.at);
    return good;
}

static inline bool slow_nested(struct slow *s)
{
    if (s->depth == SLOW_DEPTH)
        return false;
    s->depth++;
    bool good = *s->p == '{' ? slow_object(s) : slow_array(s);
    s->depth--;
    return good;
}

/* A value and the white space around it. */
static bool slow_value(struct slow *s)
{
    bool good;
    slow_space(s);
    int c = slow_peek(s);
    if (c == '{' || c == '[')
        good = slow_nested(s);
    else if (c == '"')
        good = slow_skip_string(s);
    else if (c == 't' || c == 'f' || c == 'n')
        good = slow_word(s, c == 't' ? "true" : c == 'f' ? "false" : "null");
    else
        good = slow_number(s);
    slow_space(s);
    return good;
}

/* One value and nothing else? */
static inline bool slow_json(str text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    struct slow s = {p, p + text.n, 0};
    return slow_value(&s) && s.p == s.end;
}

#endif
