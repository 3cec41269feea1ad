/*
** http_grammar.h -- requests that are nearly right.
**
** Random bytes are refused in their first line; what tells parsers apart is a
** good request with one thing odd about it. So inputs are also changed by
** whole lines: a field put in, doubled, moved or taken out, a body cut into
** chunks, another request behind it.
*/
#ifndef TESTS_FUZZ_HTTP_GRAMMAR_H
#define TESTS_FUZZ_HTTP_GRAMMAR_H

#include <stddef.h>
#include <stdint.h>

/* Change the n bytes at `data` in place, to at most `max`; by `bytes` (which
** is libFuzzer's own mutator) or by the grammar. How many they are now. */
size_t http_mutate(uint8_t *data, size_t n, size_t max, unsigned seed,
                   size_t (*bytes)(uint8_t *, size_t, size_t));

#endif
