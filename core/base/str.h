/*
** str.h -- borrowed text: a pointer and a length.
**
** A `str` never owns its bytes and is never kept longer than they live. It
** may hold any byte, zero included, and has no terminator. The absent text
** has p == NULL; the empty one has p != NULL and n == 0.
*/
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *p;
    size_t n;
} str;

/* A literal as a str: STR("abc"). */
#define STR(s)   ((str){"" s, sizeof(s) - 1})
#define STR_NONE ((str){NULL, 0})

/* For printf: "%.*s", STR_ARG(s). */
#define STR_ARG(s) (int)(s).n, (s).p

/* A zero-terminated text; NULL is the absent one. */
static inline str str_of(const char *z)
{
    return (str){z, z != NULL ? strlen(z) : 0};
}

/* The same bytes? */
static inline bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Does it begin with these bytes? */
static inline bool str_starts(str s, str with)
{
    return s.n >= with.n && (with.n == 0 || memcmp(s.p, with.p, with.n) == 0);
}

/* The rest from `at` on, which must lie within. */
static inline str str_from(str s, size_t at)
{
    return (str){s.p + at, s.n - at};
}

/* Equal, ASCII letters of either case being the same. */
bool str_eq_nocase(str a, str b);

/* Without spaces and tabs at either end. */
str str_trim(str s);

/* Where `c` first stands in s, or s.n. */
size_t str_find(str s, char c);

/* The text up to the first `sep`; what follows it stays in *rest. At the end
** *rest is STR_NONE. Use: while (rest.p) { str part = str_split(&rest, ','); } */
str str_split(str *rest, char sep);

/* A whole number in decimal digits only, at most `max`; -1 for anything else. */
int64_t str_number(str s, int64_t max);

/* Write n bytes as 2n lower-case hexadecimal digits; no zero byte. */
void str_hex(char *to, const void *bytes, size_t n);

/* Is it a word, as programs use them for names: letters, digits and _ and no
** digit in front, at most 40? */
bool str_is_word(str s);

/* 64 bits that differ when the text differs (FNV-1a; not cryptographic). */
uint64_t str_hash(str s);

#endif
