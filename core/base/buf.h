/*
** buf.h -- bytes that grow, up to a maximum that is named at the start.
**
** A buf remembers failure: append as often as you like, ask buf_ok() once.
** Running out of memory and running past `max` look alike; a failed buf keeps
** what it had and takes nothing more. The owner calls buf_fini.
*/
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
    char *p;
    size_t n;    /* bytes held */
    size_t cap;  /* bytes allocated */
    size_t max;  /* never grows past this */
    bool failed; /* an append did not fit */
};

/* An empty buf that allocates nothing until the first append. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);

/* Make room for n more bytes: where they go, or NULL (and the buf has failed).
** Add what was written there to b->n. */
char *buf_room(struct buf *b, size_t n);

/* Append bytes. Inline as far as there is room: a log line is some sixty of
** these. */
static inline void buf_add(struct buf *b, str s)
{
    bool fits = s.n <= b->cap - b->n && !b->failed;
    char *room = fits ? b->p + b->n : s.n > 0 ? buf_room(b, s.n) : NULL;
    if (s.n == 0 || room == NULL)
        return;
    memcpy(room, s.p, s.n);
    b->n += s.n;
}

/* Append a byte. */
static inline void buf_byte(struct buf *b, char c)
{
    buf_add(b, (str){&c, 1});
}

/* Append a zero-terminated text. */
static inline void buf_text(struct buf *b, const char *z)
{
    buf_add(b, str_of(z));
}

/* Append a number in decimal. */
void buf_int(struct buf *b, int64_t v);

/* A number >= 0 in decimal, with zeros in front up to `width` digits. */
void buf_digits(struct buf *b, int64_t v, int width);

/* printf into the buf. */
void buf_print(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Drop the first n bytes; the rest moves to the front. */
void buf_drop(struct buf *b, size_t n);

/* Give back the room beyond what is in it. */
void buf_fit(struct buf *b);

/* Forget the contents and the failure, keep the memory. */
void buf_clear(struct buf *b);

/* Has everything found room so far? */
static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

/* What is in it, borrowed until the next change; never absent. */
static inline str buf_str(const struct buf *b)
{
    return (str){b->p != NULL ? b->p : "", b->n};
}

#endif
