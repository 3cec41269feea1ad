/*
** zone.c -- the changes that are listed, then the rule for those that are not.
**
** The first block of a file is for programs of the last century and is skipped.
** All that is read is checked first, so that asking checks nothing.
*/
#include "meter/period/zone.h"

#include "base/utc.h"

#define HEAD  44
#define DAY   86400
#define COUNT 6

/* --- the file -------------------------------------------------------------- */

static int64_t number(const char *p, int bytes)
{
    const unsigned char *u = (const unsigned char *)p;
    uint64_t n = u[0] >= 128 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        n = n << 8 | u[i];
    return (int64_t)n;
}

/* The counts of a block: of UTs, standards, leaps, times, kinds and letters. */
static bool counts_of(str block, int64_t counts[COUNT])
{
    if (block.n < HEAD || !str_starts(block, STR("TZif")) || block.p[4] < '2')
        return false;
    for (int i = 0; i < COUNT; i++) {
        counts[i] = number(block.p + 20 + 4 * i, 4);
        if (counts[i] < 0 || counts[i] > 100000)
            return false;
    }
    return true;
}

/* Bytes of a block behind its head. */
static size_t size_of(const int64_t counts[COUNT], int time)
{
    return (size_t)(counts[0] + counts[1] + counts[2] * (time + 4) +
                    counts[3] * (time + 1) + counts[4] * 6 + counts[5]);
}

static str cut(str *rest, int64_t n)
{
    str piece = {rest->p, (size_t)n};
    *rest = str_from(*rest, (size_t)n);
    return piece;
}

static bool lists_ok(const struct zone *z)
{
    size_t kinds = z->offsets.n / 6, n = z->kinds.n;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)z->kinds.p[i] >= kinds ||
            (i > 0 && number(z->times.p + 8 * i, 8) <=
                          number(z->times.p + 8 * (i - 1), 8)))
            return false;
    for (size_t i = 0; i < kinds; i++) {
        int64_t offset = number(z->offsets.p + 6 * i, 4);
        if (offset < -26 * 3600 || offset > 26 * 3600)
            return false;
    }
    return kinds > 0;
}

/* --- the rule at its end --------------------------------------------------- */

static bool digit(str s)
{
    return s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';
}

static bool eat(str *s, char c)
{
    bool is = s->n > 0 && s->p[0] == c;
    *s = str_from(*s, is);
    return is;
}

/* A whole number up to 999. */
static bool whole(str *s, int *to)
{
    int n = 0;
    if (!digit(*s))
        return false;
    for (; digit(*s) && n < 1000; *s = str_from(*s, 1))
        n = n * 10 + (s->p[0] - '0');
    *to = n;
    return n < 1000;
}

/* [+-]h[:m[:s]] in seconds. */
static bool clock_time(str *s, int *to)
{
    int sign = eat(s, '-') ? -1 : 1, h = 0, m = 0, sec = 0;
    if (sign == 1)
        eat(s, '+');
    bool ok =
        whole(s, &h) &&
        (!eat(s, ':') || (whole(s, &m) && (!eat(s, ':') || whole(s, &sec))));
    *to = sign * (h * 3600 + m * 60 + sec);
    return ok && h <= 167 && m < 60 && sec < 60;
}

/* CET, or <+03>. */
static bool name(str *s)
{
    bool quoted = eat(s, '<');
    size_t n = 0;
    while (n < s->n &&
           (quoted ? s->p[n] != '>'
                   : (s->p[n] | 32) >= 'a' && (s->p[n] | 32) <= 'z'))
        n++;
    *s = str_from(*s, n);
    return n > 0 && (!quoted || eat(s, '>'));
}

/* Offsets are written the other way round: west is more. */
static bool offset(str *s, int *east)
{
    bool ok = clock_time(s, east) && *east >= -26 * 3600 && *east <= 26 * 3600;
    *east = -*east;
    return ok;
}

static bool month_day(str *s, struct zone_day *d)
{
    return whole(s, &d->month) && eat(s, '.') && whole(s, &d->week) &&
           eat(s, '.') && whole(s, &d->day) && d->month >= 1 &&
           d->month <= 12 && d->week >= 1 && d->week <= 5 && d->day <= 6;
}

static bool change_day(str *s, struct zone_day *d)
{
    bool ok;
    *d = (struct zone_day){.kind = '0', .time = 2 * 3600};
    if (eat(s, 'M')) {
        d->kind = 'M';
        ok = month_day(s, d);
    } else {
        d->kind = eat(s, 'J') ? 'J' : '0';
        ok = whole(s, &d->day) && d->day <= 365 &&
             (d->kind == '0' || d->day >= 1);
    }
    return ok && (!eat(s, '/') || clock_time(s, &d->time));
}

/* "CET-1CEST,M3.5.0,M10.5.0/3" */
static bool read_rule(struct zone *z, str s)
{
    z->rule = s.n > 0;
    if (!z->rule)
        return true;
    if (!name(&s) || !offset(&s, &z->standard))
        return false;
    z->summer = s.n > 0;
    if (!z->summer)
        return true;
    z->daylight = z->standard + 3600;
    return name(&s) &&
           (s.n == 0 || s.p[0] == ',' || offset(&s, &z->daylight)) &&
           eat(&s, ',') && change_day(&s, &z->from) && eat(&s, ',') &&
           change_day(&s, &z->to) && s.n == 0;
}

bool zone_read(struct zone *z, str bytes)
{
    int64_t n[COUNT];
    *z = (struct zone){.rule = false};
    if (!counts_of(bytes, n) || bytes.n - HEAD < size_of(n, 4))
        return false;
    str rest = str_from(bytes, HEAD + size_of(n, 4));
    if (!counts_of(rest, n) || rest.n - HEAD < size_of(n, 8) + 2)
        return false;
    str foot = str_from(rest, HEAD + size_of(n, 8));
    rest = str_from(rest, HEAD);
    z->times = cut(&rest, n[3] * 8);
    z->kinds = cut(&rest, n[3]);
    z->offsets = cut(&rest, n[4] * 6);
    if (!lists_ok(z) || foot.p[0] != '\n' || foot.p[foot.n - 1] != '\n')
        return false;
    return read_rule(z, (str){foot.p + 1, foot.n - 2});
}

/* --- asking ---------------------------------------------------------------- */

static int64_t first_of(int year, int month)
{
    struct utc u = {.year = year, .month = month, .day = 1};
    return utc_seconds(&u) / DAY;
}

/* The day of a year on which clocks change, in days since 1970. */
static int64_t day_in(const struct zone_day *d, int year)
{
    int64_t first = first_of(year, 1);
    if (d->kind == '0')
        return first + d->day;
    if (d->kind == 'J') /* the first of March is day 60 of any year */
        return d->day < 60 ? first + d->day - 1
                           : first_of(year, 3) + d->day - 60;
    first = first_of(year, d->month);
    int64_t next = d->month < 12 ? first_of(year, d->month + 1) : first + 31;
    int64_t day = first + (d->day - (first + 4) % 7 + 7) % 7; /* a Thursday */
    day += 7 * (d->week - 1);
    return day < next ? day : day - 7;
}

static int by_rule(const struct zone *z, int64_t at)
{
    if (!z->summer)
        return z->standard;
    at = at < DAY ? DAY : at; /* no year before 1970 */
    int year = utc_of(at + z->standard > 0 ? at + z->standard : 0).year;
    int64_t from = day_in(&z->from, year) * DAY + z->from.time - z->standard;
    int64_t to = day_in(&z->to, year) * DAY + z->to.time - z->daylight;
    bool summer = from < to ? at >= from && at < to : at >= from || at < to;
    return summer ? z->daylight : z->standard;
}

int zone_offset(const void *zone, int64_t at)
{
    const struct zone *z = zone;
    size_t low = 0, high = z->kinds.n; /* the first change behind `at` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number(z->times.p + 8 * middle, 8) <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->kinds.n && z->rule)
        return by_rule(z, at);
    size_t kind = low > 0 ? (unsigned char)z->kinds.p[low - 1] : 0;
    return (int)number(z->offsets.p + 6 * kind, 4);
}

bool zone_named(str name)
{
    bool ok = name.n > 0 && name.n < 64;
    for (size_t i = 0; ok && i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        ok = letter || (i > 0 && ((c >= '0' && c <= '9') || c == '_' ||
                                  c == '+' || c == '-' || c == '/'));
    }
    return ok;
}
