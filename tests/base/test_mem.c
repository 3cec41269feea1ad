/*
** test_mem.c -- the counting heap that other tests rely on.
*/
#include "unit.h"

static void live_blocks_are_counted(void)
{
    long before = mem_live();
    char *p = mem_alloc(10);
    char *q = mem_resize(NULL, 10);
    CHECK_INT(mem_live(), before + 2);
    p = mem_resize(p, 1000);
    CHECK_INT(mem_live(), before + 2);
    mem_free(p);
    mem_free(q);
    mem_free(NULL);
    CHECK_INT(mem_live(), before);
}

static void zeroed_memory_is_zero(void)
{
    char *p = mem_zero(1000);
    for (int i = 0; i < 1000; i++)
        CHECK(p[i] == 0);
    mem_free(p);
}

static void no_bytes_are_still_a_block(void)
{
    char *p = mem_alloc(0);
    CHECK(p != NULL);
    p = mem_resize(p, 0);
    CHECK(p != NULL);
    mem_free(p);
}

static void the_nth_allocation_fails_once(void)
{
    mem_fail_at(2, 0);
    char *p = mem_alloc(1);
    char *q = mem_zero(1);
    char *r = mem_alloc(1);
    mem_fail_at(0, 0);
    CHECK(p != NULL && q == NULL && r != NULL);
    mem_free(p);
    mem_free(r);
}

static void or_all_from_the_nth_on(void)
{
    mem_fail_at(2, 1);
    char *p = mem_alloc(1);
    char *q = mem_resize(p, 100);
    char *r = mem_alloc(1);
    mem_fail_at(0, 0);
    CHECK(p != NULL && q == NULL && r == NULL);
    mem_free(p); /* still valid after a resize that failed */
}

TESTS(live_blocks_are_counted, zeroed_memory_is_zero,
      no_bytes_are_still_a_block, the_nth_allocation_fails_once,
      or_all_from_the_nth_on)
