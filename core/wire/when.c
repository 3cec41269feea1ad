/*
** when.c -- reading lengths and dates, strictly and without the C library.
**
** strtod takes "inf", "nan" and "0x1p3", strptime asks the locale; here a
** number is digits with at most one point, and a date is a mould that the
** text must fit to its last byte.
*/
#include "wire/when.h"

#include "base/utc.h"

#define DIGITS 18 /* of a number that we can hold; more is too long */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* --- lengths --------------------------------------------------------------- */

/* Digits from the front: how many there were. Past `most` of them *value is
** a lower bound. */
static size_t take_digits(str *text, int64_t *value)
{
    size_t n = 0;
    *value = 0;
    while (n < text->n && is_digit(text->p[n])) {
        if (*value < INT64_C(100000000000000000))
            *value = *value * 10 + (text->p[n] - '0');
        n++;
    }
    *text = str_from(*text, n);
    return n;
}

/* "1.5" from the front, in units; false when there is no number. */
static bool take_number(str *text, nanos unit, double *length)
{
    int64_t whole, part = 0;
    size_t digits = take_digits(text, &whole), behind = 0;
    *length = digits > DIGITS ? 1e30 : (double)whole * (double)unit;
    if (text->n == 0 || text->p[0] != '.')
        return digits > 0;
    *text = str_from(*text, 1);
    double scale = (double)unit;
    str rest = *text;
    behind = take_digits(text, &part);
    for (size_t i = 0; i < behind && i < DIGITS; i++) {
        scale /= 10;
        *length += (rest.p[i] - '0') * scale;
    }
    return digits + behind > 0;
}

static const struct unit {
    const char *name; /* the longer before those that begin it */
    nanos length;
} units[] = {
    {"ns", 1},
    {"us", NANOS_US},
    {"\xc2\xb5s", NANOS_US},
    {"\xce\xbcs", NANOS_US},
    {"ms", NANOS_MS},
    {"s", NANOS_S},
    {"m", 60 * NANOS_S},
    {"h", 3600 * NANOS_S},
    {"d", 86400 * NANOS_S},
};

/* The unit from the front; 0 when it is none. */
static nanos take_unit(str *text)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        str name = str_of(units[i].name);
        if (str_starts(*text, name)) {
            *text = str_from(*text, name.n);
            return units[i].length;
        }
    }
    return 0;
}

static nanos bounded(double length)
{
    return length > (double)WHEN_LONGEST ? NANOS_NEVER : (nanos)(length + 0.5);
}

nanos when_span(str text, nanos unit)
{
    double all = 0, length;
    str rest = str_trim(text);
    if (!take_number(&rest, 1, &length))
        return WHEN_NONE;
    if (rest.n == 0)
        return bounded(length * (double)unit);
    rest = str_trim(text);
    while (rest.n > 0) {
        if (!take_number(&rest, 1, &length))
            return WHEN_NONE;
        nanos each = take_unit(&rest);
        if (each == 0)
            return WHEN_NONE;
        all += length * (double)each;
    }
    return bounded(all);
}

/* --- dates ----------------------------------------------------------------- */

static int month_of(const char *three)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (memcmp(three, names + i * 3, 3) == 0)
            return i + 1;
    return 0;
}

/* Digits of the text that stand where the mould has this letter, as a number;
** -1 when there are none. A blank counts as 0: asctime pads with it. */
static int part(str text, const char *mould, char letter)
{
    int value = -1;
    for (size_t i = 0; i < text.n; i++)
        if (mould[i] == letter)
            value = (value < 0 ? 0 : value * 10) +
                    (is_digit(text.p[i]) ? text.p[i] - '0' : 0);
    return value;
}

/* Does it fit the mould? Capitals but T, G, M and Z stand for digits, D for a
** blank too, b for a letter; all else for itself. */
static bool fits(str text, const char *mould)
{
    if (text.n != strlen(mould))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i], m = mould[i];
        bool digit = strchr("YyOHIS", m) != NULL && is_digit(c);
        bool day = m == 'D' && (is_digit(c) || c == ' ');
        bool letter = m == 'b' && ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!digit && !day && !letter && (c != m || strchr("YyOHISDb", m)))
            return false;
    }
    return true;
}

/* The date of a text that fits; `named` is where the month's name stands. */
static nanos date_in(str text, const char *mould, size_t named)
{
    int year = part(text, mould, 'Y'), two = part(text, mould, 'y');
    if (year < 0)
        year = two < 70 ? 2000 + two : 1900 + two;
    struct utc u = {.year = year,
                    .month = named > 0 ? month_of(text.p + named)
                                       : part(text, mould, 'O'),
                    .day = part(text, mould, 'D'),
                    .hour = part(text, mould, 'H'),
                    .minute = part(text, mould, 'I'),
                    .second = part(text, mould, 'S')};
    int64_t seconds = utc_seconds(&u);
    return seconds >= 0 && seconds < INT64_MAX / NANOS_S ? seconds * NANOS_S
                                                         : WHEN_NONE;
}

/* "Sunday, " and the like leave the front; the day is not checked. */
static str without_weekday(str text)
{
    size_t comma = str_find(text, ',');
    return comma < text.n ? str_trim(str_from(text, comma + 1)) : text;
}

/* The zone behind a date of RFC 3339, as nanos to take away; false: none. */
static bool zone_of(str zone, nanos *offset)
{
    *offset = 0;
    if (str_eq(zone, STR("Z")) || str_eq(zone, STR("z")))
        return true;
    if (!fits(zone, "+HH:II") && !fits(zone, "-HH:II"))
        return false;
    int hours = part(zone, "+HH:II", 'H'), minutes = part(zone, "+HH:II", 'I');
    *offset = (nanos)(hours * 60 + minutes) * 60 * NANOS_S;
    if (zone.p[0] == '-')
        *offset = -*offset;
    return hours < 24 && minutes < 60;
}

static nanos rfc3339(str text)
{
    static const char mould[] = "YYYY-OO-DDTHH:II:SS";
    size_t n = sizeof mould - 1;
    nanos offset;
    if (text.n <= n || !fits((str){text.p, n}, mould))
        return WHEN_NONE;
    nanos at = date_in((str){text.p, n}, mould, 0);
    str rest = str_from(text, n);
    double fraction = 0;
    if (rest.p[0] == '.' && !take_number(&rest, NANOS_S, &fraction))
        return WHEN_NONE;
    if (at < 0 || !zone_of(rest, &offset) || at < offset)
        return WHEN_NONE;
    return at - offset + (nanos)fraction;
}

nanos when_date(str text)
{
    static const struct form {
        const char *mould;
        size_t month; /* where its name stands */
    } forms[] = {{"DD bbb YYYY HH:II:SS GMT", 3},
                 {"DD-bbb-yy HH:II:SS GMT", 3},
                 {"bbb bbb DD HH:II:SS YYYY", 4}};
    text = str_trim(text);
    str bare = without_weekday(text);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (fits(bare, forms[i].mould))
            return date_in(bare, forms[i].mould, forms[i].month);
    return rfc3339(text);
}
