/*
** test_usage_row.c -- what a row of usage and a set of groups promise.
*/
#include "unit.h"

#include "store/usage/set.h"

static const uint64_t dice[2] = {7, 9};
static char packed[USAGE_PACKED];

static str names_of(const char *key, const char *user, const char *team,
                    const char *feature, const char *model)
{
    const str names[USAGE_NAMES] = {str_of(key), str_of(user), str_of(team),
                                    str_of(feature), str_of(model)};
    return usage_pack(packed, names);
}

static struct usage_sums all_of(int64_t n)
{
    struct usage_sums sums;
    for (int i = 0; i < USAGE_COUNTS; i++)
        sums.of[i] = n;
    return sums;
}

/* --- rows ------------------------------------------------------------------ */

static void what_is_written_is_read(void)
{
    int day;
    char key[USAGE_ROW_KEY];
    struct buf value;
    struct usage_sums sums = all_of(0), read;
    str names[USAGE_NAMES], back;
    buf_init(&value, 4096);
    for (int i = 0; i < USAGE_COUNTS; i++)
        sums.of[i] = i % 2 ? INT64_MAX - i : (int64_t)1 << (6 * i);
    str all = names_of("key_1", "ada", NULL, "", "up/m");
    usage_row_key(key, 20000, all);
    usage_row_put(&value, all, &sums);
    CHECK(usage_row_read((str){key, sizeof key}, buf_str(&value), &day, &back,
                         &read));
    CHECK_INT(day, 20000);
    CHECK(memcmp(&sums, &read, sizeof sums) == 0);
    CHECK(usage_unpack(back, names));
    CHECK_STR(names[USAGE_KEY], "key_1");
    CHECK_STR(names[USAGE_USER], "ada");
    CHECK(names[USAGE_TEAM].p == NULL);
    CHECK(names[USAGE_FEATURE].p != NULL && names[USAGE_FEATURE].n == 0);
    CHECK_STR(names[USAGE_MODEL], "up/m");
    buf_fini(&value);
}

static void a_row_is_small(void)
{
    struct buf value;
    struct usage_sums sums = all_of(1000000);
    buf_init(&value, 4096);
    usage_row_put(
        &value,
        names_of("key_3f9a2c81d0", "ada", "gold", NULL, "openai/gpt-4o-mini"),
        &sums);
    CHECK(value.n <= 80);
    buf_fini(&value);
}

static void counts_of_a_later_version_are_passed_over(void)
{
    int day;
    char key[USAGE_ROW_KEY];
    struct buf value;
    struct usage_sums sums = all_of(5), read;
    str back, all = names_of(NULL, "ada", NULL, NULL, NULL);
    buf_init(&value, 4096);
    usage_row_key(key, 1, all);
    usage_row_put(&value, all, &sums);
    value.p[1 + all.n]++;
    buf_byte(&value, 77);
    CHECK(usage_row_read((str){key, sizeof key}, buf_str(&value), &day, &back,
                         &read));
    CHECK(memcmp(&sums, &read, sizeof sums) == 0);
    buf_fini(&value);
}

static void what_is_no_row_is_not_read(void)
{
    int day;
    char key[USAGE_ROW_KEY];
    struct buf value;
    struct usage_sums sums = all_of(300);
    str back, all = names_of("k", "ada", "t", "f", "up/m");
    buf_init(&value, 4096);
    usage_row_key(key, 1, all);
    usage_row_put(&value, all, &sums);
    for (size_t n = 0; n < value.n; n++)
        CHECK(!usage_row_read((str){key, sizeof key}, (str){value.p, n}, &day,
                              &back, &sums));
    CHECK(!usage_row_read((str){key, 19}, buf_str(&value), &day, &back, &sums));
    buf_byte(&value, 0);
    CHECK(!usage_row_read((str){key, sizeof key}, buf_str(&value), &day, &back,
                          &sums));
    memset(value.p + 1, 0xff, value.n - 1);
    CHECK(!usage_row_read((str){key, sizeof key}, buf_str(&value), &day, &back,
                          &sums));
    buf_fini(&value);
}

/* Whatever stands in a row, what is read of it lies within. */
static void a_row_with_bytes_changed_is_read_or_not(void)
{
    int day, read = 0;
    uint64_t dice_at = 88172645463325252U;
    char key[USAGE_ROW_KEY] = {0}, bytes[128];
    struct buf value;
    struct usage_sums sums = all_of(300);
    str back, names[USAGE_NAMES];
    buf_init(&value, sizeof bytes);
    usage_row_put(&value, names_of("k", "ada", "t", "f", "up/m"), &sums);
    for (int i = 0; i < 200000; i++) {
        char *copy = mem_alloc(value.n); /* its end is the end of the memory */
        memcpy(copy, value.p, value.n);
        for (int change = 0; change < 3; change++) {
            dice_at ^= dice_at << 13;
            dice_at ^= dice_at >> 7;
            dice_at ^= dice_at << 17;
            copy[dice_at % value.n] ^= (char)(dice_at >> 32);
        }
        if (usage_row_read((str){key, sizeof key}, (str){copy, value.n}, &day,
                           &back, &sums)) {
            read++;
            CHECK(usage_unpack(back, names));
            CHECK(sums.of[USAGE_COST] >= 0);
        }
        mem_free(copy);
    }
    CHECK(read > 1000 && read < 200000);
    buf_fini(&value);
}

static void rows_of_a_day_lie_together_in_order(void)
{
    char early[USAGE_ROW_KEY], late[USAGE_ROW_KEY];
    str all = names_of(NULL, "ada", NULL, NULL, NULL);
    usage_row_key(early, 255, all);
    usage_row_key(late, 256, all);
    CHECK(memcmp(early, late, 4) < 0);
    CHECK(memcmp(early + 4, late + 4, 16) == 0);
    usage_row_key(late, 255, names_of(NULL, "adb", NULL, NULL, NULL));
    CHECK(memcmp(early, late, 4) == 0);
    CHECK(memcmp(early + 4, late + 4, 16) != 0);
}

static void names_do_not_run_into_one_another(void)
{
    char other[USAGE_PACKED];
    str one = names_of("ab", "c", NULL, NULL, NULL);
    memcpy(other, one.p, one.n);
    one.p = other;
    CHECK(!str_eq(one, names_of("a", "bc", NULL, NULL, NULL)));
    CHECK(!str_eq(one, names_of("ab", NULL, "c", NULL, NULL)));
}

static void a_name_that_is_too_long_is_other(void)
{
    char longest[USAGE_LONGEST + 2];
    str names[USAGE_NAMES];
    memset(longest, 'x', sizeof longest);
    longest[USAGE_LONGEST + 1] = '\0';
    CHECK(usage_unpack(names_of(longest, longest, longest, longest, longest),
                       names));
    CHECK_STR(names[USAGE_MODEL], USAGE_OTHER);
    longest[USAGE_LONGEST] = '\0';
    CHECK(usage_unpack(names_of(longest, longest, longest, longest, longest),
                       names));
    CHECK_STR(names[USAGE_USER], longest);
}

static void names_fold_level_by_level(void)
{
    char to[USAGE_PACKED];
    str names[USAGE_NAMES];
    str all = names_of("k", "ada", "gold", "chat", "up/m");
    CHECK(usage_unpack(usage_fold(to, all, 1U << USAGE_USER, 1), names));
    CHECK_STR(names[USAGE_USER], "ada");
    CHECK_STR(names[USAGE_FEATURE], USAGE_OTHER);
    CHECK_STR(names[USAGE_MODEL], "up/m");
    CHECK(usage_unpack(usage_fold(to, all, 0, 2), names));
    CHECK_STR(names[USAGE_KEY], "k");
    CHECK_STR(names[USAGE_TEAM], "gold");
    CHECK_STR(names[USAGE_USER], USAGE_OTHER);
    CHECK_STR(names[USAGE_MODEL], USAGE_OTHER);
    CHECK(usage_unpack(usage_fold(to, all, ~0U, 3), names));
    for (int i = 0; i < USAGE_NAMES; i++)
        CHECK_STR(names[i], USAGE_OTHER);
}

/* --- sums and sets --------------------------------------------------------- */

static void sums_stay_at_the_most(void)
{
    struct usage_sums sums = all_of(INT64_MAX - 1), one = all_of(2);
    usage_sums_add(&sums, &one);
    one = all_of(-5);
    usage_sums_add(&sums, &one);
    for (int i = 0; i < USAGE_COUNTS; i++)
        CHECK_INT(sums.of[i], INT64_MAX);
}

static void a_set_adds_up_by_names_and_day(void)
{
    char user[16];
    struct usage_set set;
    struct usage_sums one = all_of(1);
    usage_set_init(&set, dice);
    for (int i = 0; i < 3000; i++) {
        snprintf(user, sizeof user, "u%d", i % 500);
        str names = names_of(NULL, user, NULL, NULL, NULL);
        CHECK(usage_set_add(&set, i % 1000 / 500, names, &one, 1000));
    }
    CHECK_INT(set.n, 1000);
    int n = 0;
    for (struct usage_group *g = set.first; g != NULL; g = g->next, n++)
        CHECK_INT(g->sums.of[USAGE_COST], 3);
    CHECK_INT(n, 1000);
    usage_set_fini(&set);
}

static void a_set_takes_no_more_than_it_may(void)
{
    struct usage_set set;
    struct usage_sums one = all_of(1);
    usage_set_init(&set, dice);
    CHECK(usage_set_add(&set, 1, names_of(NULL, "a", 0, 0, 0), &one, 1));
    CHECK(!usage_set_add(&set, 1, names_of(NULL, "b", 0, 0, 0), &one, 1));
    CHECK(usage_set_add(&set, 1, names_of(NULL, "a", 0, 0, 0), &one, 1));
    CHECK_INT(set.n, 1);
    usage_set_fini(&set);
}

static void without_memory_a_set_stays_as_it_was(void)
{
    struct usage_set set;
    struct usage_sums one = all_of(1);
    for (int n = 1; n <= 2; n++) {
        usage_set_init(&set, dice);
        mem_fail_at(n, 0);
        CHECK(!usage_set_add(&set, 1, names_of(NULL, "a", 0, 0, 0), &one, 9));
        mem_fail_at(0, 0);
        CHECK(usage_set_add(&set, 1, names_of(NULL, "a", 0, 0, 0), &one, 9));
        CHECK_INT(set.n, 1);
        usage_set_fini(&set);
    }
}

TESTS(what_is_written_is_read, a_row_is_small,
      counts_of_a_later_version_are_passed_over, what_is_no_row_is_not_read,
      a_row_with_bytes_changed_is_read_or_not,
      rows_of_a_day_lie_together_in_order, names_do_not_run_into_one_another,
      a_name_that_is_too_long_is_other, names_fold_level_by_level,
      sums_stay_at_the_most, a_set_adds_up_by_names_and_day,
      a_set_takes_no_more_than_it_may, without_memory_a_set_stays_as_it_was)
