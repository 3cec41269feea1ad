/*
** test_stage.c -- a whole gateway in a simulated world: what it promises.
*/
#include "stage_rig.h"

#define LADDER "return { 'openai/a', 'anthropic/b' }"

/* --------------------------------------------------------------------------- */

static void a_guest_goes_through_the_whole_gateway(void)
{
    begin(PRELUDE LADDER);
    play("openai/a", (struct sim_script){.fails = 500});
    struct guest *g = ask(BODY);
    CHECK_INT(g->status, 200);
    CHECK(holds(buf_str(&g->body), "I am anthropic/b."));
    CHECK(holds(line_of(g), "\"path\":\"a server_error, b ok\""));
    CHECK_INT(g->ended - g->came, 40 * NANOS_MS);
    finish();
}

static void a_minute_passes_in_no_time(void)
{
    begin(PRELUDE "return function() p.sleep '60s' return p.say 'late' end");
    struct guest *g = ask(BODY);
    CHECK_INT(g->status, 200);
    CHECK_INT(g->ended - g->came, 60 * NANOS_S);
    finish();
}

static void a_stream_comes_piece_by_piece(void)
{
    begin("return 'openai/a'");
    play("openai/a",
         (struct sim_script){.text = STR("one two three"), .rate = 10});
    struct guest *g = ask(STREAM);
    const struct guest_chunk *chunks = (const void *)g->chunks.p;
    size_t n = g->chunks.n / sizeof *chunks;
    CHECK(n >= 3);
    CHECK_INT(chunks[n - 1].at - g->came, 220 * NANOS_MS);
    CHECK_INT(chunks[n - 1].end, g->body.n);
    finish();
}

static void guests_come_at_their_time_and_side_by_side(void)
{
    begin(PRELUDE "return function() p.sleep '5s' return p.say 'x' end");
    struct guest *a = guest_at(BODY, 0), *b = guest_at(BODY, NANOS_S);
    CHECK_INT(stage_play(s, NULL, began + 2 * NANOS_S), STAGE_TIME);
    CHECK(!a->done && !b->done);
    CHECK_INT(stage_play(s, NULL, NANOS_NEVER), STAGE_IDLE);
    CHECK_INT(a->ended - began, 5 * NANOS_S);
    CHECK_INT(b->ended - began, 6 * NANOS_S);
    finish();
}

static void who_leaves_is_waited_for_by_nobody(void)
{
    begin("return 'openai/a'");
    play("openai/a", (struct sim_script){.hangs = true});
    struct guest *g = guest_at(BODY, 0), *never = guest_at(BODY, 60 * NANOS_S);
    stage_play(s, NULL, began + 2 * NANOS_S);
    guest_leave(g);
    guest_leave(never);
    CHECK(g->done && g->outcome == OUTCOME_CLIENT_GONE && g->status == 0);
    CHECK(holds(line_of(g), "\"outcome\":\"client_gone\""));
    CHECK_INT(stage_play(s, NULL, NANOS_NEVER), STAGE_IDLE);
    CHECK(never->done && never->line_n == 0);
    finish();
}

static void an_edit_rules_the_next_request(void)
{
    begin(PRELUDE "return { p.say 'old' }");
    CHECK(holds(buf_str(&ask(BODY)->body), "old"));
    CHECK_INT(load(PRELUDE "return { p.say 'new' }"), 0);
    CHECK(holds(buf_str(&ask(BODY)->body), "new"));
    CHECK(load("return nonsense") != 0);
    CHECK(holds(stage_error(s), "P:1: undefined variable 'nonsense'"));
    CHECK(holds(buf_str(&ask(BODY)->body), "new"));
    finish();
}

static void what_still_runs_at_the_end_is_ended(void)
{
    begin("return 'openai/a'");
    play("openai/a", (struct sim_script){.hangs = true});
    guest_at(BODY, 0);
    guest_at(STREAM, 0);
    guest_at(BODY, 3600 * NANOS_S);
    stage_play(s, NULL, began + NANOS_S);
    finish();
}

static void a_policy_that_computes_for_ever_is_ended(void)
{
    begin("return function() while true do end end");
    struct guest *g = ask(BODY);
    CHECK_INT(g->status, 500);
    CHECK(holds(stage_log(s), "used up its processor time"));
    finish();
}

static void start_again(struct timer *t)
{
    timer_start(stage_world(s), t, world_now(stage_world(s)));
}

static void time_that_stands_still_is_told(void)
{
    struct timer timer = {.fire = start_again};
    begin(PRELUDE "return { p.say 'x' }");
    timer_start(stage_world(s), &timer, began);
    CHECK_INT(stage_play(s, NULL, NANOS_NEVER), STAGE_STUCK);
    timer_stop(stage_world(s), &timer);
    CHECK_INT(stage_play(s, NULL, NANOS_NEVER), STAGE_IDLE);
    finish();
}

/* What a run says, all of it: heads, bodies and the log. */
static void put_run(struct buf *all, uint64_t seed)
{
    begin_seeded(PRELUDE
                 "local a = p.model { 'openai/a', tries = 3 } "
                 "return function(req) "
                 "local t, said = {}, {} "
                 "for i = 1, 50 do t['name' .. i] = i end "
                 "for k in pairs(t) do said[#said + 1] = k end "
                 "p.log(table.concat(said, ' ') .. math.random(1000000)) "
                 "p.sleep(math.random()) "
                 "return a(req) or p.say(next(t)) end",
                 seed);
    play("openai/a", (struct sim_script){.fails = 500});
    for (int i = 0; i < 5; i++) {
        const struct guest *g = ask(i % 2 ? BODY : STREAM);
        for (int k = 0; k < g->fields_n; k++)
            buf_print(all, "%.*s: %.*s\n", STR_ARG(g->fields[k].name),
                      STR_ARG(g->fields[k].value));
        buf_add(all, buf_str(&g->body));
    }
    buf_add(all, stage_log(s));
    finish();
}

static void the_same_seed_is_the_same_run_to_the_byte(void)
{
    struct buf runs[3];
    for (int i = 0; i < 3; i++) {
        buf_init(&runs[i], 1 << 20);
        put_run(&runs[i], i < 2 ? 7 : 8);
    }
    CHECK(runs[0].n > 2000);
    CHECK(str_eq(buf_str(&runs[0]), buf_str(&runs[1])));
    CHECK(!str_eq(buf_str(&runs[0]), buf_str(&runs[2])));
    for (int i = 0; i < 3; i++)
        buf_fini(&runs[i]);
}

static void a_forgotten_guest_is_there_no_more(void)
{
    begin(PRELUDE "return { p.say 'x' }");
    struct guest *g = guest_at(BODY, 0);
    size_t number = g->number;
    stage_forget(g); /* it still runs */
    CHECK(stage_nth(s, number) == g);
    stage_play(s, g, NANOS_NEVER);
    stage_forget(g);
    CHECK(stage_nth(s, number) == NULL);
    CHECK(stage_nth(s, number + 1) == NULL);
    finish();
}

static void without_memory_a_stage_is_none_or_whole(void)
{
    for (int nth = 1; nth < 40; nth++) {
        struct stage_setup setup = {.bind = &bind_lua, .seed = 1};
        mem_fail_at(nth, 0);
        int error = stage_open(&s, &setup);
        if (error == 0 && load(PRELUDE "return { p.say 'x' }") == 0)
            guest_at(BODY, 0);
        mem_fail_at(0, 0);
        if (error == 0)
            stage_play(s, NULL, NANOS_NEVER);
        finish();
    }
}

TESTS(a_guest_goes_through_the_whole_gateway, a_minute_passes_in_no_time,
      a_stream_comes_piece_by_piece, guests_come_at_their_time_and_side_by_side,
      who_leaves_is_waited_for_by_nobody, an_edit_rules_the_next_request,
      what_still_runs_at_the_end_is_ended,
      a_policy_that_computes_for_ever_is_ended, time_that_stands_still_is_told,
      the_same_seed_is_the_same_run_to_the_byte,
      a_forgotten_guest_is_there_no_more,
      without_memory_a_stage_is_none_or_whole)
