/*
** split.c -- the alternatives of two regular expressions, in their order.
**
** cl100k:   (?i:'s|'t|'re|'ve|'m|'ll|'d)  [^\r\n\p{L}\p{N}]?\p{L}+  \p{N}{1,3}
**           ` ?[^\s\p{L}\p{N}]+[\r\n]*`  \s*[\r\n]+  \s+(?!\S)  \s+
** o200k:    [^\r\n\p{L}\p{N}]?U*L+C?  [^\r\n\p{L}\p{N}]?U+L*C?  \p{N}{1,3}
**           ` ?[^\s\p{L}\p{N}]+[\r\n/]*`  and the same three
**
** where U is [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L is [\p{Ll}\p{Lm}\p{Lo}\p{M}]
** and C is cl100k's first. A matcher would go back and try again; here it is
** worked out where it would end. Letters without case and marks are both U and
** L, so where a run of U has no small letter behind it, the match ends behind
** the run's last character that is L as well.
*/
#include "kernel/tokens/split.h"

#include "base/eight.h"
#include "kernel/tokens/classes.h"

#define BIT(class) (1u << CLASS_##class)
#define LETTERS    (BIT(UPPER) | BIT(LOWER) | BIT(LETTER))
#define UPPERS     (BIT(UPPER) | BIT(LETTER) | BIT(MARK))
#define LOWERS     (BIT(LOWER) | BIT(LETTER) | BIT(MARK))
#define CASELESS   (BIT(LETTER) | BIT(MARK))
#define WHITE      (BIT(SPACE) | BIT(NEWLINE))
#define OTHERS     (BIT(OTHER) | BIT(MARK))
#define IN(set, c) ((set) >> (c)&1)

/* What is left to be read. */
struct rest {
    const char *p, *end;
};

/* The class of the character at p, which is not the end; its bytes in *n. */
static inline unsigned class_at(const char *p, const char *end, size_t *n)
{
    unsigned char c = (unsigned char)*p;
    *n = 1;
    if (c < 128)
        return classes_ascii[c];
    return class_first((str){p, (size_t)(end - p)}, n);
}

/* How many of the eight bytes at p are small letters, or letters if `fold` is
** 0x20, up to the first that is not. Without the top bits no sum has a carry. */
static inline size_t eight_letters(const char *p, unsigned char fold)
{
    uint64_t x = eight_in_order(p);
    uint64_t y = (x & ~EIGHT_TOPS) | EIGHT_ONES * fold;
    uint64_t from_a = y + EIGHT_ONES * (0x80 - 'a');
    uint64_t past_z = y + EIGHT_ONES * (0x80 - 'z' - 1);
    uint64_t not = (~from_a | past_z | x) & EIGHT_TOPS;
    return not != 0 ? (size_t)eight_first(not ) : 8;
}

/* Behind the letters of ASCII from p on, as far as eight can be looked at. */
static inline const char *skip(const char *p, const char *end,
                               unsigned char fold)
{
    while (end - p >= 8) {
        size_t n = eight_letters(p, fold);
        p += n;
        if (n < 8)
            break;
    }
    return p;
}

/* Behind the characters from p on that are of the set. */
static const char *run(const char *p, const char *end, unsigned set)
{
    size_t n;
    while (p < end && IN(set, class_at(p, end, &n)))
        p += n;
    return p;
}

/* Behind 's, 't, 'm, 'd, 're, 've or 'll, in letters of either case (and the
** long s, which is one of an s); p where there is none. */
static const char *contraction(const char *p, const char *end)
{
    size_t n = (size_t)(end - p);
    if (n < 2 || p[0] != '\'')
        return p;
    char a = (char)(p[1] | 0x20);
    if (a == 's' || a == 't' || a == 'm' || a == 'd')
        return p + 2;
    if (n < 3)
        return p;
    char b = (char)(p[2] | 0x20);
    bool two = ((a == 'r' || a == 'v') && b == 'e') || (a == 'l' && b == 'l');
    bool long_s = p[1] == '\xc5' && p[2] == '\xbf';
    return two || long_s ? p + 3 : p;
}

/* --- the end of a run of letters, NULL where there is none ------------------ */

static const char *letters(const char *p, const char *end)
{
    const char *to = run(skip(p, end, 0x20), end, LETTERS);
    return to > p ? to : NULL;
}

/* U*L+, and *upper: behind the run of U that it looked for first. */
static const char *small_word(const char *p, const char *end,
                              const char **upper)
{
    const char *last = NULL; /* behind the last that is L as well */
    size_t n;
    while (p < end) {
        unsigned class = class_at(p, end, &n);
        if (!IN(UPPERS, class))
            break;
        p += n;
        if (IN(CASELESS, class))
            last = p;
    }
    *upper = p;
    const char *to = run(skip(p, end, 0), end, LOWERS);
    return to > p ? to : last;
}

/* U*L+ or U+L*: where the first fails, there is nothing L behind the U. */
static const char *word(const char *p, const char *end)
{
    const char *upper;
    const char *to = small_word(p, end, &upper);
    return to != NULL ? to : upper > p ? upper : NULL;
}

/* --- the alternatives ------------------------------------------------------- */

static const char *number(const char *p, const char *end)
{
    size_t n;
    for (int i = 0; i < 3 && p < end && class_at(p, end, &n) == CLASS_NUMBER;
         i++)
        p += n;
    return p;
}

/* ` ?[^\s\p{L}\p{N}]+` and the ends of lines behind it, or NULL. */
static const char *symbols(enum split how, const char *p, const char *end)
{
    const char *from = *p == ' ' ? p + 1 : p;
    const char *to = run(from, end, OTHERS);
    if (to == from)
        return NULL;
    while (to < end &&
           (*to == '\n' || *to == '\r' || (*to == '/' && how == SPLIT_O200K)))
        to++;
    return to;
}

/* White space up to the end of its last line; or all of it but the one that
** stands before a word; or all. */
static const char *white(const char *p, const char *end)
{
    const char *line = NULL, *before = p, *to = p;
    size_t n;
    while (to < end) {
        unsigned class = class_at(to, end, &n);
        if (!IN(WHITE, class))
            break;
        before = to;
        to += n;
        if (class == CLASS_NEWLINE)
            line = to;
    }
    if (line != NULL)
        return line;
    return to < end && before > p ? before : to;
}

/* Letters that may have one other character in front of them. */
static const char *cl100k(const char *p, const char *end, unsigned class,
                          const char *next)
{
    const char *to = contraction(p, end);
    if (to > p)
        return to;
    return letters(IN(LETTERS, class) ? p : next, end);
}

/* The same with one change of case at most, and what is drawn to its end. A
** mark may be the character in front or the first of the word. */
static const char *o200k(const char *p, const char *end, unsigned class,
                         const char *next)
{
    const char *upper;
    const char *to;
    if (class == CLASS_MARK) {
        to = small_word(next, end, &upper);
        to = to != NULL ? to : next;
    } else {
        to = word(IN(LETTERS, class) ? p : next, end);
    }
    return to != NULL ? contraction(to, end) : NULL;
}

size_t split_first(enum split how, str text)
{
    const char *p = text.p, *end = p + text.n, *to = NULL;
    size_t n;
    unsigned class = class_at(p, end, &n);
    if (class == CLASS_NUMBER)
        return (size_t)(number(p, end) - p);
    if (class != CLASS_NEWLINE)
        to = how == SPLIT_CL100K ? cl100k(p, end, class, p + n)
                                 : o200k(p, end, class, p + n);
    if (to == NULL && (IN(OTHERS, class) || *p == ' '))
        to = symbols(how, p, end);
    return (size_t)((to != NULL ? to : white(p, end)) - p);
}
