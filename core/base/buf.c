/*
** buf.c -- growing bytes with a ceiling.
**
** Capacity doubles, so n appends cost O(n); the ceiling is checked before
** the doubling, so that a flood is refused before it is allocated.
*/
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
    mem_free(b->p);
    *b = (struct buf){.max = b->max};
}

static bool grow(struct buf *b, size_t need)
{
    size_t cap = b->cap != 0 ? b->cap : 64;
    while (cap < need)
        cap *= 2;
    if (cap > b->max)
        cap = b->max;
    char *p = mem_resize(b->p, cap);
    if (p == NULL)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->failed || n > b->max || b->n > b->max - n) {
        b->failed = true;
        return NULL;
    }
    if (b->n + n > b->cap && !grow(b, b->n + n)) {
        b->failed = true;
        return NULL;
    }
    return b->p + b->n;
}

void buf_int(struct buf *b, int64_t v)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    if (v < 0)
        *--at = '-';
    buf_add(b, (str){at, (size_t)(digits + sizeof digits - at)});
}

void buf_digits(struct buf *b, int64_t v, int width)
{
    int64_t first = 1; /* that has `width` digits */
    while (--width > 0)
        first *= 10;
    for (; first > 1 && v < first; first /= 10)
        buf_byte(b, '0');
    buf_int(b, v);
}

void buf_print(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *room = n >= 0 ? buf_room(b, (size_t)n + 1) : NULL;
    if (room != NULL) {
        vsnprintf(room, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_drop(struct buf *b, size_t n)
{
    if (n == 0)
        return;
    if (n < b->n)
        memmove(b->p, b->p + n, b->n - n);
    b->n = n < b->n ? b->n - n : 0;
}

void buf_fit(struct buf *b)
{
    char *p = b->n > 0 ? mem_resize(b->p, b->n) : NULL;
    if (p == NULL)
        return;
    b->p = p;
    b->cap = b->n;
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}
