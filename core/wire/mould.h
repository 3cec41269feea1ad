/*
** mould.h -- the events of a stream differ in one string.
**
**     {"id":"c1","choices":[{"delta":{"content":  "..."  },"index":0}]}
**     '------------- prefix -------------------'     '---- suffix ----'
**
** Once one such event was checked and read in full, another that has the same
** bytes before and behind one well-formed string means the same: JSON with
** another string in the place of a string is JSON. The mould is of the whole
** event, its field name and its blank line too, so an event that fits needs no
** parsing at all: comparing it tells where it ends.
*/
#ifndef WIRE_MOULD_H
#define WIRE_MOULD_H

#include "base/str.h"
#include "wire/spoken.h"

#define MOULD_BYTES 456 /* prefix and suffix together, at most */

/* All zero: fits nothing. No ownership. */
struct mould {
    uint16_t prefix, suffix; /* bytes */
    uint16_t misses;         /* since one fitted; past a few none is cast */
    char bytes[MOULD_BYTES];
};

/* Cast it from the bytes of an event with one line of data, which passed
** json_check; `string` is the string in it that may differ, quotes included. */
void mould_cast(struct mould *m, str event, str string);

/* How many bytes at the front of `events` are events of the mould. Their strings
** are what was said; where that is over its most, nothing behind it passes. */
size_t mould_pass(struct mould *m, str events, struct spoken *said);

#endif
