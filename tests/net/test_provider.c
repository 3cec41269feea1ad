/*
** Providers: their headers, their count, and the key that is wiped.
*/
#include "net/call/provider.h"

#include "base/err.h"
#include "unit.h"

static void a_new_provider_is_empty_and_counted_once(void)
{
    struct provider *p = provider_new();
    CHECK_INT(p->refs, 1);
    CHECK_INT(p->headers_n, 0);
    provider_keep(p);
    provider_release(p);
    CHECK_INT(p->refs, 1);
    provider_release(p);
    provider_release(NULL);
}

static void headers_are_copied(void)
{
    struct provider *p = provider_new();
    char name[] = "X-Team", value[] = "blue";
    CHECK_INT(provider_header(p, str_of(name), str_of(value)), 0);
    memset(name, '?', sizeof name - 1);
    memset(value, '?', sizeof value - 1);
    CHECK_INT(p->headers_n, 1);
    CHECK_STR(p->headers[0].name, "X-Team");
    CHECK_STR(p->headers[0].value, "blue");
    provider_release(p);
}

static void a_header_that_could_become_two_is_refused(void)
{
    struct provider *p = provider_new();
    CHECK_INT(provider_header(p, STR("X-A"), STR("b\r\nX-C: d")), ERR_INPUT);
    CHECK_INT(provider_header(p, STR("X-A"), STR("b\nc")), ERR_INPUT);
    CHECK_INT(provider_header(p, STR("X-A"), STR("b\0c")), ERR_INPUT);
    CHECK_INT(provider_header(p, STR("X A"), STR("b")), ERR_INPUT);
    CHECK_INT(provider_header(p, STR("X:A"), STR("b")), ERR_INPUT);
    CHECK_INT(provider_header(p, STR(""), STR("b")), ERR_INPUT);
    CHECK_INT(p->headers_n, 0);
    CHECK_INT(provider_header(p, STR("X-A"), STR("")), 0);
    provider_release(p);
}

static void there_is_room_for_so_many_and_no_more(void)
{
    struct provider *p = provider_new();
    for (int i = 0; i < PROVIDER_HEADERS; i++)
        CHECK_INT(provider_header(p, STR("X-A"), STR("b")), 0);
    CHECK_INT(provider_header(p, STR("X-A"), STR("b")), ERR_LIMIT);
    CHECK_INT(p->headers_n, PROVIDER_HEADERS);
    provider_release(p);
}

/* The arena's memory is still there when only the header's owner gives it
** back: keep the arena alive on its own and look at what is left. */
static void the_key_is_wiped_when_the_last_reference_goes(void)
{
    struct provider *p = provider_new();
    provider_header(p, STR("Authorization"), STR("Bearer sk-secret"));
    const char *at = p->headers[0].value.p;
    struct arena kept = p->arena;
    arena_init(&p->arena);
    provider_keep(p);
    provider_release(p);
    CHECK(memcmp(at, "Bearer sk-secret", 16) == 0);
    provider_release(p);
    for (int i = 0; i < 16; i++)
        CHECK_INT(at[i], 0);
    arena_fini(&kept);
}

static void without_memory_there_is_no_provider_and_no_header(void)
{
    mem_fail_at(1, 0);
    CHECK(provider_new() == NULL);
    mem_fail_at(0, 0);
    struct provider *p = provider_new();
    mem_fail_at(1, 1);
    CHECK_INT(provider_header(p, STR("X-A"), STR("b")), ERR_MEMORY);
    mem_fail_at(0, 0);
    CHECK_INT(p->headers_n, 0);
    CHECK_INT(provider_header(p, STR("X-A"), STR("b")), 0);
    provider_release(p);
}

TESTS(a_new_provider_is_empty_and_counted_once, headers_are_copied,
      a_header_that_could_become_two_is_refused,
      there_is_room_for_so_many_and_no_more,
      the_key_is_wiped_when_the_last_reference_goes,
      without_memory_there_is_no_provider_and_no_header)
