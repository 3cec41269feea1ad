/*
** estimate.h -- about how many tokens a text is, without a tokenizer.
**
** For what needs no exact number: how much of a conversation to leave out, say.
** It errs on the side of too many. By character, in tokens:
**
**     letters and spaces of ASCII                 1/4
**     digits and punctuation of ASCII             1/2
**     Greek, Cyrillic, Arabic, accents (2 bytes)  1/2
**     Chinese, Japanese, Korean, ... (3 bytes)    1
**     emoji (4 bytes)                             2
**
** English prose comes out a tenth to a fifth too high, source text about right.
*/
#ifndef KERNEL_ESTIMATE_H
#define KERNEL_ESTIMATE_H

#include "base/str.h"

/* What a message costs beside its text, and a request beside its messages. */
#define ESTIMATE_MESSAGE 4
#define ESTIMATE_REQUEST 3

/* A picture, a sound, a file: whatever is in a message and is no text. */
#define ESTIMATE_PART 1000

/* Tokens of a text, rounded up. */
int64_t estimate_tokens(str text);

#endif
