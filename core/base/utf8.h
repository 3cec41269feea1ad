/*
** utf8.h -- is this UTF-8? (RFC 3629: no overlong forms, no surrogates.)
*/
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

/* Bytes of the character that s starts with: 1 to 4; 0 when it is not valid,
** cut, or s is empty. */
size_t utf8_len(str s);

/* Bytes at the front of s that are whole valid characters: s.n if all is. */
size_t utf8_valid(str s);

/* Write a scalar value (not a surrogate) to `to`, which holds 4 bytes; how
** many were written. */
size_t utf8_put(uint32_t c, char *to);

#endif
