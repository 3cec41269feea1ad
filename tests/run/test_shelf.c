/*
** test_shelf.c -- answers in memory: for a while, and no more than fit.
*/
#include "run/idempotency/shelf.h"

#include "unit.h"

static struct shelf shelf;

static struct mac mac(int n)
{
    struct mac m = {{(unsigned char)n}};
    return m;
}

static bool put(int n, size_t size, nanos now, nanos until)
{
    static char bytes[SHELF_MOST];
    struct mac mark = mac(n);
    struct idem_answer like = {.status = 200, .body = {bytes, size}};
    struct idem_answer *a = idem_answer_new(&like);
    bool done = shelf_put(&shelf, &mark, a, now, until);
    idem_answer_release(a);
    return done;
}

static bool is_there(int n, nanos now)
{
    struct mac mark = mac(n);
    struct idem_answer *a = shelf_find(&shelf, &mark, now);
    idem_answer_release(a);
    return a != NULL;
}

static void an_answer_is_there_until_its_time_is_over(void)
{
    CHECK(put(1, 10, 0, 100));
    CHECK(put(2, 10, 0, 200));
    CHECK(is_there(1, 99));
    CHECK(!is_there(3, 99));
    CHECK(!is_there(1, 100));
    CHECK(is_there(2, 100));
    shelf_fini(&shelf);
}

static void it_holds_no_more_than_it_may(void)
{
    CHECK(put(1, SHELF_MOST / 2, 0, 100));
    CHECK(!put(2, SHELF_MOST / 2, 0, 100));
    CHECK(put(3, SHELF_MOST / 4, 0, 100));
    CHECK(put(2, SHELF_MOST / 2, 100, 200));
    CHECK_INT(is_there(1, 100) + is_there(3, 100), 0);
    CHECK(!put(4, SHELF_MOST, 100, 200));
    shelf_fini(&shelf);
    CHECK_INT(shelf.bytes, 0);
}

TESTS(an_answer_is_there_until_its_time_is_over, it_holds_no_more_than_it_may)
