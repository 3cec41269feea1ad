/*
** spoken.c -- counting what goes by, without decoding it.
**
** An escape is a character like any other once it is known which: \n and \t
** part words, \u0041 does not. A word that is longer than any token is counted
** again for each such length, so text without a space is not endless either.
*/
#include "wire/spoken.h"

#include "base/defence.h"
#include "base/eight.h"

static void space(struct spoken *s)
{
    s->inside = 0;
}

static void letter(struct spoken *s)
{
    s->words += s->inside == 0;
    s->inside = s->inside == SPOKEN_LONGEST ? 0 : s->inside + 1;
}

static bool is_space(str digits)
{
    static const str spaces[] = {{"0020", 4}, {"0009", 4}, {"000a", 4},
                                 {"000A", 4}, {"000d", 4}, {"000D", 4}};
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (str_starts(digits, spaces[i]))
            return true;
    return false;
}

/* The escape that `rest` begins with, behind its backslash: its length. */
static size_t escape(struct spoken *s, str rest)
{
    bool parts = rest.p[0] == 'n' || rest.p[0] == 't' || rest.p[0] == 'r' ||
                 (rest.p[0] == 'u' && is_space(str_from(rest, 1)));
    if (parts)
        space(s);
    else
        letter(s);
    return rest.p[0] == 'u' ? 5 : 1;
}

/* One character, or an escape: how many bytes it takes. */
static size_t one(struct spoken *s, str rest)
{
    if (rest.p[0] == ' ')
        space(s);
    else if (rest.p[0] == '\\' && rest.n > 1)
        return 1 + escape(s, str_from(rest, 1));
    else
        letter(s);
    return 1;
}

/* The n lowest bytes of x: characters, no escapes, and too few for a word to be
** longer than a token. */
static inline void several(struct spoken *s, uint64_t x, unsigned n)
{
    uint64_t all = EIGHT_TOPS >> (64 - 8 * n);
    uint64_t spaces = eight_all_equal(x, ' ') & all, letters = spaces ^ all;
    uint64_t begin = letters & ~(letters << 8 | (s->inside > 0 ? 0x80 : 0));
    s->words += (int64_t)((begin >> 7) * EIGHT_ONES >> 56);
    s->inside = (uint8_t)(spaces == 0 ? s->inside + n
                                      : n - 1 - (unsigned)eight_last(spaces));
}

static bool is_plain(const struct spoken *s, uint64_t x)
{
    return s->inside <= SPOKEN_LONGEST - 8 && eight_equal(x, '\\') == 0;
}

/* Eight at a time, as long as that can be done: how many bytes. */
static size_t many(struct spoken *to, str text)
{
    struct spoken s = *to; /* in registers */
    size_t i = 0;
    for (; text.n - i >= 8; i += 8) {
        uint64_t x = eight_in_order(text.p + i);
        if (!is_plain(&s, x))
            break;
        several(&s, x, 8);
    }
    to->words = s.words;
    to->inside = s.inside;
    return i;
}

static size_t few(struct spoken *s, str text)
{
    unsigned n = text.n < 8 ? (unsigned)text.n : 8;
    uint64_t x = eight_few(text.p, n);
    if (!is_plain(s, x))
        return one(s, text);
    several(s, x, n);
    return n;
}

void spoken_words(struct spoken *s, str text)
{
    while (text.n > 0 && DEFENCE(bound_words)) {
        text = str_from(text, text.n >= 8 ? many(s, text) : 0);
        if (text.n > 0)
            text = str_from(text, few(s, text));
    }
}

void spoken_add_code(struct spoken *s, str json)
{
    size_t n = s->code + json.n;
    s->bytes += (int64_t)json.n;
    if (s->most == 0)
        return;
    s->words += (int64_t)(n / SPOKEN_LONGEST);
    s->code = (uint8_t)(n % SPOKEN_LONGEST);
}

void spoken_add_data(struct spoken *s, str json)
{
    s->bytes += (int64_t)json.n;
}
