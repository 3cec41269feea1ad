/*
** slow_amount.h -- an amount by the letter of meter/amount.h: an expression says
** what one is, and its number is moved digit by digit.
*/
#ifndef TESTS_FUZZ_SLOW_AMOUNT_H
#define TESTS_FUZZ_SLOW_AMOUNT_H

#include <regex.h>

#include "fuzz.h"
#include "meter/amount.h"

#define SLOW_BLANKS "[ \t\n\v\f\r]*"
#define SLOW_DIGITS 30 /* more of them are none */

static const char slow_form[] =
    "^" SLOW_BLANKS "([0-9]+)(\\.([0-9]*))?" SLOW_BLANKS
    "(([kKMG])[ \t\n\v\f\r]+)?(requests?|tokens?|usd)" SLOW_BLANKS
    "/" SLOW_BLANKS
    "(s|sec|second|m|min|minute|h|hour|d|day|week|month|request)" SLOW_BLANKS
    "$";

/* Digits with the point moved to the right by so many places: a whole number,
** 2^63 - 1 where it is more. *whole: nothing was cut off. */
static inline int64_t slow_moved(const char *digits, int by, bool *whole)
{
    char all[SLOW_DIGITS + 64];
    size_t n = (size_t)snprintf(all, sizeof all, "%s", digits);
    for (; by > 0; by--)
        all[n++] = '0';
    *whole = true;
    for (; by < 0 && n > 0; by++)
        *whole = all[--n] == '0' && *whole;
    all[n] = '\0';
    const char *first = all + strspn(all, "0");
    size_t left = strlen(first);
    if (left > 19 || (left == 19 && strcmp(first, "9223372036854775807") > 0)) {
        *whole = false;
        return INT64_MAX;
    }
    return left > 0 ? (int64_t)strtoll(first, NULL, 10) : 0;
}

/* One that is read must mean this. */
static inline void slow_amount_means(const regmatch_t *m, const char *text,
                                     const struct amount *a)
{
    static const char marks[] = "kMG";
    char digits[SLOW_DIGITS + 2];
    int parts = m[3].rm_so >= 0 ? (int)(m[3].rm_eo - m[3].rm_so) : 0;
    int zeros = 0;
    bool whole, exact;
    snprintf(digits, sizeof digits, "%.*s%.*s", (int)(m[1].rm_eo - m[1].rm_so),
             text + m[1].rm_so, parts, parts > 0 ? text + m[3].rm_so : "");
    if (m[5].rm_so >= 0) {
        char mark = text[m[5].rm_so];
        zeros = 3 * (int)(strchr(marks, mark == 'K' ? 'k' : mark) - marks + 1);
    }
    MUST(a->n == slow_moved(digits, zeros - parts, &whole));
    MUST(a->whole == whole);
    MUST(a->nano == slow_moved(digits, zeros - parts + 9, &exact));
    MUST(a->each_request == (text[m[7].rm_so] == 'r'));
    MUST(str_starts(str_of(text + m[6].rm_so),
                    (str){amount_unit_name(a->unit), 3}));
}

/* It is read just when it is one, and means what it says. */
static inline void slow_amount(str in)
{
    static regex_t form;
    static bool ready;
    regmatch_t m[8];
    struct amount a, limit;
    char text[256];
    if (!ready)
        MUST(regcomp(&form, slow_form, REG_EXTENDED) == 0);
    ready = true;
    bool reads = amount_read(in, &a);
    bool limits = amount_read_limit(in, &limit);
    MUST(!reads || limits == !a.each_request);
    if (in.n >= sizeof text)
        return;
    memcpy(text, in.p, in.n);
    text[in.n] = '\0';
    bool is = strlen(text) == in.n && regexec(&form, text, 8, m, 0) == 0;
    if (is && m[1].rm_eo - m[1].rm_so +
                      (m[3].rm_so >= 0 ? m[3].rm_eo - m[3].rm_so : 0) >
                  SLOW_DIGITS)
        is = false;
    MUST(reads == is);
    if (is)
        slow_amount_means(m, text, &a);
}

#endif
