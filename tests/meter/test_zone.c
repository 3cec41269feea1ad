/*
** test_zone.c -- zones from their files: some made here, and those of the system
** beside what the C library makes of them, where it has any.
*/
#include "unit.h"

#include <time.h>

#include "base/utc.h"
#include "meter/period/period.h"
#include "meter/period/zone.h"

#define HOUR 3600

static char file[4096];
static size_t file_n;

static void bytes(const void *p, size_t n)
{
    memcpy(file + file_n, p, n);
    file_n += n;
}

static void big(int64_t value, int n)
{
    for (int i = n - 1; i >= 0; i--)
        file[file_n++] = (char)((uint64_t)value >> (8 * i));
}

static void head(int times, int kinds)
{
    bytes("TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    int counts[] = {0, 0, 0, times, kinds, 4};
    for (int i = 0; i < 6; i++)
        big(counts[i], 4);
}

/* A file with these changes between two offsets, and this rule. */
static str file_of(const int64_t *times, int n, const int offsets[2],
                   const char *rule)
{
    file_n = 0;
    head(0, 1);
    bytes("\0\0\0\0\0\0LMT", 10);
    head(n, 2);
    for (int i = 0; i < n; i++)
        big(times[i], 8);
    for (int i = 0; i < n; i++)
        big((i + 1) % 2, 1);
    for (int i = 0; i < 2; i++) {
        big(offsets[i], 4);
        big(i, 1);
        big(0, 1);
    }
    bytes("LMT", 4);
    bytes("\n", 1);
    bytes(rule, strlen(rule));
    bytes("\n", 1);
    return (str){file, file_n};
}

static int64_t when(int year, int month, int day, int hour)
{
    struct utc u = {year, month, day, hour, 0, 0};
    return utc_seconds(&u);
}

static struct zone zone;
static const int berlin[2] = {HOUR, 2 * HOUR};

static void by_rule(const char *rule)
{
    CHECK(zone_read(&zone, file_of(NULL, 0, berlin, rule)));
}

/* The clocks change at an instant, and not a second earlier. */
static void changes(int64_t at, int before, int after)
{
    CHECK_INT(zone_offset(&zone, at - 1), before);
    CHECK_INT(zone_offset(&zone, at), after);
}

static void changes_that_are_listed_are_kept(void)
{
    int64_t times[] = {when(1980, 4, 6, 1), when(1980, 9, 28, 1)};
    CHECK(zone_read(&zone, file_of(times, 2, berlin, "")));
    CHECK_INT(zone_offset(&zone, 0), HOUR);
    changes(times[0], HOUR, 2 * HOUR);
    changes(times[1], 2 * HOUR, HOUR);
    CHECK_INT(zone_offset(&zone, when(2040, 7, 1, 0)), HOUR);
}

static void the_rule_goes_on_for_ever(void)
{
    by_rule("CET-1CEST,M3.5.0,M10.5.0/3");
    changes(when(2024, 3, 31, 1), HOUR, 2 * HOUR);
    changes(when(2024, 10, 27, 1), 2 * HOUR, HOUR);
    changes(when(2060, 3, 28, 1), HOUR, 2 * HOUR);
    by_rule("EST5EDT,M3.2.0,M11.1.0");
    changes(when(2050, 3, 13, 7), -5 * HOUR, -4 * HOUR);
    changes(when(2050, 11, 6, 6), -4 * HOUR, -5 * HOUR);
}

static void in_the_south_summer_is_around_new_year(void)
{
    by_rule("AEST-10AEDT,M10.1.0,M4.1.0/3");
    CHECK_INT(zone_offset(&zone, when(2030, 1, 1, 0)), 11 * HOUR);
    CHECK_INT(zone_offset(&zone, when(2030, 7, 1, 0)), 10 * HOUR);
    changes(when(2030, 4, 6, 16), 11 * HOUR, 10 * HOUR);
}

static void odd_rules_are_understood(void)
{
    by_rule("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1"); /* Nuuk, before 2023 */
    changes(when(2022, 3, 27, 1), -3 * HOUR, -2 * HOUR);
    by_rule("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"); /* Lord Howe */
    CHECK_INT(zone_offset(&zone, when(2030, 7, 1, 0)), 10 * HOUR + 1800);
    by_rule("IST-5:30");
    CHECK_INT(zone_offset(&zone, when(2030, 7, 1, 0)), 5 * HOUR + 1800);
    by_rule("AAA0BBB,J60/0,300/0");
    changes(when(2024, 3, 1, 0), 0, HOUR);
    changes(when(2023, 3, 1, 0), 0, HOUR);
    changes(when(2023, 10, 27, 23), HOUR, 0);
}

static void what_is_no_zone_is_refused(void)
{
    static const char *const rules[] = {"CET",
                                        "CET-1CEST",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M13.5.0,M10.5.0",
                                        "CET-1CEST,M3.6.0,M10.5.0",
                                        "CET-1CEST,M3.5.0,M10.5.0x",
                                        "CET-99",
                                        "<CET-1"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        CHECK(!zone_read(&zone, file_of(NULL, 0, berlin, rules[i])));
    int64_t backwards[] = {100, 50};
    CHECK(!zone_read(&zone, file_of(backwards, 2, berlin, "")));
    CHECK(!zone_read(&zone, STR_NONE));
    str good = file_of(backwards, 1, berlin, "CET-1");
    CHECK(zone_read(&zone, good));
    for (size_t n = 0; n < good.n; n++) {
        char *copy = mem_alloc(n + 1); /* so that ASan sees its end */
        memcpy(copy, good.p, n);
        CHECK(!zone_read(&zone, (str){copy, n}));
        mem_free(copy);
    }
}

static void a_name_leads_nowhere_else(void)
{
    CHECK(zone_named(STR("Europe/Berlin")));
    CHECK(zone_named(STR("America/Argentina/Buenos_Aires")));
    CHECK(zone_named(STR("Etc/GMT+3")));
    CHECK(!zone_named(STR("../../etc/passwd")));
    CHECK(!zone_named(STR("Europe/../x")));
    CHECK(!zone_named(STR("/etc/passwd")));
    CHECK(!zone_named(STR("")));
}

static void days_of_a_zone_begin_at_its_midnight(void)
{
    by_rule("CET-1CEST,M3.5.0,M10.5.0/3");
    struct period p = {.unit = PERIOD_DAY, .zone = zone_offset, .of = &zone};
    struct span s = period_at(&p, when(2024, 3, 31, 12) * NANOS_S);
    CHECK_INT(s.slot, when(2024, 3, 30, 23));
    CHECK_INT(s.ends, when(2024, 3, 31, 22) * NANOS_S);
}

/* --- the system's ---------------------------------------------------------- */

static bool load(const char *name)
{
    static char from_disk[65536];
    char path[128];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    size_t n = fread(from_disk, 1, sizeof from_disk, f);
    fclose(f);
    CHECK(zone_read(&zone, (str){from_disk, n}));
    return true;
}

static void the_systems_zones_are_as_the_c_library_has_them(void)
{
    static const char *const names[] = {"Europe/Berlin",
                                        "America/New_York",
                                        "America/Sao_Paulo",
                                        "Asia/Kolkata",
                                        "Australia/Sydney",
                                        "Australia/Lord_Howe",
                                        "America/Havana",
                                        "America/St_Johns",
                                        "Asia/Beirut",
                                        "Pacific/Apia",
                                        "Africa/Casablanca",
                                        "Europe/Dublin",
                                        "Asia/Kathmandu",
                                        "America/Nuuk",
                                        "Antarctica/Troll",
                                        "Pacific/Chatham",
                                        "UTC"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!load(names[i]))
            continue;
        setenv("TZ", names[i], 1);
        tzset();
        int wrong = 0;
        for (time_t at = 86400; at < 4000000000; at += 7 * HOUR + 1234) {
            struct tm tm;
            localtime_r(&at, &tm);
            wrong += zone_offset(&zone, at) != tm.tm_gmtoff;
        }
        CHECK_INT(wrong, 0);
        if (wrong != 0)
            printf("#    %s\n", names[i]);
    }
    unsetenv("TZ");
    tzset();
}

TESTS(changes_that_are_listed_are_kept, the_rule_goes_on_for_ever,
      in_the_south_summer_is_around_new_year, odd_rules_are_understood,
      what_is_no_zone_is_refused, a_name_leads_nowhere_else,
      days_of_a_zone_begin_at_its_midnight,
      the_systems_zones_are_as_the_c_library_has_them)
