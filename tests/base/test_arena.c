/*
** test_arena.c -- memory that dies all at once.
*/
#include "base/arena.h"
#include "unit.h"

static void what_is_taken_is_zeroed_aligned_and_apart(void)
{
    struct arena a;
    char *taken[200];
    arena_init(&a);
    for (size_t i = 0; i < 200; i++) {
        taken[i] = arena_zero(&a, i + 1);
        CHECK((uintptr_t)taken[i] % _Alignof(max_align_t) == 0);
        for (size_t k = 0; k <= i; k++)
            CHECK(taken[i][k] == 0);
        memset(taken[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k <= i; k++)
            CHECK((unsigned char)taken[i][k] == i);
    arena_fini(&a);
}

static void an_unused_arena_has_no_memory(void)
{
    struct arena a;
    long before = mem_live();
    arena_init(&a);
    CHECK_INT(mem_live(), before);
    arena_fini(&a);
    arena_fini(&a);
}

static void large_things_fit_too(void)
{
    struct arena a;
    arena_init(&a);
    char *p = arena_zero(&a, 1 << 20);
    CHECK(p != NULL);
    p[(1 << 20) - 1] = 1;
    CHECK(arena_zero(&a, 16) != NULL);
    CHECK(arena_zero(&a, SIZE_MAX) == NULL);
    arena_fini(&a);
}

static void copies_end_in_a_zero_byte_and_absence_stays(void)
{
    struct arena a;
    arena_init(&a);
    str copy = arena_copy(&a, (str){"abcdef", 3});
    CHECK_STR(copy, "abc");
    CHECK(copy.p[3] == '\0');
    CHECK(arena_copy(&a, STR_NONE).p == NULL);
    CHECK_STR(arena_copy(&a, STR("")), "");
    CHECK_STR(arena_print(&a, "%d-%s", 5, "x"), "5-x");
    arena_fini(&a);
}

static void without_memory_there_is_nothing(void)
{
    struct arena a;
    arena_init(&a);
    mem_fail_at(1, 1);
    CHECK(arena_zero(&a, 1) == NULL);
    CHECK(arena_copy(&a, STR("a")).p == NULL);
    CHECK(arena_print(&a, "a").p == NULL);
    mem_fail_at(0, 0);
    CHECK(arena_zero(&a, 1) != NULL);
    arena_fini(&a);
}

static void texts_are_joined_and_numbers_written(void)
{
    struct arena a;
    arena_init(&a);
    CHECK_STR(arena_join(&a, STR("a"), STR("/"), STR("bc")), "a/bc");
    CHECK_STR(arena_join(&a, STR(""), STR_NONE, STR("")), "");
    CHECK_STR(arena_int(&a, INT64_MIN), "-9223372036854775808");
    CHECK_STR(arena_int(&a, 0), "0");
    arena_fini(&a);
}

TESTS(texts_are_joined_and_numbers_written,
      what_is_taken_is_zeroed_aligned_and_apart, an_unused_arena_has_no_memory,
      large_things_fit_too, copies_end_in_a_zero_byte_and_absence_stays,
      without_memory_there_is_nothing)
