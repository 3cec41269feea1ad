/*
** test_usage_report.c -- what a report of usage promises.
*/
#include "store/usage_rig.h"

#include "wire/json.h"

static char wrong[USAGE_WHY];

static struct usage_query fresh(void)
{
    struct usage_query q;
    usage_query_init(&q, CLOCK, usage_dice);
    return q;
}

/* What is said of a word; "" when it is taken. */
static str said_of(const char *name, const char *value)
{
    struct usage_query q = fresh();
    const char *why_not =
        usage_query_take(&q, str_of(name), str_of(value), wrong);
    return str_of(why_not != NULL ? why_not : "");
}

static int day_of(const char *name, const char *value)
{
    struct usage_query q = fresh();
    CHECK(usage_query_take(&q, str_of(name), str_of(value), wrong) == NULL);
    return name[0] == 'f' ? q.from : q.to;
}

/* --- asking ---------------------------------------------------------------- */

static void a_query_is_of_thirty_days_by_model(void)
{
    struct usage_query q = fresh();
    CHECK_INT(q.by_n, 1);
    CHECK_INT(q.by[0], USAGE_MODEL);
    CHECK_INT(q.to, DAY);
    CHECK_INT(q.from, DAY - 29);
}

static void a_month_is_its_first_or_its_last_day(void)
{
    CHECK_INT(day_of("from", "1970-01-02"), 1);
    CHECK_INT(day_of("from", "1970-03"), 59);
    CHECK_INT(day_of("to", "1970-03"), 89);
    CHECK_INT(day_of("to", "1972-02"), 789);
    CHECK_INT(day_of("to", "1970-12"), 364);
    CHECK_INT(day_of("to", "1972-02-29"), 789);
}

static void what_is_no_day_is_told(void)
{
    static const char *const bad[] = {
        "",           "today",      "2026",       "2026-13",    "2026-00",
        "2026-02-30", "2026-1-1",   "2026/01/01", "20260101",   "1969-12-31",
        "2026-01-00", "-026-01-01", "2026-01-1x", "0000-00-00", "2026-01-011"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        str said = said_of("from", bad[i]);
        CHECK(str_starts(said, STR("from needs a day such as 2026-01-31")));
    }
    CHECK_STR(said_of("to", "x"),
              "to needs a day such as 2026-01-31, or a month such as 2026-01; "
              "not \"x\"");
}

static void what_is_no_column_is_told(void)
{
    CHECK_STR(said_of("by", "model,hour"),
              "by takes some of key, user, team, feature, model and day, with "
              "commas between; not \"hour\"");
    CHECK_STR(said_of("by", "model, model"), "by names \"model\" twice");
    CHECK_STR(said_of("by", "model,"),
              "by takes some of key, user, team, feature, model and day, with "
              "commas between; not \"\"");
    CHECK_STR(said_of("colour", "red"),
              "there is no \"colour\" (there are: by, from, to, key, user, "
              "team, feature, model)");
}

static void a_range_that_ends_before_it_begins_is_told(void)
{
    struct usage_query q = fresh();
    CHECK(usage_query_check(&q, wrong) == NULL);
    q.from = q.to + 1;
    CHECK_STR(str_of(usage_query_check(&q, wrong)),
              "from 2024-10-05 is after to 2024-10-04");
}

/* --- telling --------------------------------------------------------------- */

static str as(enum usage_format format, const struct usage_query *q)
{
    struct store_why trouble;
    buf_clear(&report);
    CHECK(usage_report(&report, store, q, format, &trouble));
    return buf_str(&report);
}

static void fill(void)
{
    struct book_entry e = entry(DAY, "ada", "up/m");
    e.names[USAGE_TEAM] = STR("gold");
    e.sums = (struct usage_sums){{1, 0, 2, 1, 7, 3, 2, 1, 47500, 1}};
    book_add(&book, &e);
    used(DAY - 1, "ben", "up/n");
    flush();
}

static void csv_has_a_line_of_names_and_one_for_each_group(void)
{
    usage_open();
    fill();
    struct usage_query q = ask_by("day,team");
    CHECK_STR(as(USAGE_CSV, &q),
              "day,team,requests,errors,calls,calls_failed,prompt_tokens,"
              "completion_tokens,cached_tokens,reasoning_tokens,cost_usd,"
              "calls_unpriced\r\n"
              "2024-10-03,,1,0,1,0,0,0,0,0,0.000000000,0\r\n"
              "2024-10-04,gold,1,0,2,1,7,3,2,1,0.000047500,1\r\n");
    usage_close();
}

static void json_has_rows_and_a_total(void)
{
    usage_open();
    fill();
    struct usage_query q = ask_by("team");
    q.from = DAY - 1;
    q.to = DAY;
    CHECK_STR(
        as(USAGE_JSON, &q),
        "{\"from\":\"2024-10-03\",\"to\":\"2024-10-04\",\"by\":[\"team\"],"
        "\"rows\":["
        "{\"team\":null,\"requests\":1,\"errors\":0,\"calls\":1,"
        "\"calls_failed\":0,\"prompt_tokens\":0,\"completion_tokens\":0,"
        "\"cached_tokens\":0,\"reasoning_tokens\":0,\"cost_usd\":0.000000000,"
        "\"calls_unpriced\":0},"
        "{\"team\":\"gold\",\"requests\":1,\"errors\":0,\"calls\":2,"
        "\"calls_failed\":1,\"prompt_tokens\":7,\"completion_tokens\":3,"
        "\"cached_tokens\":2,\"reasoning_tokens\":1,\"cost_usd\":0.000047500,"
        "\"calls_unpriced\":1}],"
        "\"total\":{\"requests\":2,\"errors\":0,\"calls\":3,"
        "\"calls_failed\":1,\"prompt_tokens\":7,\"completion_tokens\":3,"
        "\"cached_tokens\":2,\"reasoning_tokens\":1,\"cost_usd\":0.000047500,"
        "\"calls_unpriced\":1}}");
    usage_close();
}

static void columns_come_and_sort_in_the_order_of_by(void)
{
    usage_open();
    fill();
    used(DAY, "ada", "up/n");
    flush();
    CHECK_STR(told_by("user,model", 3), "ada,up/m,1 ada,up/n,1 ben,up/n,1 ");
    CHECK_STR(told_by("model,user", 3), "up/m,ada,1 up/n,ada,1 up/n,ben,1 ");
    CHECK_STR(told_by("day", 2), "2024-10-03,1 2024-10-04,2 ");
    usage_close();
}

static void a_name_picks_its_rows(void)
{
    usage_open();
    fill();
    struct usage_query q = ask_by("user");
    q.only[USAGE_MODEL] = STR("up/n");
    CHECK_STR(csv_of(&q, 2), "ben,1 ");
    q.only[USAGE_TEAM] = STR("gold");
    CHECK_STR(csv_of(&q, 2), "");
    usage_close();
}

static void an_empty_name_picks_those_without(void)
{
    usage_open();
    fill();
    struct usage_query q = ask_by("user");
    q.only[USAGE_TEAM] = STR("");
    CHECK_STR(csv_of(&q, 2), "ben,1 ");
    usage_close();
}

static void a_spreadsheet_sees_no_formula(void)
{
    usage_open();
    used(DAY, "=1+1", "up/m");
    used(DAY, "+1", "up/m");
    used(DAY, "-1", "up/m");
    used(DAY, "@SUM(A1)", "up/m");
    used(DAY, "\t=1", "up/m");
    used(DAY, "  =1", "up/m");
    used(DAY,
         "\xef\xbc\x9d"
         "1",
         "up/m");                        /* in full width */
    used(DAY, "\xef\xbc\x81=1", "up/m"); /* a mark of another kind */
    used(DAY, "a=1", "up/m");
    flush();
    CHECK_STR(told_by("user", 1),
              "\"'\t=1\" \"'  =1\" \"'+1\" \"'-1\" \"'=1+1\" "
              "\"'@SUM(A1)\" a=1 \xef\xbc\x81=1 \"'\xef\xbc\x9d"
              "1\" ");
    usage_close();
}

static void csv_quotes_what_would_end_a_field(void)
{
    struct usage_query q;
    usage_open();
    used(DAY, "a,\"b\"\r\nc", "up/m");
    flush();
    q = ask_by("user");
    str text = as(USAGE_CSV, &q);
    str_split(&text, '\n');
    CHECK(str_starts(text, STR("\"a,\"\"b\"\"\r\nc\",1,")));
    usage_close();
}

static void json_is_json_whatever_the_names(void)
{
    struct json_error error;
    struct usage_query q = ask_by("user");
    usage_open();
    used(DAY, "\xff\xfe\"\\\n\x01", "up/m");
    flush();
    CHECK(json_check(as(USAGE_JSON, &q), &error));
    usage_close();
}

static void an_empty_store_has_an_empty_report(void)
{
    usage_open();
    CHECK_STR(told_by("model", 1), "");
    usage_close();
}

static void a_report_that_is_too_long_is_refused(void)
{
    char user[16];
    struct store_why trouble;
    usage_open();
    for (int i = 0; i < 20; i++) {
        snprintf(user, sizeof user, "u%d", i);
        used(DAY, user, "up/m");
    }
    flush();
    struct usage_query q = ask_by("user");
    q.most = 19;
    CHECK(!usage_report(&report, store, &q, USAGE_CSV, &trouble));
    CHECK_INT(trouble.result, STORE_INPUT);
    CHECK_STR(str_of(trouble.text),
              "the report would have more than 19 lines; ask for fewer days, "
              "or by less");
    q = ask_by("model");
    q.most = 19;
    CHECK(usage_report(&report, store, &q, USAGE_CSV, &trouble));
    usage_close();
}

static void more_rows_than_a_page_are_all_read(void)
{
    char user[16];
    usage_open();
    for (int i = 0; i < 3000; i++) {
        snprintf(user, sizeof user, "u%d", i);
        used(DAY - i % 7, user, "up/m");
    }
    flush();
    CHECK_STR(told_by("model", 2), "up/m,3000 ");
    usage_close();
}

static void without_memory_a_report_says_so(void)
{
    struct store_why trouble;
    struct usage_query q = ask_by("user");
    usage_open();
    fill();
    int failed = 0;
    for (int n = 1; n < 12; n++) {
        buf_clear(&report);
        mem_fail_at(n, 0);
        if (!usage_report(&report, store, &q, USAGE_CSV, &trouble)) {
            CHECK_INT(trouble.result, STORE_MEMORY);
            failed++;
        }
        mem_fail_at(0, 0);
    }
    CHECK(failed >= 4);
    usage_close();
}

TESTS(a_query_is_of_thirty_days_by_model, a_month_is_its_first_or_its_last_day,
      what_is_no_day_is_told, what_is_no_column_is_told,
      a_range_that_ends_before_it_begins_is_told,
      csv_has_a_line_of_names_and_one_for_each_group, json_has_rows_and_a_total,
      columns_come_and_sort_in_the_order_of_by, a_name_picks_its_rows,
      an_empty_name_picks_those_without, a_spreadsheet_sees_no_formula,
      csv_quotes_what_would_end_a_field, json_is_json_whatever_the_names,
      an_empty_store_has_an_empty_report, a_report_that_is_too_long_is_refused,
      more_rows_than_a_page_are_all_read, without_memory_a_report_says_so)
