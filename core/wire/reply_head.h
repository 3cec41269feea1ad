/*
** reply_head.h -- header lines, one by one, into the head of a reply.
**
**     HTTP/1.1 100 Continue     dropped, but only so many of them
**     (blank)
**     HTTP/1.1 200 OK           the final status
**     name: value ...           kept, up to a limit
**     (blank)                   whole
**
** Strict where many clients are lenient: lines end in CR LF and are not folded,
** names are tokens, values hold no control bytes, the body's end is said once
** and in one way, and the section is bounded.
*/
#ifndef WIRE_REPLY_HEAD_H
#define WIRE_REPLY_HEAD_H

#include "base/buf.h"
#include "wire/http.h"

#define REPLY_HEAD_FIELDS  200         /* fields of a reply */
#define REPLY_HEAD_BYTES   (64 * 1024) /* bytes of its header section */
#define REPLY_HEAD_INTERIM 16          /* 1xx heads before the final one */

struct reply_head {
    struct buf lines; /* of the final head, without its status line */
    int lines_n;
    int status;     /* 0 before a status line */
    int interim;    /* 1xx heads seen */
    bool http2;     /* was asked for, and may be what comes */
    bool inside;    /* a head has begun and not ended */
    bool http10;    /* the server speaks no newer one */
    bool framed;    /* it was said where the body ends */
    bool chunked;   /* and that is by chunks, */
    int64_t length; /* or by this number of bytes; else -1 */
    bool close;     /* nothing follows on this connection */
};

enum reply_head_step {
    REPLY_HEAD_MORE,     /* more lines must come */
    REPLY_HEAD_WHOLE,    /* that was the blank line of the final head */
    REPLY_HEAD_LIMIT,    /* too many fields or bytes */
    REPLY_HEAD_PROTOCOL, /* not a head we accept, or too many 1xx */
    REPLY_HEAD_MEMORY
};

/* An empty head; and the end of its memory. */
void reply_head_init(struct reply_head *h);
void reply_head_fini(struct reply_head *h);

/* Take one line, its CR LF included. */
enum reply_head_step reply_head_line(struct reply_head *h, str line);

/* Can this beginning of a line still become the next one? */
bool reply_head_hopeful(const struct reply_head *h, str beginning);

/* The fields of a whole head, pointing into it: how many. `fields` has room
** for REPLY_HEAD_FIELDS. */
int reply_head_fields(const struct reply_head *h, struct http_field *fields);

#endif
