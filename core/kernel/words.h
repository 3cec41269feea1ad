/*
** words.h -- what a text speaks of: the set of its words.
**
**     "How do I reset my e-mail passwords?"  ->  { email, password, reset }
**
** Words are runs of letters and digits, in lower case, without the plural of
** English; "don't" and "e-mail" are one each. Words that say nothing (articles,
** pronouns, "how", "please") are left out. Scripts without spaces (Chinese,
** Japanese) come as pairs of characters. A word is a number, the same for the
** same word; nothing is allocated.
*/
#ifndef KERNEL_WORDS_H
#define KERNEL_WORDS_H

#include "base/str.h"

#define WORDS_MOST 64 /* of a set */

struct words {
    uint64_t at[WORDS_MOST]; /* ascending, each once */
    int n;
    bool crowded; /* there were more; the rest is left out */
    bool negated; /* it says not, never, without, ... */
};

/* The words of a text. */
void words_of(struct words *w, str text);

/* Is it a number, or a name with a digit in it? */
static inline bool word_is_number(uint64_t word)
{
    return word & 1;
}

#endif
