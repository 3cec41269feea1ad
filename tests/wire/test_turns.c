/*
** test_turns.c -- a shorter conversation is still one.
**
** Conversations here are written in letters: s system, d developer, u user,
** a assistant, c assistant that calls tools, t the result of the call before,
** and C with T the same by id. Every text is as long as every other.
*/
#include "unit.h"

#include "base/mem.h"
#include "kernel/estimate.h"
#include "wire/turns.h"

#define EACH 16 /* tokens of a text */

static struct arena arena;
static struct buf body;
static struct turns t;

static const char *role_of_letter(char letter)
{
    switch (letter) {
    case 's':
        return "system";
    case 'd':
        return "developer";
    case 'u':
        return "user";
    case 't':
    case 'T':
        return "tool";
    default:
        return "assistant";
    }
}

static void put(char letter, int at, int calls)
{
    buf_print(&body, "%s{\"role\":\"%s\",\"content\":\"", at > 0 ? ", " : "",
              role_of_letter(letter));
    for (int i = 0; i < EACH; i++)
        buf_print(&body, "%c%03d", letter, at);
    buf_byte(&body, '"');
    if (letter == 'c' || letter == 'C')
        buf_print(&body, ",\"tool_calls\":[{\"id\":\"call_%06d\"}]", calls);
    if (letter == 'T')
        buf_print(&body, ",\"tool_call_id\":\"call_%06d\"", calls);
    buf_byte(&body, '}');
}

/* A conversation; T answers the first call, t the one before it. */
static void talk(const char *letters)
{
    int calls = 0;
    arena_init(&arena);
    buf_init(&body, 1 << 24);
    buf_byte(&body, '[');
    for (int i = 0; letters[i] != '\0'; i++) {
        calls += letters[i] == 'c' || letters[i] == 'C';
        put(letters[i], i, letters[i] == 'T' ? 1 : calls);
    }
    buf_byte(&body, ']');
    struct json_error error;
    CHECK(json_check(buf_str(&body), &error));
    CHECK(turns_read(&t, json_of(buf_str(&body)), &arena));
}

static void over(void)
{
    buf_fini(&body);
    arena_fini(&arena);
}

/* What is left, in the same letters. */
static void left(const char *want)
{
    char got[64] = "";
    struct buf out;
    struct json_error error;
    buf_init(&out, 1 << 24);
    turns_put(&t, STR_NONE, &out);
    CHECK(json_check(buf_str(&out), &error));
    struct json_walk w = json_walk(json_of(buf_str(&out)));
    for (size_t i = 0; json_next(&w) && i < sizeof got - 1; i++)
        got[i] = json_get(w.value, STR("content")).text.p[1];
    CHECK_STR(str_of(got), want);
    buf_fini(&out);
}

/* With room for about so many messages, of 35 tokens or a few more. */
static int drop(int messages, int recent)
{
    return turns_drop(&t, (int64_t)messages * 40, recent);
}

static void what_fits_stays_whole(void)
{
    talk("suaua");
    CHECK_INT(turns_drop(&t, t.tokens, 1), 0);
    left("suaua");
    over();
}

static void the_oldest_turns_leave_whole(void)
{
    talk("suauauau");
    CHECK_INT(drop(5, 1), 4);
    left("suau");
    over();
}

static void instructions_stay_wherever_they_stand(void)
{
    talk("suaduau");
    CHECK_INT(drop(1, 1), 4);
    left("sdu");
    over();
}

static void the_last_question_always_stays(void)
{
    talk("uauct");
    CHECK_INT(turns_drop(&t, 0, 1), 2);
    left("uct");
    over();
}

static void a_call_leaves_with_its_results(void)
{
    talk("sucttauctta");
    drop(6, 1);
    left("suctta");
    over();
}

/* Between the call and its result stands something that stays. */
static void a_result_further_on_leaves_with_its_call(void)
{
    talk("uCsTau");
    CHECK_INT(drop(1, 1), 4);
    left("su");
    over();
}

static void a_pin_keeps_the_whole_piece(void)
{
    talk("uctauau");
    turns_keep(&t, 2);
    CHECK(!turns_loose(&t, 1) && turns_loose(&t, 3));
    CHECK_INT(drop(1, 1), 4);
    left("ctu");
    over();
}

/* One long loop of an agent: old steps leave, the question and the latest
** step stay. */
static void of_a_long_loop_the_old_steps_leave(void)
{
    talk("suctctctct");
    CHECK_INT(drop(7, 1), 4);
    left("suctct");
    CHECK_INT(drop(0, 1), 2);
    left("suct");
    over();
}

static void the_recent_turns_are_spared(void)
{
    talk("uauauau");
    CHECK_INT(drop(0, 3), 2);
    left("uauau");
    over();
}

static void what_stands_before_the_first_question_is_old(void)
{
    talk("aauau");
    CHECK_INT(drop(4, 1), 2);
    left("uau");
    over();
}

static void without_a_question_the_last_message_stays(void)
{
    talk("aaa");
    CHECK_INT(drop(0, 1), 2);
    left("a");
    over();
}

static void a_note_stands_where_the_first_was(void)
{
    struct buf out;
    talk("suau");
    drop(0, 1);
    buf_init(&out, 1 << 16);
    turns_put(&t, STR("left \"out\""), &out);
    struct json_walk w = json_walk(json_of(buf_str(&out)));
    CHECK(json_next(&w) && json_next(&w));
    CHECK_STR(w.value.text,
              "{\"role\":\"user\",\"content\":\"left \\\"out\\\"\"}");
    CHECK(json_next(&w) && !json_next(&w));
    buf_fini(&out);
    over();
}

static void another_choice_has_another_hash(void)
{
    talk("uauauau");
    uint64_t whole = turns_hash(&t);
    drop(5, 1);
    uint64_t some = turns_hash(&t);
    drop(0, 1);
    CHECK(whole != some && some != turns_hash(&t));
    over();
}

/* Any conversation, any room: no result without its call and no call without
** its results, and what must stay stays. */
static void no_call_is_parted_from_its_result(void)
{
    uint64_t dice = 1;
    for (int round = 0; round < 2000; round++) {
        char letters[40] = "";
        size_t n = 1 + dice % 30;
        for (size_t i = 0; i < n; i++) {
            dice = dice * 6364136223846793005u + 1442695040888963407u;
            letters[i] = "suact"[(dice >> 33) % 5];
        }
        talk(letters);
        drop((int)(dice >> 40) % 20, 1 + (int)(dice >> 50) % 3);
        for (int i = 0, call = -1; i < t.n; i++) {
            call = letters[i] == 'c' ? i : call;
            if (letters[i] == 't' && call >= 0)
                CHECK_INT(t.at[i].gone, t.at[call].gone);
            CHECK(letters[i] != 's' || !t.at[i].gone);
        }
        CHECK(!t.at[t.n - 1].gone);
        over();
    }
}

static void what_is_no_list_is_not_read(void)
{
    struct turns none;
    arena_init(&arena);
    CHECK(!turns_read(&none, json_of(STR("{}")), &arena));
    CHECK(!turns_read(&none, (struct json){.kind = JSON_NONE}, &arena));
    CHECK(turns_read(&none, json_of(STR("[]")), &arena));
    CHECK_INT(turns_drop(&none, 0, 1), 0);
    CHECK(
        turns_read(&none, json_of(STR("[1,null,\"x\",{\"role\":1}]")), &arena));
    CHECK_INT(turns_drop(&none, 0, 1), 3);
    arena_fini(&arena);
}

static void without_memory_it_is_not_read(void)
{
    struct turns none;
    arena_init(&arena);
    mem_fail_at(1, 1);
    CHECK(!turns_read(&none, json_of(STR("[{\"content\":\"\\n\"}]")), &arena));
    mem_fail_at(0, 0);
    arena_fini(&arena);
}

static void a_crowd_of_messages_is_not_read(void)
{
    struct turns none;
    arena_init(&arena);
    buf_init(&body, 1 << 20);
    for (int i = 0; i <= TURNS_MOST; i++)
        buf_text(&body, i == 0 ? "[1" : ",1");
    buf_byte(&body, ']');
    CHECK(!turns_read(&none, json_of(buf_str(&body)), &arena));
    over();
}

static int64_t tokens(const char *messages)
{
    struct turns some;
    arena_init(&arena);
    CHECK(turns_read(&some, json_of(str_of(messages)), &arena));
    arena_fini(&arena);
    return some.tokens - ESTIMATE_REQUEST - ESTIMATE_MESSAGE;
}

static void a_picture_is_not_counted_by_its_bytes(void)
{
    CHECK_INT(tokens("[{\"content\":[{\"type\":\"image_url\",\"image_url\":{"
                     "\"url\":\"data:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}},"
                     "{\"type\":\"text\",\"text\":\"abcd\"}]}]"),
              ESTIMATE_PART + 1);
}

static void escapes_are_counted_as_what_they_say(void)
{
    CHECK_INT(tokens("[{\"content\":\"\\u5bc6\\u7801\"}]"), 2);
}

static int loop_ids(const char *messages, uint64_t *ids)
{
    return turns_loop(json_of(str_of(messages)), ids, 8);
}

#define RESULT(id) \
    "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"x\"}"

static void a_loop_ends_in_a_result(void)
{
    uint64_t ids[8];
    CHECK_INT(loop_ids("[]", ids), -1);
    CHECK_INT(loop_ids("[" RESULT("call_abcdef") ",{\"role\":\"user\"}]", ids),
              -1);
    CHECK_INT(
        loop_ids("[" RESULT("call_abcdef") "," RESULT("call_ghijkl") "]", ids),
        2);
    CHECK(ids[0] == turns_id(json_of(STR("\"call_ghijkl\""))));
    CHECK(ids[1] == turns_id(json_of(STR("\"call_abcdef\""))));
}

static void an_id_that_repeats_tells_nothing(void)
{
    uint64_t ids[8];
    CHECK_INT(loop_ids("[" RESULT("call_0") "]", ids), 0);
    CHECK(turns_id(json_of(STR("\"call_0\""))) == 0);
    CHECK(turns_id(json_of(STR("12345678901234"))) == 0);
    CHECK(turns_id(json_of(STR("\"D681PevKs\""))) != 0);
}

TESTS(what_fits_stays_whole, the_oldest_turns_leave_whole,
      instructions_stay_wherever_they_stand, the_last_question_always_stays,
      a_call_leaves_with_its_results, a_result_further_on_leaves_with_its_call,
      a_pin_keeps_the_whole_piece, of_a_long_loop_the_old_steps_leave,
      the_recent_turns_are_spared, what_stands_before_the_first_question_is_old,
      without_a_question_the_last_message_stays,
      a_note_stands_where_the_first_was, another_choice_has_another_hash,
      no_call_is_parted_from_its_result, what_is_no_list_is_not_read,
      a_picture_is_not_counted_by_its_bytes,
      escapes_are_counted_as_what_they_say, a_loop_ends_in_a_result,
      an_id_that_repeats_tells_nothing, without_memory_it_is_not_read,
      a_crowd_of_messages_is_not_read)
