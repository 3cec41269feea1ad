/*
** letters.h -- letters of three bytes, which merging may begin with.
**
** A letter of Chinese, Japanese or Korean is three bytes, and mostly a token.
** Where nothing comes between the two merges that make it, it is made at once,
** so that there is a third of the parts left to be merged.
**
**     .. 9c 88 | e7 90 83        an edge: what a letter begins behind
**           88 | e7 90 ..        a token that tears it
**
** Right it is where no token that reaches over an edge of the letter, with some
** of it or with all, has a lower rank than the merges that make it. Then these
** are done before any that reaches over its edges. What is merged outside in
** the meantime has a lower rank than they and so than all that reach over, and
** comes before those too when the letter is there from the beginning.
**
** An edge is known by the byte before it and the one behind, and torn when there
** is a token, for whatever letters, with which it might be otherwise. That is
** looked up when the vocabulary is read: of 4,096 edges 126 are torn in
** o200k_base and 67 in cl100k_base.
*/
#ifndef KERNEL_TOKENS_LETTERS_H
#define KERNEL_TOKENS_LETTERS_H

#include "kernel/tokens/ranks.h"

#define LETTER 3 /* bytes */

/* Find the torn edges of a vocabulary that has been read otherwise. */
void letters_learn(struct ranks *r);

/* As letters_whole, where a byte is that letters begin with. */
bool letters_made(const struct ranks *r, str text, size_t at);

/* May the letter that begins there be made at once? No, too, where there is
** none, and before what is neither a letter nor the end of the text. */
static inline bool letters_whole(const struct ranks *r, str text, size_t at)
{
    return (text.p[at] & 0xf0) == 0xe0 && letters_made(r, text, at);
}

#endif
