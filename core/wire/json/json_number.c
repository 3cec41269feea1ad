/*
** json_number.c -- what a number's text means.
**
** A number is first brought to the form digits x 10^exponent without zeros at
** either end. Then it is easy to see whether it is an integer, and a double
** can be made from text of bounded length: no double is decided by more than
** 767 digits, and that there were more shows as one digit at the end.
*/
#include "wire/json.h"

#include <stdlib.h>

#define MAX_DIGITS   800
#define MAX_EXPONENT 1000000000

struct number {
    bool minus;
    bool more; /* digits were left out, and they are not all zero */
    int n;     /* significant digits kept; 0: the number is zero */
    int64_t exponent;
    char digit[MAX_DIGITS + 32];
};

/* The digits after 'e', with their sign, cut off at a thousand million. */
static int64_t read_exponent(str s)
{
    int64_t value = 0;
    bool minus = str_starts(s, STR("-"));
    for (size_t i = 0; i < s.n && value < MAX_EXPONENT; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9')
            value = value * 10 + (s.p[i] - '0');
    return minus ? -value : value;
}

static void read_digit(struct number *num, char c, int64_t *tail)
{
    if (c == '0') {
        *tail += num->n > 0; /* counts only if another digit follows */
    } else if (num->more || num->n + *tail >= MAX_DIGITS) {
        num->more = true;
        ++*tail;
    } else {
        memset(num->digit + num->n, '0', (size_t)*tail);
        num->n += (int)*tail;
        num->digit[num->n++] = c;
        *tail = 0;
    }
}

static void read_number(str text, struct number *num)
{
    int64_t tail = 0, fraction = 0;
    bool in_fraction = false;
    num->minus = str_starts(text, STR("-"));
    num->more = false;
    num->n = 0;
    num->exponent = 0;
    for (size_t i = num->minus; i < text.n; i++) {
        char c = text.p[i];
        if ((c | 0x20) == 'e') {
            num->exponent = read_exponent(str_from(text, i + 1));
            break;
        }
        if (c == '.') {
            in_fraction = true;
            continue;
        }
        fraction += in_fraction;
        read_digit(num, c, &tail);
    }
    num->exponent += tail - fraction;
}

bool json_integer(struct json v, int64_t *out)
{
    struct number num;
    int64_t value = 0;
    if (v.kind != JSON_NUMBER)
        return false;
    read_number(v.text, &num);
    if (num.n > 0 && (num.more || num.exponent < 0))
        return false;
    for (int64_t i = 0; num.n > 0 && i < num.n + num.exponent; i++) {
        int digit = i < num.n ? num.digit[i] - '0' : 0;
        if (value < (INT64_MIN + digit) / 10)
            return false;
        value = value * 10 - digit; /* there is one more below zero */
    }
    if (value == INT64_MIN && !num.minus)
        return false;
    *out = num.minus ? value : -value;
    return true;
}

/* Stand a 1 for the digits left out, far enough behind to decide nothing but
** which side of a tie this is. */
static void mark_more(struct number *num)
{
    int zeros = MAX_DIGITS - num->n;
    memset(num->digit + num->n, '0', (size_t)zeros);
    num->digit[MAX_DIGITS] = '1';
    num->n = MAX_DIGITS + 1;
    num->exponent -= zeros + 1;
}

double json_double(struct json v)
{
    struct number num;
    if (v.kind != JSON_NUMBER)
        return 0;
    read_number(v.text, &num);
    if (num.n == 0)
        return num.minus ? -0.0 : 0.0;
    if (num.more)
        mark_more(&num);
    struct buf text = {.p = num.digit,
                       .n = (size_t)num.n,
                       .cap = sizeof num.digit,
                       .max = sizeof num.digit};
    buf_byte(&text, 'e');
    buf_int(&text, num.exponent);
    buf_byte(&text, '\0');
    double value = strtod(num.digit, NULL);
    return num.minus ? -value : value;
}
