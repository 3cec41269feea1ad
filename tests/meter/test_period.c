/*
** test_period.c -- which period an instant lies in. Zones here are functions;
** test_zone.c has the real ones.
*/
#include "unit.h"

#include "base/utc.h"
#include "meter/period/period.h"

#define HOUR 3600

static int64_t when(int year, int month, int day, int hour, int minute)
{
    struct utc u = {year, month, day, hour, minute, 0};
    return utc_seconds(&u);
}

static struct span span_of(const struct period *p, int64_t seconds)
{
    return period_at(p, seconds * NANOS_S);
}

/* The period of an instant is [from, to). */
static void lies(const struct period *p, int64_t at, int64_t from, int64_t to)
{
    struct span s = span_of(p, at);
    CHECK_INT(s.slot, from);
    CHECK_INT(s.ends / NANOS_S, to);
    CHECK_INT(s.until, s.ends);
    CHECK_INT(s.slots, 1);
}

/* At both of its ends too. */
static void reaches(const struct period *p, int64_t from, int64_t to)
{
    lies(p, from, from, to);
    lies(p, to - 1, from, to);
    CHECK_INT(span_of(p, to).slot, to);
}

static void in_utc_periods_begin_where_people_think(void)
{
    int64_t at = when(2024, 5, 15, 13, 45) + 7; /* a Wednesday */
    lies(&(struct period){.unit = PERIOD_SECOND}, at, at, at + 1);
    lies(&(struct period){.unit = PERIOD_MINUTE}, at, at - 7, at + 53);
    lies(&(struct period){.unit = PERIOD_HOUR}, at, when(2024, 5, 15, 13, 0),
         when(2024, 5, 15, 14, 0));
    lies(&(struct period){.unit = PERIOD_DAY}, at, when(2024, 5, 15, 0, 0),
         when(2024, 5, 16, 0, 0));
    lies(&(struct period){.unit = PERIOD_WEEK}, at, when(2024, 5, 13, 0, 0),
         when(2024, 5, 20, 0, 0));
    lies(&(struct period){.unit = PERIOD_MONTH}, at, when(2024, 5, 1, 0, 0),
         when(2024, 6, 1, 0, 0));
}

static void months_have_their_own_lengths(void)
{
    struct period p = {.unit = PERIOD_MONTH};
    reaches(&p, when(2023, 2, 1, 0, 0), when(2023, 3, 1, 0, 0));
    reaches(&p, when(2024, 2, 1, 0, 0), when(2024, 3, 1, 0, 0));
    reaches(&p, when(2024, 12, 1, 0, 0), when(2025, 1, 1, 0, 0));
    lies(&p, when(2024, 2, 29, 23, 59), when(2024, 2, 1, 0, 0),
         when(2024, 3, 1, 0, 0));
    CHECK_INT(when(2100, 3, 1, 0, 0) - when(2100, 2, 1, 0, 0), 28 * 86400);
    reaches(&p, when(2100, 2, 1, 0, 0), when(2100, 3, 1, 0, 0));
}

static void an_edge_belongs_to_what_begins(void)
{
    struct period p = {.unit = PERIOD_DAY};
    int64_t edge = when(2024, 3, 1, 0, 0);
    CHECK_INT(period_at(&p, edge * NANOS_S - NANOS_MS).slot, edge - 86400);
    CHECK_INT(period_at(&p, edge * NANOS_S - 1).slot, edge - 86400);
    CHECK_INT(period_at(&p, edge * NANOS_S).slot, edge);
    CHECK_INT(period_at(&p, edge * NANOS_S + NANOS_MS).slot, edge);
}

static void a_fixed_offset_moves_midnight(void)
{
    struct period p = {.unit = PERIOD_DAY, .offset = 5 * HOUR + 1800};
    reaches(&p, when(2024, 5, 14, 18, 30), when(2024, 5, 15, 18, 30));
    p.offset = -8 * HOUR;
    reaches(&p, when(2024, 5, 15, 8, 0), when(2024, 5, 16, 8, 0));
    p.unit = PERIOD_MONTH;
    reaches(&p, when(2024, 2, 1, 8, 0), when(2024, 3, 1, 8, 0));
    p.unit = PERIOD_WEEK;
    reaches(&p, when(2024, 5, 13, 8, 0), when(2024, 5, 20, 8, 0));
    p.unit = PERIOD_HOUR;
    p.offset = 1800;
    reaches(&p, when(2024, 5, 15, 8, 0), when(2024, 5, 15, 9, 0));
}

/* --- clocks that change ---------------------------------------------------- */

struct change {
    int64_t at;
    int before, after;
};

static int changing(const void *of, int64_t at)
{
    const struct change *c = of;
    return at < c->at ? c->before : c->after;
}

static struct period zone_of(const struct change *c, enum period_unit unit)
{
    return (struct period){.unit = unit, .zone = changing, .of = c};
}

static void a_day_has_23_hours_when_clocks_go_forward(void)
{
    struct change c = {when(2024, 3, 31, 1, 0), HOUR, 2 * HOUR}; /* Berlin */
    struct period p = zone_of(&c, PERIOD_DAY);
    reaches(&p, when(2024, 3, 29, 23, 0), when(2024, 3, 30, 23, 0));
    reaches(&p, when(2024, 3, 30, 23, 0), when(2024, 3, 31, 22, 0));
    reaches(&p, when(2024, 3, 31, 22, 0), when(2024, 4, 1, 22, 0));
    p.unit = PERIOD_MONTH;
    reaches(&p, when(2024, 2, 29, 23, 0), when(2024, 3, 31, 22, 0));
    p.unit = PERIOD_WEEK;
    reaches(&p, when(2024, 3, 24, 23, 0), when(2024, 3, 31, 22, 0));
}

static void a_day_has_25_hours_when_they_go_back(void)
{
    struct change c = {when(2024, 10, 27, 1, 0), 2 * HOUR, HOUR};
    struct period p = zone_of(&c, PERIOD_DAY);
    reaches(&p, when(2024, 10, 26, 22, 0), when(2024, 10, 27, 23, 0));
    reaches(&p, when(2024, 10, 27, 23, 0), when(2024, 10, 28, 23, 0));
}

static void a_midnight_that_is_skipped_is_where_it_was_skipped(void)
{
    /* Sao Paulo, 2018: 0:00 was 1:00 */
    struct change c = {when(2018, 11, 4, 3, 0), -3 * HOUR, -2 * HOUR};
    struct period p = zone_of(&c, PERIOD_DAY);
    reaches(&p, when(2018, 11, 3, 3, 0), when(2018, 11, 4, 3, 0));
    reaches(&p, when(2018, 11, 4, 3, 0), when(2018, 11, 5, 2, 0));
}

static void a_midnight_that_comes_twice_counts_once(void)
{
    /* Havana, 2024: 1:00 was 0:00 again */
    struct change c = {when(2024, 11, 3, 5, 0), -4 * HOUR, -5 * HOUR};
    struct period p = zone_of(&c, PERIOD_DAY);
    reaches(&p, when(2024, 11, 2, 4, 0), when(2024, 11, 3, 4, 0));
    reaches(&p, when(2024, 11, 3, 4, 0), when(2024, 11, 4, 5, 0));
}

/* Samoa had no 30 December 2011: a date that is not there has no length. */
static void a_date_that_is_left_out_is_no_period(void)
{
    struct change c = {when(2011, 12, 30, 10, 0), -10 * HOUR, 14 * HOUR};
    struct period p = zone_of(&c, PERIOD_DAY);
    int64_t last = INT64_MIN;
    for (int64_t at = when(2011, 12, 28, 0, 0); at < when(2012, 1, 2, 0, 0);
         at += 600) {
        struct span s = span_of(&p, at);
        CHECK(s.slot <= at && at < s.ends / NANOS_S && s.slot >= last);
        last = s.slot;
    }
}

/* Whatever the change and where it lies, periods are in order without a gap. */
static void periods_cut_time_without_gap_or_overlap(void)
{
    static const int offsets[] = {-HOUR, 0, 1800, HOUR, 2 * HOUR, 10 * HOUR};
    for (int i = 0; i < 36; i++) {
        struct change c = {when(2024, 2, 29, 12, 0) + i * 1801, offsets[i % 6],
                           offsets[i / 6]};
        for (int unit = PERIOD_SECOND; unit <= PERIOD_MONTH; unit++) {
            struct period p = zone_of(&c, (enum period_unit)unit);
            struct span last = span_of(&p, c.at - 3 * 86400);
            for (int64_t at = c.at - 3 * 86400; at < c.at + 3 * 86400;
                 at += 450) {
                struct span s = span_of(&p, at);
                CHECK(s.slot <= at && at < s.ends / NANOS_S);
                CHECK(s.slot == last.slot || s.slot >= last.ends / NANOS_S);
                CHECK(s.slot != last.slot || s.ends == last.ends);
                last = s;
            }
        }
    }
}

/* --- windows --------------------------------------------------------------- */

static void every_stretch_as_long_as_a_window_is_within_its_slots(void)
{
    for (int unit = PERIOD_SECOND; unit <= PERIOD_MONTH; unit++) {
        struct period p = {.unit = (enum period_unit)unit, .rolling = true};
        static const int64_t lengths[] = {1,     60,        3600,
                                          86400, 7 * 86400, 30 * 86400};
        nanos window = lengths[unit] * NANOS_S;
        for (int i = 0; i < 1000; i++) {
            nanos now = 1700000000 * NANOS_S + i * (window / 997);
            struct span from = period_at(&p, now);
            struct span to = period_at(&p, now + window);
            CHECK_INT(from.slots, PERIOD_SLOTS);
            CHECK(to.slot - from.slot < PERIOD_SLOTS);
            CHECK(from.ends > now && from.ends <= now + window / 12 + 1);
            CHECK(period_at(&p, from.until).slot - from.slot == PERIOD_SLOTS);
        }
    }
}

static void absurd_instants_lie_somewhere(void)
{
    for (int rolling = 0; rolling < 2; rolling++)
        for (int unit = PERIOD_SECOND; unit <= PERIOD_MONTH; unit++) {
            struct period p = {.unit = (enum period_unit)unit,
                               .rolling = rolling != 0,
                               .offset = -12 * HOUR};
            CHECK(period_at(&p, INT64_MIN).ends > 0);
            CHECK(period_at(&p, 0).ends > 0);
            CHECK(period_at(&p, INT64_MAX).ends > 0);
        }
}

/* A clock that is set back by a second, right after this period ended, was not
** wrong by a whole one: what was spent in the new one stays there. */
static void is_only_just_over(const struct period *p, int64_t from)
{
    struct span old = period_at(p, from * NANOS_S);
    struct span new = period_at(p, old.ends);
    CHECK_INT(new.slot - old.slot, old.ahead);
}

static void the_next_period_is_never_too_far_ahead(void)
{
    struct change c = {when(2024, 10, 27, 1, 0), 2 * HOUR, HOUR};
    struct period berlin = zone_of(&c, PERIOD_DAY);
    struct period month = {.unit = PERIOD_MONTH};
    is_only_just_over(&month, when(2024, 1, 1, 0, 0));
    is_only_just_over(&month, when(2024, 2, 1, 0, 0));
    is_only_just_over(&berlin, when(2024, 10, 26, 22, 0));
    berlin.unit = PERIOD_WEEK;
    is_only_just_over(&berlin, when(2024, 10, 20, 22, 0));
    is_only_just_over(&(struct period){.unit = PERIOD_HOUR}, 0);
}

static void units_have_names(void)
{
    CHECK_INT(period_unit("second"), PERIOD_SECOND);
    CHECK_INT(period_unit("month"), PERIOD_MONTH);
    CHECK_INT(period_unit("fortnight"), -1);
}

TESTS(in_utc_periods_begin_where_people_think, months_have_their_own_lengths,
      an_edge_belongs_to_what_begins, a_fixed_offset_moves_midnight,
      a_day_has_23_hours_when_clocks_go_forward,
      a_day_has_25_hours_when_they_go_back,
      a_midnight_that_is_skipped_is_where_it_was_skipped,
      a_midnight_that_comes_twice_counts_once,
      a_date_that_is_left_out_is_no_period,
      periods_cut_time_without_gap_or_overlap,
      every_stretch_as_long_as_a_window_is_within_its_slots,
      the_next_period_is_never_too_far_ahead, absurd_instants_lie_somewhere,
      units_have_names)
