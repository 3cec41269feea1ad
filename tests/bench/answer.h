/*
** answer.h -- reads one HTTP/1.1 reply as it arrives and says whether it is
** whole.
**
** A reply must frame itself (Content-Length or chunked): one that ends by
** closing could have been cut short unnoticed, and counts as broken.
*/
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum answer_state {
    ANSWER_HEAD,
    ANSWER_BODY,       /* by Content-Length */
    ANSWER_CHUNK_SIZE, /* a chunk's first line */
    ANSWER_CHUNK_DATA,
    ANSWER_CHUNK_END, /* the line end after its data */
    ANSWER_TRAILER,   /* lines after the last chunk, up to an empty one */
    ANSWER_WHOLE,
    ANSWER_BROKEN,
};

struct answer {
    enum answer_state state;
    int status;
    bool closes;   /* the server said it will close */
    int64_t left;  /* of the body or of the chunk */
    size_t line;   /* bytes on the present line, line end apart */
    bool sized;    /* the chunk's size is read; the line may have more */
    int64_t body;  /* body bytes so far, framing apart */
    char tail[16]; /* the body's last bytes */
    size_t head_len;
    char head[4096];
};

/* Ready for the next reply. */
void answer_begin(struct answer *a);

/* Read n bytes; the state says what is now. Bytes past the end of the reply
** break it: nobody asked for them. */
enum answer_state answer_feed(struct answer *a, const char *p, size_t n);

/* Do these n bytes hold text of the mock's, a token a reader could see? */
bool answer_has_token(const char *p, size_t n);

/* Does the body end with this text of at most 16 bytes? */
bool answer_ends_with(const struct answer *a, const char *text);

#endif
