/*
** spoken.h -- how much of an answer went by, in numbers that tokens lie between.
**
**     words  <=  tokens  <=  bytes
**
** A token is a byte at least, so bytes are a bound from above: that is what an
** answer whose usage was never told is charged. No vocabulary has a token that
** reaches over white space into the next word, so words are one from below: a
** stream that is past its limit in words is past it for certain.
*/
#ifndef WIRE_SPOKEN_H
#define WIRE_SPOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define SPOKEN_LONGEST 128 /* bytes: no token of any vocabulary is longer */

/* All zero: nothing was said, and any number of words may be. */
struct spoken {
    int64_t bytes;  /* as they stand in JSON, which is no less than they are */
    int64_t words;  /* counted only where there is a `most` */
    int64_t most;   /* words that may be said; 0: any number */
    uint8_t inside; /* bytes of the word that the last one was in; 0: none */
    uint8_t code;   /* bytes of code that are no word yet */
};

/* Count the words of what stands between the quotes of a JSON string. */
void spoken_words(struct spoken *s, str inside);

/* Add a JSON string, quotes included, that passed json_check: what was said. */
static inline void spoken_add(struct spoken *s, str string)
{
    s->bytes += (int64_t)string.n - 2;
    if (s->most > 0)
        spoken_words(s, (str){string.p + 1, string.n - 2});
}

/* Add JSON that was said but is no plain text, such as the arguments of a tool:
** it counts as bytes, and as a word for each length of the longest token. */
void spoken_add_code(struct spoken *s, str json);

/* Add what may not be text at all, or not the model's: it counts as bytes. */
void spoken_add_data(struct spoken *s, str json);

/* Is it past its most, for certain? */
static inline bool spoken_over(const struct spoken *s)
{
    return s->most > 0 && s->words > s->most;
}

#endif
