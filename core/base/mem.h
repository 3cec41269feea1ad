/*
** mem.h -- the one door to the heap.
**
** Everything of ours that is allocated comes through here, so that a test
** build can count what is live and let the n-th allocation fail. Allocation
** may fail: every caller looks at the result.
*/
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Of a large array on the stack that is written before it is read. The program
** is compiled so that locals begin as zeros; for these it would be dear. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define MEM_UNSET __attribute__((uninitialized))
#endif
#endif
#ifndef MEM_UNSET
#define MEM_UNSET
#endif

/* Memory of n bytes, unspecified contents; NULL when there is none. */
void *mem_alloc(size_t n);

/* The same, zeroed. */
void *mem_zero(size_t n);

/* Grow or shrink; p may be NULL. On failure NULL, and p is still valid. */
void *mem_resize(void *p, size_t n);

/* Give back; NULL is fine. */
void mem_free(void *p);

#ifdef MEM_TRACK
/* Blocks allocated and not yet freed, over all threads. Tests only. */
long mem_live(void);
/* Let the n-th allocation from now on fail (1 = the next); 0 = never.
** With `onwards`, all after it fail too. Tests only. */
void mem_fail_at(long n, int onwards);
#endif

#endif
