/*
** replies.h -- what the mock upstream says, made once before it listens.
**
**     head | role | " w0" | " w1" | ... | finish, usage, [DONE]
**                 ^       ^       ^                             ^
**                 mark 0  mark 1  mark 2                        last mark
**
** A paced stream is sent up to one mark further at each tick; everything else
** is sent in one go. Bytes are those of the wire: head and framing included.
*/
#ifndef BENCH_REPLIES_H
#define BENCH_REPLIES_H

#include <stddef.h>

struct reply {
    char *bytes;
    size_t len;
    size_t *marks; /* where each part ends; the last is len */
    size_t parts;
};

/* A chat.completion whose body is about `size` bytes. */
struct reply replies_whole(size_t size);

/* A stream of `events` content chunks of about 215 bytes each, every event in
** an HTTP chunk of its own as OpenAI sends it; `usage` adds the usage-only
** event that stream_options.include_usage asks for. */
struct reply replies_stream(size_t events, int usage);

/* An error with this status line ("404 Not Found") in OpenAI's shape. */
struct reply replies_error(const char *status);

#endif
