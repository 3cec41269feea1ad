/*
** window.h -- what a provider says of the limit that a request went past.
**
** There is no field for it: each says it in a sentence of its own, in numbers.
*/
#ifndef WIRE_WINDOW_H
#define WIRE_WINDOW_H

#include "base/str.h"

/* Tokens; 0: not said. */
struct window {
    int64_t limit; /* how many there may be */
    int64_t asked; /* how many there were, if that was more */
};

/* Read it off an error's message. */
struct window window_told(str message);

/* To how many tokens a request should shrink, that we estimate at `now`: by as
** much as was said, else by a quarter. Always fewer than now. */
int64_t window_aim(struct window w, int64_t now);

#endif
