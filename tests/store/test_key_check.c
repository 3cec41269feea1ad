/*
** test_key_check.c -- what a key may say, and what it may not.
*/
#include "unit.h"

#include "store/keys/key_check.h"
#include "store/keys/key_limits.h"

static const char *wrong_with(struct client_key key)
{
    struct key_wrong wrong = key_check(&key);
    return wrong.message != NULL ? wrong.member : "";
}

#define WRONG(member_, value_)                                            \
    CHECK_STR(str_of(wrong_with((struct client_key){.member_ = value_})), \
              #member_)
#define RIGHT(member_, value_) \
    CHECK_STR(str_of(wrong_with((struct client_key){.member_ = value_})), "")

static void a_key_that_says_nothing_is_fine(void)
{
    CHECK_STR(str_of(wrong_with((struct client_key){.admin = true})), "");
}

static void names_are_told_apart_by_their_bytes(void)
{
    static char longest[CLIENT_KEY_TEXT + 1];
    memset(longest, 'a', sizeof longest);
    RIGHT(user, STR("ada@lab.example"));
    RIGHT(team, STR("../../etc/passwd"));
    RIGHT(feature, STR("';--"));
    RIGHT(user, ((str){longest, CLIENT_KEY_TEXT}));
    WRONG(user, ((str){longest, CLIENT_KEY_TEXT + 1}));
    WRONG(user, STR(""));
    WRONG(user, STR("a b"));
    WRONG(team, STR("gold\n"));
    WRONG(team, STR("go\0ld"));
    WRONG(feature, STR("\xd0\xb0"
                       "da"));
    WRONG(feature, STR("a\x7f"));
    WRONG(user, STR("\x1b[31m"));
}

static void models_are_patterns_with_one_star(void)
{
    RIGHT(models, STR("[]"));
    RIGHT(models, STR("[\"openai/*\",\"*\",\"local/llama\"]"));
    WRONG(models, STR("[\"gpt-4o\"]"));
    WRONG(models, STR("[\"a/*b*\"]"));
    WRONG(models, STR("[\"\"]"));
    WRONG(models, STR("[\"a/b c\"]"));
    WRONG(models, STR("[1]"));
    WRONG(models, STR("[[\"a/b\"]]"));
    WRONG(models, STR("\"a/b\""));
}

static void metadata_is_flat_and_of_lines(void)
{
    RIGHT(metadata, STR("{}"));
    RIGHT(metadata, STR("{\"note\":\"of the \\\"lab\\\"\",\"n\":1.5,"
                        "\"on\":true,\"off\":false}"));
    WRONG(metadata, STR("[]"));
    WRONG(metadata, STR("{\"a b\":1}"));
    WRONG(metadata, STR("{\"\":1}"));
    WRONG(metadata, STR("{\"__index\\u0000\":1}"));
    WRONG(metadata, STR("{\"a\":null}"));
    WRONG(metadata, STR("{\"a\":{}}"));
    WRONG(metadata, STR("{\"a\":[]}"));
    WRONG(metadata, STR("{\"a\":\"x\\ny\"}"));
    WRONG(metadata, STR("{\"a\":\"\\u001b[31m\"}"));
}

static void metadata_has_an_end(void)
{
    static char text[KEY_METADATA + 64];
    struct buf b;
    buf_init(&b, sizeof text * 2);
    buf_text(&b, "{");
    for (int i = 0; i < 5; i++) {
        memset(text, 'x', 1000);
        text[i == 4 ? 10 : 1000] = '\0';
        buf_print(&b, "%s\"a%d\":\"%s\"", i > 0 ? "," : "", i, text);
    }
    buf_text(&b, "}");
    RIGHT(metadata, buf_str(&b));
    buf_clear(&b);
    memset(text, 'x', 1001);
    buf_print(&b, "{\"a\":\"%.1001s\"}", text);
    WRONG(metadata, buf_str(&b));
    buf_clear(&b);
    buf_text(&b, "{");
    for (int i = 0; i < 500; i++)
        buf_print(&b, "%s\"a%d\":true", i > 0 ? "," : "", i);
    buf_text(&b, "}");
    WRONG(metadata, buf_str(&b));
    buf_fini(&b);
}

static void limits_are_amounts_of_different_kinds(void)
{
    RIGHT(limits, STR("[]"));
    RIGHT(limits, STR("[\"60 requests/min\",\"20k tokens/min\",\"4 "
                      "concurrent\",\"1M tokens/week\"]"));
    WRONG(limits, STR("[\"60 requests/min\",\"30 requests/m\"]"));
    WRONG(limits, STR("[\"60 requests/month\"]"));
    WRONG(limits, STR("[\"5 usd/day\"]"));
    WRONG(limits, STR("[\"5k tokens/request\"]"));
    WRONG(limits, STR("[\"0 requests/min\"]"));
    WRONG(limits, STR("[\"1.5 requests/min\"]"));
    WRONG(limits, STR("[\"9223372036854775808 requests/min\"]"));
    WRONG(limits, STR("[\"unlimited\"]"));
    WRONG(limits, STR("[60]"));
    WRONG(limits, STR("\"60 requests/min\""));
    WRONG(limits, STR("[\"1 request/s\",\"1 request/m\",\"1 request/h\","
                      "\"1 request/d\",\"1 request/week\"]"));
}

static void lists_have_an_end(void)
{
    static char text[1101];
    memset(text, ' ', sizeof text);
    text[0] = '[';
    text[sizeof text - 1] = ']';
    WRONG(limits, ((str){text, sizeof text}));
    WRONG(budgets, ((str){text, sizeof text}));
}

static void budgets_are_amounts_of_different_kinds(void)
{
    RIGHT(budgets, STR("[]"));
    RIGHT(budgets, STR("[\"0.5 usd/day\",\"1M tokens/month\",\"50k "
                       "tokens/request\",\"9 tokens/s\"]"));
    WRONG(budgets, STR("[\"10 usd/day\",\"5 usd/d\"]"));
    WRONG(budgets, STR("[\"0 usd/day\"]"));
    WRONG(budgets, STR("[\"9 requests/day\"]"));
    WRONG(budgets, STR("[\"1 usd/day\",\"1 usd/h\",\"1 usd/s\",\"1 usd/m\","
                       "\"1 usd/week\"]"));
    WRONG(budgets, STR("[\"-5 usd/day\"]"));
    WRONG(budgets, STR("[\"1.5 tokens/day\"]"));
    WRONG(budgets, STR("[\"4 concurrent\"]"));
    WRONG(budgets, STR("[\"99999999999 usd/day\"]"));
    WRONG(budgets, STR("[{}]"));
}

static void what_is_wrong_is_said(void)
{
    struct limit_rules rules;
    struct key_budgets budgets;
    CHECK(strstr(key_limits_read(STR("[\"5 usd/day\"]"), &rules), "money"));
    CHECK(strstr(key_limits_read(STR("[\"5 tokens/month\"]"), &rules), "week"));
    CHECK(strstr(key_budgets_read(STR("{}"), &budgets), "list"));
    CHECK(key_limits_read(STR_NONE, &rules) == NULL && rules.n == 0);
}

TESTS(a_key_that_says_nothing_is_fine, names_are_told_apart_by_their_bytes,
      models_are_patterns_with_one_star, metadata_is_flat_and_of_lines,
      metadata_has_an_end, limits_are_amounts_of_different_kinds,
      lists_have_an_end, budgets_are_amounts_of_different_kinds,
      what_is_wrong_is_said)
