/*
** seal.h -- how a row lies on the disk.
**
**     value:   seal 4 | kind 1 | 0 0 0 | expires 8 | the value, or a count 8
**     expiry:  expires 8, high byte first | table | 0 | key      -> nothing
**
** The seal is a checksum over the key and all behind the seal: a page that a
** loss of power has mixed up, or a bit that fell over, is noticed when the row
** is read, and not believed. It keeps nobody out. The second form is a row of
** the index by expiry, where the first row is the next to go.
*/
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "store/store.h"

#define SEAL_HEAD   16
#define SEAL_EXPIRY (8 + STORE_MOST_NAME + 1 + STORE_MOST_KEY)

enum seal_kind { SEAL_VALUE = 1, SEAL_COUNT = 2 };

/* Write the head of a row at `to`, in front of its bytes, which are in place:
** `whole` is all of it. The row has its key and expires. */
void seal_close(char *to, size_t whole, enum seal_kind kind,
                const struct row *row);

/* Read a row; row->key is set. False when it is not what was written. */
bool seal_open(str bytes, struct row *row);

/* A row of the index by expiry, into `to`: its length. And read one. */
size_t seal_expiry(char to[SEAL_EXPIRY], const struct row *row);
bool seal_read_expiry(str bytes, struct row *row);

#endif
