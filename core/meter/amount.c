/*
** amount.c -- a number in decimal, and two words.
**
** The digits are kept as one whole number and a power of ten, so that "1.5M" is
** 1500000 and "0.1 usd" is a hundred million billionths, exactly.
*/
#include "meter/amount.h"

#define MOST_DIGITS 30
#define NANO_DIGITS 9

__extension__ typedef unsigned __int128 digits;

struct reading {
    str rest;
    digits number;
    int power; /* of ten, that the number is to be multiplied by */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_blanks(struct reading *r)
{
    while (r->rest.n > 0 && is_blank(r->rest.p[0]))
        r->rest = str_from(r->rest, 1);
}

/* Take digits; how many there were. */
static size_t take_digits(struct reading *r)
{
    size_t n = 0;
    for (; n < r->rest.n && is_digit(r->rest.p[n]); n++)
        if (n < MOST_DIGITS)
            r->number = r->number * 10 + (unsigned)(r->rest.p[n] - '0');
    r->rest = str_from(r->rest, n);
    return n;
}

static bool take_number(struct reading *r)
{
    skip_blanks(r);
    size_t whole = take_digits(r), parts = 0;
    if (whole > 0 && r->rest.n > 0 && r->rest.p[0] == '.') {
        r->rest = str_from(r->rest, 1);
        parts = take_digits(r);
    }
    r->power = -(int)parts;
    return whole > 0 && whole + parts <= MOST_DIGITS;
}

static str take_word(struct reading *r)
{
    size_t n = 0;
    skip_blanks(r);
    while (n < r->rest.n && is_letter(r->rest.p[n]))
        n++;
    str word = {r->rest.p, n};
    r->rest = str_from(r->rest, n);
    return word;
}

/* k, M or G that stands by itself: how many zeros it means. */
static int zeros_of(str word)
{
    if (word.n != 1)
        return 0;
    switch (word.p[0]) {
    case 'k':
    case 'K':
        return 3;
    case 'M':
        return 6;
    case 'G':
        return 9;
    default:
        return 0;
    }
}

static bool unit_of(str word, enum amount_unit *unit)
{
    static const struct {
        str word;
        enum amount_unit unit;
    } words[] = {
        {{"requests", 8}, AMOUNT_REQUESTS}, {{"request", 7}, AMOUNT_REQUESTS},
        {{"tokens", 6}, AMOUNT_TOKENS},     {{"token", 5}, AMOUNT_TOKENS},
        {{"usd", 3}, AMOUNT_USD},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_eq(word, words[i].word)) {
            *unit = words[i].unit;
            return true;
        }
    return false;
}

static bool period_of(str word, struct amount *out)
{
    static const struct {
        str word;
        enum period_unit per;
    } words[] = {
        {{"s", 1}, PERIOD_SECOND},      {{"sec", 3}, PERIOD_SECOND},
        {{"second", 6}, PERIOD_SECOND}, {{"m", 1}, PERIOD_MINUTE},
        {{"min", 3}, PERIOD_MINUTE},    {{"minute", 6}, PERIOD_MINUTE},
        {{"h", 1}, PERIOD_HOUR},        {{"hour", 4}, PERIOD_HOUR},
        {{"d", 1}, PERIOD_DAY},         {{"day", 3}, PERIOD_DAY},
        {{"week", 4}, PERIOD_WEEK},     {{"month", 5}, PERIOD_MONTH},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_eq(word, words[i].word)) {
            out->per = words[i].per;
            return true;
        }
    out->each_request = str_eq(word, STR("request"));
    return out->each_request;
}

/* --- the number ------------------------------------------------------------ */

/* number * 10^power, at most 2^63 - 1; *whole: nothing was cut off. */
static int64_t scaled(digits number, int power, bool *whole)
{
    *whole = true;
    for (; power > 0 && number <= INT64_MAX; power--)
        number *= 10;
    for (; power < 0; power++) {
        *whole = *whole && number % 10 == 0;
        number /= 10;
    }
    if (number <= INT64_MAX)
        return (int64_t)number;
    *whole = false;
    return INT64_MAX;
}

static double nearest(digits number, int power)
{
    double scale = 1;
    for (int i = power < 0 ? -power : power; i > 0; i--)
        scale *= 10;
    return power < 0 ? (double)number / scale : (double)number * scale;
}

static void settle(const struct reading *r, struct amount *out)
{
    bool exact;
    out->n = scaled(r->number, r->power, &out->whole);
    out->nano = scaled(r->number, r->power + NANO_DIGITS, &exact);
    out->nearest = nearest(r->number, r->power);
}

bool amount_read(str text, struct amount *out)
{
    struct reading r = {.rest = text};
    *out = (struct amount){.per = PERIOD_SECOND};
    if (text.p == NULL || !take_number(&r))
        return false;
    str word = take_word(&r);
    int zeros = zeros_of(word);
    if (zeros > 0 && r.rest.n > 0 && is_blank(r.rest.p[0]))
        word = take_word(&r);
    r.power += zeros;
    skip_blanks(&r);
    if (!unit_of(word, &out->unit) || r.rest.n == 0 || r.rest.p[0] != '/')
        return false;
    r.rest = str_from(r.rest, 1);
    str per = take_word(&r);
    skip_blanks(&r);
    settle(&r, out);
    return r.rest.n == 0 && period_of(per, out);
}

bool amount_read_limit(str text, struct amount *out)
{
    struct reading r = {.rest = text};
    if (amount_read(text, out))
        return !out->each_request;
    if (text.p == NULL || !take_number(&r) || r.power != 0 ||
        !str_eq(take_word(&r), STR("concurrent")))
        return false;
    skip_blanks(&r);
    out->unit = AMOUNT_CONCURRENT;
    settle(&r, out);
    return r.rest.n == 0;
}

const char *amount_unit_name(enum amount_unit unit)
{
    static const char *const names[] = {"requests", "tokens", "usd",
                                        "concurrent"};
    return names[unit];
}

const char *amount_period_name(const struct amount *a)
{
    static const char *const names[] = {"second", "minute", "hour",
                                        "day",    "week",   "month"};
    return a->each_request ? "request" : names[a->per];
}
