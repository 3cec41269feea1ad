/*
** via.h -- where a request has been: the gateways that a Via field names.
**
**     Via: 1.0 squid, 1.1 perilune-0123456789abcdef
**                         '------ a mark -------'
**
** Every request to an upstream carries the mark of the gateway it comes from
** (RFC 9110 7.6.3). One that arrives with our own mark has been here before:
** some provider's address leads back to us. Members of other make are passed
** over, so a client's own proxies stay unknown to providers.
*/
#ifndef NET_VIA_H
#define NET_VIA_H

#include "base/buf.h"

#define VIA_MARK_LEN 25 /* "perilune-" and sixteen hex digits */

/* Write the mark that these bits make; `to` ends in a zero byte. */
void via_mark(uint64_t bits, char to[VIA_MARK_LEN + 1]);

/* The next mark of a Via field's value, which is cut off the front of *rest;
** absent when there is none. Start with *rest = the value. */
str via_next(str *rest);

/* Append "1.1 MARK", with a comma in front unless `out` is empty. */
void via_put(struct buf *out, str mark);

#endif
