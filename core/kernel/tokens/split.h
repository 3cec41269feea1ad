/*
** split.h -- a text as pieces, none of which a token reaches across.
**
**     "It's 2024!"   cl100k   It | 's |   | 202 | 4 | !
**                    o200k    It's |   | 202 | 4 | !
**
** What OpenAI publishes as regular expressions, one for each encoding, is
** written out here by hand. A piece depends on what follows it in the text and
** never on what precedes it. No character is looked at more than a few times,
** whatever the text.
*/
#ifndef KERNEL_TOKENS_SPLIT_H
#define KERNEL_TOKENS_SPLIT_H

#include "base/str.h"

enum split { SPLIT_CL100K, SPLIT_O200K };

/* Bytes of the first piece of a text that is not empty. */
size_t split_first(enum split how, str text);

#endif
