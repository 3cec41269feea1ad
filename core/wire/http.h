/*
** http.h -- the head of an HTTP/1.1 request, and the framing of its body.
**
** Strict (RFC 9112), because a gateway that reads a message differently from
** its neighbours lets requests be smuggled. Parsed in place: everything found
** points into the bytes given. No allocation.
*/
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include "base/buf.h"
#include "base/str.h"

#define HTTP_MAX_FIELDS 128
#define HTTP_MAX_HEAD   (32 * 1024) /* bytes of the whole head */
#define HTTP_MAX_TARGET (8 * 1024)  /* bytes of the request target */

struct http_field {
    str name, value;
};

struct http_head {
    str method;
    str target; /* as it came */
    str path;   /* before '?'; always starts with '/' (or is "*") */
    str query;  /* after '?', or absent */
    int minor;  /* 1 for HTTP/1.1, 0 for HTTP/1.0 */
    struct http_field fields[HTTP_MAX_FIELDS];
    int fields_n;
    int64_t length;  /* Content-Length; -1 when there is none */
    bool chunked;    /* Transfer-Encoding: chunked */
    bool keep_alive; /* the connection may carry another request */
    bool expect;     /* it waits for a 100 before sending its body */
};

/* Parse the head at the start of `in`. Returns its length in bytes (blank
** line included), 0 when more bytes are needed, or minus the status to refuse
** with: 400, 405, 414, 417, 431, 501, 505. A refused connection must be closed. */
int http_parse(struct http_head *head, str in);

/* The value of a field by name (any case); absent when there is none, the
** first when there are several. */
str http_field(const struct http_head *head, str name);

#define HTTP_MAX_LINE 512 /* bytes of a chunk's size line, or of a trailer */

/* One body, coming in pieces. */
struct http_body {
    int64_t seen;  /* body bytes delivered so far */
    int64_t left;  /* bytes announced and not seen: of the body, or the chunk */
    int state;     /* private, as is the rest */
    int line_n;    /* bytes held in `line` */
    int64_t spent; /* bytes of extensions, then of trailers; both are bounded */
    char line[HTTP_MAX_LINE]; /* a line whose end has not come */
};

/* Begin the body that this head announces; or one that is chunked. */
void http_body_init(struct http_body *b, const struct http_head *head);
void http_body_chunked(struct http_body *b);

/* Take what belongs to the body from the front of `in`: how many bytes were
** consumed. Payload found is appended to `out`, whose max is the body limit
** (a failed `out` means the body is too large). Negative: minus the status to
** refuse with (400). Stops at the end of the body. */
int64_t http_body_feed(struct http_body *b, str in, struct buf *out);

/* The whole body was taken. */
bool http_body_done(const struct http_body *b);

/* "OK" for 200, and so on; never NULL. */
const char *http_reason(int status);

/* May this stand in a header value that we send: no byte below 0x20 but tab,
** no 0x7f. And as a name: a token of RFC 9110. */
bool http_value_ok(str value);
bool http_name_ok(str name);

#endif
