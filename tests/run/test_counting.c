/*
** test_counting.c -- p.tokens and req.tokens, with vocabularies that come and go.
*/
#include "policy_rig.h"

#include "kernel/rank_rig.h"
#include "net/folder.h"

/* A runtime whose folder holds this as both rank files. */
static void begin_with(const char *ranks, const char *policy)
{
    folder_open();
    folder_write("o200k_base.tiktoken", ranks);
    folder_write("cl100k_base.tiktoken", ranks);
    rig_open(&(peri_options){.tokenizers = folder});
    int loads = load(policy);
    CHECK_INT(loads, 0);
    if (loads != 0)
        printf("#    %s\n", peri_error(peri));
}

/* The single bytes, and "the". */
static void begin_counting(const char *policy)
{
    struct buf file;
    buf_init(&file, 1 << 16);
    int n = rig_bytes(&file);
    rig_line(&file, STR("the"), n);
    buf_byte(&file, '\0');
    begin_with(file.p, policy);
    buf_fini(&file);
}

static void end(void)
{
    finish();
    folder_close();
}

#define SAYS(expression)                                                 \
    "return function(req) local n, exact = " expression " return p.say(" \
    "n .. ' ' .. tostring(exact)) end"

static void says(const char *expression, const char *want)
{
    char policy[1024];
    snprintf(policy, sizeof policy, SAYS("%s"), expression);
    begin_counting(policy);
    ask("{\"model\":\"openai/gpt-4o\",\"messages\":[{\"role\":\"user\","
        "\"content\":\"the moon\"}]}");
    CHECK_STR(said(), want);
    end();
}

static void a_text_is_counted(void)
{
    says("p.tokens('the moon', 'gpt-4o')", "6 true");
    says("p.tokens('the moon', 'openai/gpt-4')", "6 true");
    says("p.tokens('the moon')", "6 true");
    says("p.tokens('')", "0 true");
    says("p.tokens('the\\xff\\0')", "3 true");
}

static void a_model_without_a_vocabulary_is_estimated(void)
{
    says("p.tokens('the moon', 'anthropic/claude-sonnet-4-5')", "2 false");
}

static void messages_are_counted_with_what_they_cost(void)
{
    says("p.tokens({ { role = 'user', content = 'the moon' } }, 'gpt-4o')",
         "16 true");
}

static void a_request_is_counted_for_the_model_it_names(void)
{
    says("p.tokens(req)", "16 true");
    says("req.tokens, req.tokens == 16", "16 true");
    says("p.tokens(req, 'claude-sonnet-4-5')", "9 false");
    says("req:with { system = 'the' }.tokens", "26 nil");
    says("p.tokens(req:with { model = 'claude-opus-4' })", "9 false");
}

static void a_request_made_shorter_is_counted_as_it_is(void)
{
    static char body[8192];
    size_t n = (size_t)snprintf(body, sizeof body, "{\"messages\":[");
    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(body + n, sizeof body - n,
                              "{\"role\":\"user\",\"content\":\"how far is "
                              "it, and how long would it take?\"},");
    snprintf(body + n, sizeof body - n,
             "{\"role\":\"user\",\"content\":\"moon\"}]}");
    begin_counting("return p.trim { function(req) return p.say("
                   "req.tokens .. ' of ' .. #req.messages) end, to = 100 }");
    ask(body);
    int tokens = 0, messages = 0;
    str text = said();
    CHECK(text.n < 40);
    snprintf(body, sizeof body, "%.*s", STR_ARG(text));
    CHECK_INT(sscanf(body, "%d of %d", &tokens, &messages), 2);
    CHECK(messages < 8);
    CHECK(tokens > messages * 7);
    CHECK(tokens < messages * 60);
    end();
}

static void a_model_of_p_is_a_model(void)
{
    begin_counting(
        "local m = p.model 'openai/gpt-4o' " SAYS("p.tokens('the', m)"));
    chat();
    CHECK_STR(said(), "1 true");
    end();
}

static void it_counts_while_the_policy_is_loaded(void)
{
    begin_counting("local n = p.tokens 'the the' return p.say(tostring(n))");
    chat();
    CHECK_STR(said(), "5");
    end();
}

/* 600 bytes are 240 tokens to whoever can count them. */
static void a_gate_counts_whatever_name_the_client_has_for_the_model(void)
{
    static char body[2048];
    char the[601];
    for (int i = 0; i < 600; i++)
        the[i] = "the\\n"[i % 5];
    the[600] = '\0';
    snprintf(body, sizeof body,
             "{\"model\":\"any\",\"max_tokens\":50,\"messages\":[{\"role\":"
             "\"user\",\"content\":\"%s\"}]}",
             the);
    begin_counting(OK("a") "return { p.budget('cap', '700 tokens/request'), "
                           "'a/gpt-4o' }");
    ask(body);
    CHECK_STR(path(), "cap ok, gpt-4o ok");
    end();
}

/* Some may be installed on this machine. */
static bool installed(void)
{
    return access("/usr/share/perilune/tokenizers", F_OK) == 0 ||
           access("/usr/local/share/perilune/tokenizers", F_OK) == 0;
}

static void without_files_all_is_estimated(void)
{
    begin(SAYS("p.tokens('the moon', 'gpt-4o')"));
    chat();
    CHECK_STR(said(), installed() ? "2 true" : "2 false");
    CHECK(!contains(&logged, "tokenizer_unusable"));
    finish();
}

static void a_file_that_is_none_is_told_once(void)
{
    begin_with("<html>", SAYS("p.tokens('the moon', 'gpt-4o')"));
    chat();
    chat();
    CHECK_STR(said(), "2 false");
    CHECK_STR(log_field("tokenizer_unusable", "message"),
              "o200k_base.tiktoken is no rank file; tokens of its models are "
              "estimated");
    size_t lines = 0;
    for (str rest = buf_str(&logged); rest.n > 0;)
        lines += memmem(rest.p, str_split(&rest, '\n').n, "tokenizer_unusable",
                        18) != NULL;
    CHECK_INT(lines, 1);
    end();
}

static void a_folder_without_files_does_not_open(void)
{
    perilune *s;
    folder_open();
    CHECK_INT(peri_open(&s, &(peri_options){.size = sizeof(peri_options),
                                            .store = folder,
                                            .tokenizers = folder}),
              PERI_EMISSING);
    CHECK(s == NULL);
    folder_close();
}

static void files_below_the_store_are_found(void)
{
    perilune *s;
    struct buf file;
    buf_init(&file, 1 << 16);
    rig_bytes(&file);
    buf_byte(&file, '\0');
    folder_open();
    folder_make("tokenizers");
    folder_write("tokenizers/cl100k_base.tiktoken", file.p);
    CHECK_INT(peri_open(&s, &(peri_options){.size = sizeof(peri_options),
                                            .store = folder}),
              0);
    static const char policy[] = "local p = require 'perilune' local n, exact "
                                 "= p.tokens('the', 'gpt-4') "
                                 "assert(n == 3 and exact) return p.say 'x'";
    CHECK_INT(peri_load_text(s, "P", policy, strlen(policy)), 0);
    peri_close(s);
    buf_fini(&file);
    folder_close();
}

static void a_long_count_ends_with_the_policys_time(void)
{
    begin("return function(req) local s = ('the moon '):rep(2^20) "
          "while true do p.tokens(s) end end");
    chat();
    CHECK_INT(got.status, 500);
    CHECK_STR(log_field("policy_error", "reason"), "deadline");
    finish();
}

static void what_cannot_be_counted_is_told(void)
{
    CHECK_LOAD_ERROR("local n = p.tokens(5) return 'a/x'",
                     "P:1: tokens: expected a text, a list of messages or req, "
                     "not 5");
    CHECK_LOAD_ERROR("local n = p.tokens({ 'hi' }) return 'a/x'",
                     "P:1: tokens: message 1 is \"hi\", not a table such as { "
                     "role = \"user\", content = \"...\" }");
    CHECK_LOAD_ERROR("local n = p.tokens({ role = 'user' }) return 'a/x'",
                     "P:1: tokens: a list of messages has at least one; is it "
                     "in braces of its own?");
    CHECK_LOAD_ERROR("local n = p.tokens('a', 5) return 'a/x'",
                     "P:1: tokens: the second item is a model or its name, not "
                     "5");
}

TESTS(a_text_is_counted, a_model_without_a_vocabulary_is_estimated,
      messages_are_counted_with_what_they_cost,
      a_request_made_shorter_is_counted_as_it_is,
      a_request_is_counted_for_the_model_it_names, a_model_of_p_is_a_model,
      it_counts_while_the_policy_is_loaded,
      a_gate_counts_whatever_name_the_client_has_for_the_model,
      without_files_all_is_estimated, a_file_that_is_none_is_told_once,
      a_folder_without_files_does_not_open, files_below_the_store_are_found,
      a_long_count_ends_with_the_policys_time, what_cannot_be_counted_is_told)
