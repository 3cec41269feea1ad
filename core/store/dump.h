/*
** dump.h -- rows as lines of JSON, and back.
**
**     {"perilune":"store","layout":1}
**     {"table":"answers","key":"moon","value":"a text","expires":1790000000...}
**     {"table":"spent","key64":"AP8=","count":120}
**
** The first line says what the others are. A key or a value that is UTF-8 is
** written as it is, another one in base64 under `key64`, `value64`. `expires` is
** nanoseconds since 1970. Numbers have up to 19 digits: whoever changes a file
** with a program that makes floats of them loses some.
*/
#ifndef STORE_DUMP_H
#define STORE_DUMP_H

#include "base/buf.h"
#include "store/store.h"

/* Append the first line; and a row. Each with its newline. */
void dump_begin(struct buf *to);
void dump_row(struct buf *to, const struct row *row);

/* Is this the first line of a dump that can be read? NULL, or what is wrong. */
const char *dump_is(str line);

/* Read a line; the row's texts lie in the line or in `scratch`, which it
** clears. NULL, or what is wrong with it. */
const char *dump_read(str line, struct row *row, struct buf *scratch);

#endif
