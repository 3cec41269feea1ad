/*
** test_usage_book.c -- what a book of usage promises: nothing is counted twice,
** nothing is lost while there is room, and names do not pile up.
*/
#include "store/usage_rig.h"

#include <pthread.h>

/* Let 300 strangers in; each asks once. */
static void many_strangers(int from, int n)
{
    char user[16];
    for (int i = from; i < from + n; i++) {
        snprintf(user, sizeof user, "u%03d", i);
        used(DAY, user, "up/m");
    }
}

static void what_is_added_is_in_the_store_after_a_flush(void)
{
    usage_open();
    used(DAY, "ada", "up/m");
    used(DAY, "ada", "up/m");
    used(DAY, "ben", "up/m");
    CHECK_STR(told_by("user", 2), "");
    flush();
    CHECK_STR(told_by("user", 2), "ada,2 ben,1 ");
    used(DAY, "ada", "up/m");
    flush();
    flush();
    CHECK_STR(told_by("user", 2), "ada,3 ben,1 ");
    usage_close();
}

static void what_was_written_goes_on_in_the_next_process(void)
{
    usage_open();
    used(DAY, "ada", "up/m");
    flush();
    book_close();
    reopen();
    book_open();
    used(DAY, "ada", "up/m");
    flush();
    CHECK_STR(told_by("day,user", 3), "2024-10-04,ada,2 ");
    usage_close();
}

static void counts_stay_at_the_most(void)
{
    struct book_entry e = entry(DAY, "ada", "up/m");
    usage_open();
    e.sums.of[USAGE_PROMPT] = INT64_MAX - 5;
    for (int i = 0; i < 3; i++) {
        book_add(&book, &e);
        flush();
    }
    struct usage_query q = ask_by("user");
    CHECK_STR(csv_of(&q, 6), "ada,3,0,3,0,9223372036854775807 ");
    usage_close();
}

static void rows_go_when_their_days_are_over(void)
{
    usage_open();
    book.days = 2;
    used(DAY - 3, "old", "up/m");
    used(DAY, "ada", "up/m");
    flush();
    struct usage_query q = ask_by("user");
    CHECK_STR(csv_of(&q, 2), "ada,1 ");
    q.now = CLOCK + 3 * 86400 * NANOS_S;
    CHECK_STR(csv_of(&q, 2), "");
    CHECK_INT(sweep(q.now), 2);
    usage_close();
}

/* --- names ----------------------------------------------------------------- */

static void a_day_takes_so_many_names_and_the_others_are_other(void)
{
    usage_open();
    book.rows = 16;
    many_strangers(0, 16);
    flush();
    many_strangers(10, 50);
    CHECK(book_flush(&book, store, CLOCK).crowded);
    struct usage_query q = ask_by("user");
    q.only[USAGE_USER] = STR(USAGE_OTHER);
    CHECK_STR(csv_of(&q, 2), USAGE_OTHER ",44 ");
    q.only[USAGE_USER] = STR("u012");
    CHECK_STR(csv_of(&q, 2), "u012,2 ");
    q = ask_by("model");
    CHECK_STR(csv_of(&q, 2), "up/m,66 ");
    used(DAY + 1, "u099", "up/m");
    CHECK(!book_flush(&book, store, CLOCK).crowded);
    q.only[USAGE_USER] = STR("u099");
    CHECK_STR(csv_of(&q, 2), "up/m,1 ");
    usage_close();
}

/* The most is counted from the rows there are. */
static void a_restart_makes_no_room_for_names(void)
{
    usage_open();
    book.rows = 16;
    many_strangers(0, 16);
    flush();
    book_close();
    book_open();
    book.rows = 16;
    many_strangers(50, 1);
    CHECK(book_flush(&book, store, CLOCK).crowded);
    usage_close();
}

static void models_fold_after_users(void)
{
    char model[16];
    usage_open();
    book.rows = 16;
    for (int i = 0; i < 300; i++) {
        snprintf(model, sizeof model, "up/m%03d", i);
        used(DAY, "ada", model);
    }
    CHECK(book_flush(&book, store, CLOCK).crowded);
    struct usage_query q = ask_by("user,model");
    q.only[USAGE_MODEL] = STR(USAGE_OTHER);
    CHECK_STR(csv_of(&q, 3), USAGE_OTHER "," USAGE_OTHER ",282 ");
    usage_close();
}

static void a_user_that_a_key_proves_keeps_its_name(void)
{
    struct book_entry e = entry(DAY, "ada", "up/m");
    usage_open();
    book.rows = 16;
    many_strangers(0, 100);
    flush();
    e.proven = 1U << USAGE_USER;
    e.names[USAGE_KEY] = STR("key_1");
    book_add(&book, &e);
    flush();
    struct usage_query q = ask_by("user");
    q.only[USAGE_KEY] = STR("key_1");
    CHECK_STR(csv_of(&q, 2), "ada,1 ");
    usage_close();
}

static void a_book_holds_so_many_names(void)
{
    usage_open();
    book.most = 16;
    many_strangers(0, 100);
    CHECK(book.set.n <= 18);
    struct book_flush f = book_flush(&book, store, CLOCK);
    CHECK(f.crowded && f.held == 0);
    CHECK_STR(told_by("model", 2), "up/m,100 ");
    CHECK(!book_flush(&book, store, CLOCK).crowded);
    usage_close();
}

static void many_rows_are_written_in_several_batches(void)
{
    usage_open();
    many_strangers(0, 2 * BOOK_BATCH + 10);
    flush();
    many_strangers(0, 2 * BOOK_BATCH + 10);
    flush();
    CHECK_STR(told_by("model", 2), "up/m,1044 ");
    struct usage_query q = ask_by("user");
    q.only[USAGE_USER] = STR("u300");
    CHECK_STR(csv_of(&q, 2), "u300,2 ");
    usage_close();
}

static void many_days_are_told_apart(void)
{
    usage_open();
    for (int day = 0; day < 40; day++)
        for (int i = 0; i < 40; i++)
            used(DAY - i, i % 2 ? "ada" : "ben", "up/m");
    flush();
    struct usage_query q = ask_by("day");
    q.from = DAY - 1;
    CHECK_STR(csv_of(&q, 2), "2024-10-03,40 2024-10-04,40 ");
    q.from = q.to = DAY - 39;
    CHECK_STR(csv_of(&q, 2), "2024-08-26,40 ");
    CHECK_STR(told_by("user", 2), "ada,800 ben,800 ");
    usage_close();
}

/* --- a store that does not take it ----------------------------------------- */

static void a_store_that_is_read_only_takes_nothing_and_nothing_is_lost(void)
{
    usage_open();
    used(DAY, "ada", "up/m");
    flush();
    store_close(store);
    options.read_only = true;
    CHECK_INT(open_again(), STORE_OK);
    used(DAY, "ada", "up/m");
    many_strangers(0, 300);
    struct book_flush f = book_flush(&book, store, CLOCK);
    CHECK_INT(f.result, STORE_READ_ONLY);
    CHECK_INT(f.held, 301);
    used(DAY, "ada", "up/m");
    f = book_flush(&book, store, CLOCK);
    CHECK_INT(f.result, STORE_READ_ONLY);
    CHECK_INT(f.held, 301);
    store_close(store);
    options.read_only = false;
    CHECK_INT(open_again(), STORE_OK);
    flush();
    CHECK_STR(told_by("model", 2), "up/m,303 ");
    usage_close();
}

static void a_store_that_is_full_takes_what_fits_and_the_rest_later(void)
{
    static char filling[1 << 16];
    char key[16];
    int n = 0;
    usage_open();
    store_close(store);
    options.most = 1 << 20;
    CHECK_INT(open_again(), STORE_OK);
    snprintf(key, sizeof key, "k%d", n);
    while (put_until(key, (str){filling, sizeof filling}, STAY, CLOCK) ==
           STORE_OK)
        snprintf(key, sizeof key, "k%d", ++n);
    many_strangers(0, 1000);
    many_strangers(0, 1000);
    struct book_flush f = book_flush(&book, store, CLOCK);
    CHECK_INT(f.result, STORE_FULL);
    CHECK(f.held > 0 && f.lost == 0);
    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "k%d", i);
        CHECK_INT(drop_key(key), STORE_OK);
    }
    flush();
    CHECK_STR(told_by("model", 2), "up/m,2000 ");
    usage_close();
}

static void without_memory_what_is_lost_is_counted(void)
{
    usage_open();
    mem_fail_at(1, 1);
    used(DAY, "ada", "up/m");
    mem_fail_at(0, 0);
    used(DAY, "ada", "up/m");
    struct book_flush f = book_flush(&book, store, CLOCK);
    CHECK_INT(f.result, STORE_OK);
    CHECK_INT(f.lost, 1);
    CHECK_STR(told_by("user", 2), "ada,1 ");
    usage_close();
}

static void whenever_memory_fails_in_a_flush_nothing_is_counted_twice(void)
{
    int64_t lost = 0;
    usage_open();
    for (int n = 1; n < 40; n++) {
        used(DAY, "ada", "up/m");
        used(DAY, "ben", "up/m");
        mem_fail_at(n, 0);
        lost += book_flush(&book, store, CLOCK).lost;
        mem_fail_at(0, 0);
        lost += book_flush(&book, store, CLOCK).lost;
    }
    struct usage_query q = ask_by("model");
    struct usage_lines lines;
    struct store_why trouble;
    CHECK(usage_lines_read(&lines, store, &q, &trouble));
    CHECK_INT(lines.total.of[USAGE_REQUESTS] + lost, 78);
    usage_lines_free(&lines);
    usage_close();
}

/* --- threads --------------------------------------------------------------- */

#define EACH 2000

static void *add_and_flush(void *arg)
{
    for (int i = 0; i < EACH; i++) {
        used(DAY, i % 2 ? "ada" : "ben", "up/m");
        if (i % 100 == 0)
            book_flush(&book, store, CLOCK);
    }
    return arg;
}

static void threads_add_and_flush_side_by_side(void)
{
    pthread_t thread[3];
    usage_open();
    for (int i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, add_and_flush, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    flush();
    CHECK_STR(told_by("user", 2), "ada,3000 ben,3000 ");
    usage_close();
}

TESTS(what_is_added_is_in_the_store_after_a_flush,
      what_was_written_goes_on_in_the_next_process, counts_stay_at_the_most,
      rows_go_when_their_days_are_over,
      a_day_takes_so_many_names_and_the_others_are_other,
      a_restart_makes_no_room_for_names, models_fold_after_users,
      a_user_that_a_key_proves_keeps_its_name, a_book_holds_so_many_names,
      many_rows_are_written_in_several_batches, many_days_are_told_apart,
      a_store_that_is_read_only_takes_nothing_and_nothing_is_lost,
      a_store_that_is_full_takes_what_fits_and_the_rest_later,
      without_memory_what_is_lost_is_counted,
      whenever_memory_fails_in_a_flush_nothing_is_counted_twice,
      threads_add_and_flush_side_by_side)
