/*
** arena.c -- a list of blocks, newest first; taking moves a pointer.
*/
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"

#define FIRST_BLOCK 1008 /* with its head a size that malloc has at hand */
#define LARGEST     (64 * 1024)
#define ALIGN       sizeof(max_align_t)

struct arena_block {
    struct arena_block *older;
    size_t len;
    _Alignas(max_align_t) char room[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

void arena_fini(struct arena *a)
{
    while (a->newest != NULL) {
        struct arena_block *block = a->newest;
        a->newest = block->older;
        mem_free(block);
    }
    arena_init(a);
}

static bool add_block(struct arena *a, size_t need)
{
    size_t len = a->newest != NULL ? a->newest->len * 2 : FIRST_BLOCK;
    if (len > LARGEST)
        len = LARGEST;
    if (len < need)
        len = need;
    if (len > SIZE_MAX - sizeof *a->newest)
        return false;
    struct arena_block *block = mem_alloc(sizeof *block + len);
    if (block == NULL)
        return false;
    block->older = a->newest;
    block->len = len;
    a->newest = block;
    a->at = block->room;
    a->end = block->room + len;
    return true;
}

void *arena_zero(struct arena *a, size_t n)
{
    size_t need = n != 0 ? (n + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    if (need < n || ((size_t)(a->end - a->at) < need && !add_block(a, need)))
        return NULL;
    void *p = a->at;
    a->at += need;
    return memset(p, 0, n);
}

str arena_copy(struct arena *a, str s)
{
    if (s.p == NULL)
        return STR_NONE;
    char *p = arena_zero(a, s.n + 1);
    if (p == NULL)
        return STR_NONE;
    memcpy(p, s.p, s.n);
    return (str){p, s.n};
}

static char *put(char *to, str s)
{
    return s.n > 0 ? (char *)memcpy(to, s.p, s.n) + s.n : to;
}

str arena_join(struct arena *arena, str a, str b, str c)
{
    size_t n = a.n + b.n + c.n;
    char *p = arena_zero(arena, n + 1);
    if (p == NULL)
        return STR_NONE;
    put(put(put(p, a), b), c);
    return (str){p, n};
}

str arena_int(struct arena *a, int64_t v)
{
    char room[24];
    struct buf digits = {.p = room, .cap = sizeof room, .max = sizeof room};
    buf_int(&digits, v);
    return arena_copy(a, buf_str(&digits));
}

str arena_print(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = n >= 0 ? arena_zero(a, (size_t)n + 1) : NULL;
    if (p != NULL)
        vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p != NULL ? (str){p, (size_t)n} : STR_NONE;
}
