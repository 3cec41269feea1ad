/*
** http_oracle.h -- what other parsers read in the same bytes.
**
** A stream of requests becomes a list of messages. Each is written down in
** one form, so that two readings are compared as text:
**
**     POST /v1/x
**     Host:a
**     Content-Length:2
**
**     {}                      (the body, decoded)
**
** http_llhttp.c and http_joyent.c ask the parsers of Debian's node-llhttp and
** libhttp-parser-dev; fuzz_http.c asks ours. Their headers clash, so each has
** a file of its own.
*/
#ifndef TESTS_FUZZ_HTTP_ORACLE_H
#define TESTS_FUZZ_HTTP_ORACLE_H

#include "base/buf.h"

#define HTTP_MESSAGES 16 /* looked at in one stream */

struct http_message {
    struct buf text; /* the form above, as far as it came */
    size_t end;      /* the offset behind it, once complete */
    bool complete;
};

struct http_stream {
    struct http_message at[HTTP_MESSAGES];
    int n;           /* messages begun */
    bool refused;    /* the last one was */
    const char *why; /* it was: the parser's own word */
    bool value_open; /* for those who fill it: a field's value is coming */
    size_t value_from;
};

/* An empty list, whose texts have room for a stream of n bytes; and its end. */
void http_stream_init(struct http_stream *s, size_t n);
void http_stream_fini(struct http_stream *s);

/* The message that is being read. */
struct http_message *http_stream_last(struct http_stream *s);

/* For parsers that report pieces: a message begins; its request line; bytes of
** a field's name and value; its head is whole; it ends at offset `end`. */
void http_stream_begin(struct http_stream *s);
void http_stream_line(struct http_stream *s, str method, str target);
void http_stream_name(struct http_stream *s, str piece);
void http_stream_value(struct http_stream *s, str piece);
void http_stream_headed(struct http_stream *s);
void http_stream_end(struct http_stream *s, size_t end);

/* How each of them reads `in`, into an empty list. */
void http_llhttp(str in, struct http_stream *s);
void http_joyent(str in, struct http_stream *s);

#endif
