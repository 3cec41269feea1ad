/*
** curl_head.h -- header lines, one by one, into a reply's head.
**
**     HTTP/1.1 100 Continue     dropped, but only so many of them
**     (blank)
**     HTTP/1.1 200 OK           the final status
**     name: value ...           kept, up to a limit
**     (blank)                   whole
**
** Strict where libcurl is lenient: lines end in CR LF and are not folded, names
** are tokens, values hold no control bytes, the body's end is said once and in
** one way, and the section is bounded.
*/
#ifndef NET_CURL_HEAD_H
#define NET_CURL_HEAD_H

#include "base/buf.h"
#include "net/transport.h"

#define CURL_HEAD_FIELDS  200         /* fields of a reply */
#define CURL_HEAD_BYTES   (64 * 1024) /* bytes of its header section */
#define CURL_HEAD_INTERIM 16          /* 1xx heads before the final one */

struct curl_head {
    struct buf lines; /* of the final head, without its status line */
    int lines_n;
    int status;   /* 0 before a status line */
    int interim;  /* 1xx heads seen */
    bool http2;   /* was asked for, and may be what comes */
    bool inside;  /* a head has begun and not ended */
    bool http10;  /* the server speaks no newer one */
    bool framed;  /* it was said where the body ends */
    bool chunked; /* and that is by chunks */
};

enum curl_head_step {
    CURL_HEAD_MORE,     /* more lines must come */
    CURL_HEAD_WHOLE,    /* that was the blank line of the final head */
    CURL_HEAD_LIMIT,    /* too many fields or bytes */
    CURL_HEAD_PROTOCOL, /* not a head we accept, or too many 1xx */
    CURL_HEAD_MEMORY
};

/* An empty head; and the end of its memory. */
void curl_head_init(struct curl_head *h);
void curl_head_fini(struct curl_head *h);

/* Take one line, its CR LF included. */
enum curl_head_step curl_head_line(struct curl_head *h, str line);

/* The fields of a whole head, pointing into it: how many. `fields` has room
** for CURL_HEAD_FIELDS. */
int curl_head_fields(const struct curl_head *h, struct http_field *fields);

#endif
