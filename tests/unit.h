/*
** unit.h -- what a C test is written with.
**
** A test is a function whose name is a promise. CHECK says what must hold and
** goes on after a failure, so one run shows all of them. Memory of ours that a
** test leaves behind is a failure of that test.
**
**     static void an_empty_text_has_no_events(void) { CHECK(...); }
**     TESTS(an_empty_text_has_no_events, ...)
*/
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static int unit_failures;

#define CHECK(what)                   \
    ((what) ? (void)0                 \
            : (void)(unit_failures++, \
                     printf("#    %s:%d: %s\n", __FILE__, __LINE__, #what)))

#define CHECK_INT(got, want) \
    unit_int((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) \
    unit_str((got), str_of(want), #got, __FILE__, __LINE__)
#define CHECK_NEAR(got, want) CHECK(fabs((got) - (want)) < 1e-9)

static inline void unit_int(long long got, long long want, const char *what,
                            const char *file, int line)
{
    if (got == want)
        return;
    unit_failures++;
    printf("#    %s:%d: %s is %lld, not %lld\n", file, line, what, got, want);
}

static inline void unit_str(str got, str want, const char *what,
                            const char *file, int line)
{
    if (got.p != NULL && str_eq(got, want))
        return;
    unit_failures++;
    printf("#    %s:%d: %s is '%.*s', not '%.*s'\n", file, line, what,
           got.p != NULL ? (int)got.n : 4, got.p != NULL ? got.p : "none",
           STR_ARG(want));
}

static inline int unit_run(void (*const *tests)(void), const char *names, int n)
{
    int failed = 0;
    for (int i = 0; i < n; i++) {
        size_t len = strcspn(names, ", ");
        long before = mem_live();
        unit_failures = 0;
        tests[i]();
        bool nothing_left_behind = mem_live() == before;
        CHECK(nothing_left_behind);
        printf("%s %.*s\n", unit_failures != 0 ? "not ok" : "ok  ", (int)len,
               names);
        fflush(stdout);
        failed += unit_failures != 0;
        names += len;
        names += strspn(names, ", ");
    }
    return failed != 0;
}

#define TESTS(...)                                              \
    int main(void)                                              \
    {                                                           \
        static void (*const tests[])(void) = {__VA_ARGS__};     \
        return unit_run(tests, #__VA_ARGS__,                    \
                        (int)(sizeof tests / sizeof tests[0])); \
    }

/* The same for a list that is a macro. */
#define TESTS_OF(...) TESTS(__VA_ARGS__)

#endif
