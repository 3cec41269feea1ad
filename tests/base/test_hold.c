/*
** The hold: who gets in, who must wait, and that the sum is right.
*/
#include "base/hold.h"

#include "unit.h"

static void a_share_is_charged_once_however_often_it_is_told(void)
{
    struct hold h = {.max = 100};
    size_t mine = 0, yours = 0;
    hold_set(&h, &mine, 30);
    hold_set(&h, &mine, 30);
    hold_set(&h, &yours, 10);
    CHECK_INT(h.used, 40);
    hold_set(&h, &mine, 5);
    CHECK_INT(h.used, 15);
    hold_set(&h, &mine, 0);
    hold_set(&h, &yours, 0);
    CHECK_INT(h.used, 0);
}

static void nobody_holds_more_from_a_client_than_stays_free(void)
{
    struct hold h = {.max = 400}; /* of which clients may fill 300 */
    CHECK(hold_admits(&h, 0, 150));
    CHECK(!hold_admits(&h, 0, 151));
    size_t one = 0;
    hold_set(&h, &one, 100);
    CHECK(hold_admits(&h, 100, 50));
    CHECK(!hold_admits(&h, 100, 51));
    CHECK(hold_admits(&h, 0, 100)); /* another one */
}

static void beside_many_large_bodies_a_small_one_passes(void)
{
    struct hold h = {.max = 1 << 20};
    size_t shares[1000] = {0};
    for (int turn = 0; turn < 100; turn++)
        for (int i = 0; i < 1000; i++)
            if (hold_admits(&h, shares[i], 64))
                hold_set(&h, &shares[i], shares[i] + 64);
    CHECK(h.used > (1 << 20) / 2);
    CHECK(h.used <= (1 << 20) / 4 * 3);
    CHECK(hold_admits(&h, 0, 128));
}

static void replies_find_room_when_clients_do_not(void)
{
    struct hold h = {.max = 400, .used = 300};
    CHECK(!hold_admits(&h, 0, 1));
    CHECK(hold_has(&h, 100));
    CHECK(!hold_has(&h, 101));
    h.used = 401;
    CHECK(!hold_has(&h, 0));
}

static void without_a_maximum_everything_fits(void)
{
    struct hold h = {.used = 7};
    CHECK(hold_has(&h, SIZE_MAX));
    CHECK(hold_admits(&h, SIZE_MAX, SIZE_MAX));
}

TESTS(a_share_is_charged_once_however_often_it_is_told,
      nobody_holds_more_from_a_client_than_stays_free,
      beside_many_large_bodies_a_small_one_passes,
      replies_find_room_when_clients_do_not, without_a_maximum_everything_fits)
