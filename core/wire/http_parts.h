/*
** http_parts.h -- what the files behind http.h share. Private to them.
**
**     http.c         lines and limits, one pass over the head
**     http_target.c  the request target and Host: which URI is meant
**     http_frame.c   what the fields say about the body and the connection
**     http_body.c    the body itself
*/
#ifndef WIRE_HTTP_PARTS_H
#define WIRE_HTTP_PARTS_H

#include "wire/http.h"

/* Sets of bytes: is c in one of `sets`? */
enum {
    HTTP_TOKEN = 1, /* tchar, RFC 9110 5.6.2 */
    HTTP_VALUE = 2, /* field values: tab, visible, space, 0x80 and up */
    HTTP_PCHAR = 4, /* path and query but for '%', RFC 3986 3.3 and 3.4 */
    HTTP_NAME =
        8, /* unreserved, RFC 3986 2.3: what names of hosts are made of */
    HTTP_HEX = 16
};
bool http_char(char c, unsigned sets);

/* The text is made of `sets` and, if `escapes`, of %XX. May be empty. */
bool http_made_of(str s, unsigned sets, bool escapes);

/* Split a field line (without its CR LF). False if it is not one. */
bool http_field_line(str line, struct http_field *field);

/* Fill path and query from method and target: 0, 400, or 405 for CONNECT. */
int http_target(struct http_head *head);

/* A Host value, or the authority of an absolute target. */
bool http_host_ok(str host);

/* Read framing and connection options off the fields: 0 or minus a status. */
int http_frame(struct http_head *head);

#endif
