/*
** slow_tokens.h -- counting tokens as the definition says it, for comparison.
**
** slow_split tries the alternatives of the regular expressions one after the
** other, each as a row of character sets with repeats, going back as a matcher
** does. slow_merge looks for the lowest pair of all, joins it and begins anew.
** slow_agrees says whether counting a piece comes to the same.
*/
#ifndef TESTS_KERNEL_SLOW_TOKENS_H
#define TESTS_KERNEL_SLOW_TOKENS_H

#include "kernel/tokens/classes.h"
#include "kernel/tokens/tokens.h"

enum slow_kind { SLOW_SET, SLOW_NOT, SLOW_CONTRACTION, SLOW_NOT_BEFORE_WORD };

struct slow_item {
    enum slow_kind kind;
    unsigned classes; /* bits of enum char_class */
    const char *also; /* characters of ASCII in the set */
    size_t min, max;
};

#define SLOW_MANY    SIZE_MAX
#define SLOW_BIT(c)  (1u << CLASS_##c)
#define SLOW_LETTERS (SLOW_BIT(UPPER) | SLOW_BIT(LOWER) | SLOW_BIT(LETTER))
#define SLOW_UPPERS  (SLOW_BIT(UPPER) | SLOW_BIT(LETTER) | SLOW_BIT(MARK))
#define SLOW_LOWERS  (SLOW_BIT(LOWER) | SLOW_BIT(LETTER) | SLOW_BIT(MARK))
#define SLOW_WHITE   (SLOW_BIT(SPACE) | SLOW_BIT(NEWLINE))
#define SLOW_FRONT                                              \
    {                                                           \
        SLOW_NOT, SLOW_LETTERS | SLOW_BIT(NUMBER), "\r\n", 0, 1 \
    }
#define SLOW_ENDS(also)                                 \
    {                                                   \
        SLOW_SET, SLOW_BIT(NEWLINE), also, 0, SLOW_MANY \
    }
#define SLOW_REST                                                        \
    {{SLOW_SET, SLOW_BIT(NUMBER), "", 1, 3}},                            \
        {{SLOW_SET, 0, " ", 0, 1},                                       \
         {SLOW_NOT, SLOW_WHITE | SLOW_LETTERS | SLOW_BIT(NUMBER), "", 1, \
          SLOW_MANY},                                                    \
         SLOW_ENDS(SLOW_ALSO)},                                          \
        {{SLOW_SET, SLOW_WHITE, "", 0, SLOW_MANY},                       \
         {SLOW_SET, SLOW_BIT(NEWLINE), "", 1, SLOW_MANY}},               \
        {{SLOW_SET, SLOW_WHITE, "", 1, SLOW_MANY},                       \
         {SLOW_NOT_BEFORE_WORD, 0, "", 1, 1}},                           \
    {                                                                    \
        {                                                                \
            SLOW_SET, SLOW_WHITE, "", 1, SLOW_MANY                       \
        }                                                                \
    }

#define SLOW_ITEMS 5
#define SLOW_ALSO  ""
static const struct slow_item slow_cl100k[][SLOW_ITEMS] = {
    {{SLOW_CONTRACTION, 0, "", 1, 1}},
    {SLOW_FRONT, {SLOW_SET, SLOW_LETTERS, "", 1, SLOW_MANY}},
    SLOW_REST,
    {{SLOW_SET, 0, NULL, 0, 0}},
};
#undef SLOW_ALSO
#define SLOW_ALSO "/"
static const struct slow_item slow_o200k[][SLOW_ITEMS] = {
    {SLOW_FRONT,
     {SLOW_SET, SLOW_UPPERS, "", 0, SLOW_MANY},
     {SLOW_SET, SLOW_LOWERS, "", 1, SLOW_MANY},
     {SLOW_CONTRACTION, 0, "", 0, 1}},
    {SLOW_FRONT,
     {SLOW_SET, SLOW_UPPERS, "", 1, SLOW_MANY},
     {SLOW_SET, SLOW_LOWERS, "", 0, SLOW_MANY},
     {SLOW_CONTRACTION, 0, "", 0, 1}},
    SLOW_REST,
    {{SLOW_SET, 0, NULL, 0, 0}},
};

static inline size_t slow_contraction(str s)
{
    static const char *const all[] = {"'s", "'t",  "'re", "'ve",
                                      "'m", "'ll", "'d",  "'\xc5\xbf"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        size_t n = strlen(all[i]);
        if (s.n >= n && str_eq_nocase((str){s.p, n}, str_of(all[i])))
            return n;
    }
    return 0;
}

/* Bytes of what one item takes once; 0 when it does not fit. */
static inline size_t slow_once(const struct slow_item *item, str s)
{
    size_t n;
    if (item->kind == SLOW_CONTRACTION)
        return slow_contraction(s);
    if (s.n == 0)
        return 0;
    unsigned class = class_first(s, &n);
    bool in = item->classes >> class & 1;
    if (n == 1 && s.p[0] > 0 && strchr(item->also, s.p[0]) != NULL)
        in = true;
    return in == (item->kind == SLOW_SET) ? n : 0;
}

/* Behind the match of these items at `at`, SIZE_MAX when there is none. */
static inline size_t slow_match(const struct slow_item *item, int items,
                                str text, size_t at)
{
    size_t n, class_n;
    if (items == 0 || item->also == NULL || item->max == 0)
        return at;
    str rest = str_from(text, at);
    if (item->kind == SLOW_NOT_BEFORE_WORD)
        return rest.n == 0 || (SLOW_WHITE >> class_first(rest, &class_n) & 1)
                   ? at
                   : SIZE_MAX;
    size_t times = 0, to = at;
    while (times < item->max && (n = slow_once(item, str_from(text, to))) > 0) {
        to += n;
        times++;
    }
    for (;; times--) {
        if (times < item->min)
            return SIZE_MAX;
        size_t end = slow_match(item + 1, items - 1, text, to);
        if (end != SIZE_MAX)
            return end;
        if (times == 0)
            return SIZE_MAX;
        to = at;
        for (size_t i = 0; i + 1 < times; i++)
            to += slow_once(item, str_from(text, to));
    }
}

/* Bytes of the first piece. */
static inline size_t slow_split(enum split how, str text)
{
    const struct slow_item(*all)[SLOW_ITEMS] =
        how == SPLIT_CL100K ? slow_cl100k : slow_o200k;
    for (int i = 0; all[i][0].also != NULL; i++) {
        size_t end = slow_match(all[i], SLOW_ITEMS, text, 0);
        if (end != SIZE_MAX && end > 0)
            return end;
    }
    return 0;
}

/* Merge a piece: where its tokens end, in ends[]; how many they are. */
static inline size_t slow_merge(const struct ranks *r, str piece, size_t *ends)
{
    size_t n = 0;
    for (size_t i = 0; i < piece.n; i++)
        ends[n++] = i + 1;
    for (;;) {
        uint32_t least = RANK_NONE;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            size_t from = i > 0 ? ends[i - 1] : 0;
            uint32_t rank =
                ranks_find(r, (str){piece.p + from, ends[i + 1] - from});
            if (rank < least) {
                least = rank;
                at = i;
            }
        }
        if (least == RANK_NONE)
            return n;
        memmove(&ends[at], &ends[at + 1], (--n - at) * sizeof *ends);
    }
}

/* As slow_merge, but for a piece that is a token. */
static inline size_t slow_count(const struct ranks *r, str piece, size_t *ends)
{
    ends[0] = piece.n;
    return ranks_find(r, piece) != RANK_NONE ? 1 : slow_merge(r, piece, ends);
}

#define SLOW_MOST 6000 /* bytes of a piece */

/* Does a piece have the tokens that it should, and their number as count? */
static inline bool slow_agrees(const struct ranks *r, str piece)
{
    static uint32_t ids[SLOW_MOST];
    static size_t ends[SLOW_MOST];
    struct bpe b = {.ranks = r, .ids = ids, .ids_max = SLOW_MOST};
    struct bpe counted = {.ranks = r};
    size_t n = slow_count(r, piece, ends), at = 0;
    if (bpe_piece(&b, piece) != 0 || bpe_piece(&counted, piece) != 0 ||
        b.n != (int64_t)n || counted.n != b.n)
        return false;
    for (size_t i = 0; i < n; at = ends[i++])
        if (!str_eq(ranks_bytes(r, ids[i]), (str){piece.p + at, ends[i] - at}))
            return false;
    return at == piece.n;
}

#endif
