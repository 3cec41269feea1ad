/*
** estimate.h -- about how many tokens a text is, without a vocabulary.
**
** For models whose tokenizer nobody has published, and where no rank file is
** there. The pieces are those of o200k; what a piece costs is worked out from
** its letters. The weights fit the mean of four tokenizers that differ among
** themselves, so to one of them it is off by as much as that is off the mean:
** tests/data/tokens/README.md has the figures. For a limit that must hold, use
** a bound (wire/bound.h).
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
