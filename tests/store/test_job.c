/*
** test_job.c -- a job's record and its packets, on the disk and in memory.
*/
#include "unit.h"

#include "store/jobs/job.h"

#define ID "job_0123456789abcdef0123456789abcdef"

static struct arena arena;
static struct job_record got;

static bool read_back(const struct job_record *job)
{
    struct buf b;
    buf_init(&b, 4096);
    job_write(job, &b);
    bool well = job_read(STR(ID), buf_str(&b), &arena, &got);
    buf_fini(&b);
    return well;
}

static void a_record_comes_back_as_it_was(void)
{
    struct job_record job = {.id = ID,
                             .queue = STR("later"),
                             .key = STR("key_1"),
                             .user = STR("a\"nn"),
                             .team = STR("red"),
                             .state = JOB_FAILED,
                             .created = 5,
                             .expires = 7,
                             .due = 6,
                             .tries = 3,
                             .deaths = 1,
                             .status = 503,
                             .size = 99,
                             .why = "job_lost"};
    arena_init(&arena);
    CHECK(read_back(&job));
    CHECK_STR(str_of(got.id), ID);
    CHECK_STR(got.queue, "later");
    CHECK_STR(got.key, "key_1");
    CHECK_STR(got.user, "a\"nn");
    CHECK_STR(got.team, "red");
    CHECK_INT(got.state, JOB_FAILED);
    CHECK(got.created == 5 && got.expires == 7 && got.due == 6);
    CHECK(got.tries == 3 && got.deaths == 1 && got.status == 503);
    CHECK_INT(got.size, 99);
    CHECK_STR(str_of(got.why), "job_lost");
    arena_fini(&arena);
}

static void what_is_not_said_is_absent(void)
{
    struct job_record job = {.queue = STR("q")};
    arena_init(&arena);
    CHECK(read_back(&job));
    CHECK(got.key.p == NULL && got.user.p == NULL && got.why == NULL);
    arena_fini(&arena);
}

static void what_is_no_record_is_refused(void)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"state\":\"odd\",\"queue\":\"q\"}",
        "{\"state\":\"queued\",\"queue\":\"q\",\"created\":-1,\"expires\":1,"
        "\"due\":1,\"tries\":1,\"deaths\":0,\"status\":0,\"size\":0}",
        "{\"state\":\"queued\",\"queue\":7,\"created\":1,\"expires\":1,"
        "\"due\":1,\"tries\":1,\"deaths\":0,\"status\":0,\"size\":0}",
    };
    arena_init(&arena);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK(!job_read(STR(ID), str_of(texts[i]), &arena, &got));
    arena_fini(&arena);
}

static void a_packet_comes_back_as_it_was(void)
{
    struct buf b;
    struct job_packet back;
    struct http_field fields[] = {{STR("a"), STR("1\"2")}, {STR("b"), STR("")}};
    struct job_packet packet = {fields, 2, {"x\n\0y", 4}};
    arena_init(&arena);
    buf_init(&b, 4096);
    job_pack(&packet, &b);
    CHECK(job_unpack(buf_str(&b), &arena, &back));
    CHECK_INT(back.fields_n, 2);
    CHECK_STR(back.fields[0].name, "a");
    CHECK_STR(back.fields[0].value, "1\"2");
    CHECK_STR(back.fields[1].value, "");
    CHECK(str_eq(back.body, packet.body));
    buf_fini(&b);
    arena_fini(&arena);
}

static void what_is_no_packet_is_refused(void)
{
    static const char *const texts[] = {
        "",           "[]",      "{}\nbody",       "[1]\nbody",
        "[[]]\nbody", "x\nbody", "[[\"a\"]]\nbody"};
    struct job_packet packet;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK(!job_unpack(str_of(texts[i]), &arena, &packet));
    CHECK(job_unpack(STR("[]\n"), &arena, &packet));
    arena_fini(&arena);
}

TESTS(a_record_comes_back_as_it_was, what_is_not_said_is_absent,
      what_is_no_record_is_refused, a_packet_comes_back_as_it_was,
      what_is_no_packet_is_refused)
