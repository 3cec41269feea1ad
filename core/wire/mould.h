/*
** mould.h -- the events of a stream differ in one string.
**
**     {"id":"c1","choices":[{"delta":{"content":  "..."  },"index":0}]}
**     '------------- prefix -------------------'     '---- suffix ----'
**
** Once one such event was checked and read in full, another that has the same
** bytes before and behind one well-formed string means the same: JSON with
** another string in the place of a string is JSON. Comparing bytes costs a
** tenth of reading them again.
*/
#ifndef WIRE_MOULD_H
#define WIRE_MOULD_H

#include "base/str.h"

#define MOULD_BYTES 448 /* prefix and suffix together, at most */

/* All zero: fits nothing. No ownership. */
struct mould {
    uint16_t prefix, suffix; /* bytes */
    uint16_t misses;         /* in a row; past a few nothing is cast any more */
    char bytes[MOULD_BYTES];
};

/* Cast it from `data`, which passed json_check; `string` is the string in it
** that may differ, quotes included. */
void mould_cast(struct mould *m, str data, str string);

/* Is `data` the mould with a well-formed string in it? Then *string is that
** string, quotes included. */
bool mould_fits(struct mould *m, str data, str *string);

#endif
