/*
** body.h -- the request that load sends, made once: bytes for the wire.
*/
#ifndef BENCH_BODY_H
#define BENCH_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct body {
    const char *file; /* send this file's bytes; NULL: make a chat request */
    size_t size;      /* bytes of a made one */
    bool stream;      /* a made one asks for a stream */
    bool usage;       /* and for its usage event */
    long pace_ms;     /* the mock is to wait this long between events */
    const char *path; /* of the request line */
    const char *more; /* a file of further header lines, or NULL */
};

/* Head and body; the caller keeps them. */
char *body_request(const struct body *body, size_t *len);

#endif
