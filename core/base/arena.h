/*
** arena.h -- memory that dies all at once.
**
** What belongs to one request, or one upstream call, is taken from its arena
** and never freed singly. The first block is small and later ones double, so
** that ten thousand idle streams cost little.
*/
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *newest;
    char *at, *end; /* free room in the newest block */
};

/* An empty arena that allocates nothing yet; and the end of all it gave. */
void arena_init(struct arena *a);
void arena_fini(struct arena *a);

/* n bytes, zeroed, aligned for anything; NULL when there is no memory. */
void *arena_zero(struct arena *a, size_t n);

/* A copy that lives as long as the arena, with a zero byte after it. The
** copy of the absent text is absent; STR_NONE too when there is no memory. */
str arena_copy(struct arena *a, str s);

/* a, b and c in one text, with a zero byte after it; STR_NONE when there is no
** memory. And a number in decimal. */
str arena_join(struct arena *arena, str a, str b, str c);
str arena_int(struct arena *a, int64_t v);

/* printf into the arena; STR_NONE when there is no memory. */
str arena_print(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
