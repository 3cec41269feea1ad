/*
** base64.h -- bytes as text (RFC 4648, with padding).
*/
#ifndef STORE_BASE64_H
#define STORE_BASE64_H

#include "base/buf.h"

/* Append `bytes` as text. */
void base64_put(struct buf *to, str bytes);

/* Append the bytes that `text` stands for; false, with some of them there, when
** it is not exactly what base64_put would have written. */
bool base64_read(struct buf *to, str text);

#endif
