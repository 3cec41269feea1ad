/*
** Without memory: whatever allocation fails, a request that was taken is done
** once, nothing is left behind, and the next request is well.
*/
#include "policy_rig.h"

#define POLICY                                           \
    FAILS("b", 503)                                      \
    OK("a")                                              \
    "local b, a = p.model 'b/x', p.model 'a/y' "         \
    "local l = p.filter { { b, a }, with = function(t) " \
    "  return nil end } "                                \
    "return function(req) "                              \
    "  if #req.messages > 0 then p.sleep '0s' end "      \
    "  return l(req:with { max_tokens = 5 }) end"

static void submit_and_wait(const char *body, long n, int onwards)
{
    static const peri_sink sink = {sizeof sink, NULL, rig_head, rig_chunk,
                                   rig_done};
    peri_request req = {
        .size = sizeof req, .body = body, .body_len = strlen(body)};
    got_clear();
    /* The test's own buffers are filled before anything fails. */
    buf_room(&got.headers, 8192);
    buf_room(&got.body, 1 << 16);
    buf_room(&logged, 1 << 20);
    mem_fail_at(n, onwards);
    int taken = peri_submit(peri, &req, &sink, NULL);
    for (int i = 0; taken == 0 && i < 300 && got.dones == 0; i++)
        peri_step(peri, 0.001);
    mem_fail_at(0, 0);
    CHECK(taken == 0 || taken == PERI_EMEMORY);
    CHECK_INT(got.dones, taken == 0);
}

/* How often a request came out whole although its n-th allocation failed;
** ends when so many in a row did. */
static void fail_each(const char *body, int onwards)
{
    int failed = 0, whole = 0;
    begin(POLICY);
    chat();
    for (long n = 1; n < 400 && whole < 60; n++) {
        submit_and_wait(body, n, onwards);
        bool well =
            got.dones == 1 && got.outcome == PERI_DONE && got.status == 200;
        whole = well ? whole + 1 : 0;
        failed += !well;
        check_log();
        buf_clear(&logged);
        chat();
        CHECK_INT(got.status, 200);
        CHECK_STR(said(), "a");
    }
    CHECK(failed > 3 && whole >= 60);
    finish();
}

static void one_allocation_fails_in_a_whole_reply(void)
{
    fail_each(WHOLE, 0);
}

static void one_allocation_fails_in_a_stream(void)
{
    fail_each(STREAM, 0);
}

static void all_further_allocations_fail_in_a_whole_reply(void)
{
    begin(POLICY);
    for (long n = 1; n < 120; n++) {
        submit_and_wait(WHOLE, n, 1);
        check_log();
        buf_clear(&logged);
    }
    chat();
    CHECK_STR(said(), "a");
    finish();
}

static void one_allocation_fails_in_a_load(void)
{
    int error = PERI_EPOLICY;
    begin(POLICY);
    for (long n = 1; n < 20000 && error != 0; n += n < 50 ? 1 : 97) {
        struct buf text;
        buf_init(&text, 1 << 16);
        buf_text(&text, PRELUDE POLICY);
        mem_fail_at(n, 1);
        error = peri_load_text(peri, "P", text.p, text.n);
        mem_fail_at(0, 0);
        buf_fini(&text);
        if (n % 10 == 0)
            chat();
        CHECK(got.status == 200 || got.dones == 0);
    }
    CHECK_INT(error, 0);
    chat();
    CHECK_STR(said(), "a");
    finish();
}

/* The model's name is kept in the request's memory, so its length moves where a
** block of that ends: each of the request's own pieces once needs another one. */
static void wherever_a_block_ends_the_next_one_may_fail(void)
{
    char name[1009], body[1200];
    begin(OK("a") "return 'a/y'");
    for (size_t len = 16; len < sizeof name; len += 16) {
        memset(name, 'm', len);
        name[len] = '\0';
        snprintf(body, sizeof body, "{\"model\":\"%s\"," MESSAGES "}", name);
        for (long n = 1; n < 40; n++) {
            submit_and_wait(body, n, 0);
            buf_clear(&logged);
        }
    }
    chat();
    CHECK_STR(said(), "a");
    finish();
}

TESTS(wherever_a_block_ends_the_next_one_may_fail,
      one_allocation_fails_in_a_whole_reply, one_allocation_fails_in_a_stream,
      all_further_allocations_fail_in_a_whole_reply,
      one_allocation_fails_in_a_load)
