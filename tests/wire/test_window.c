/*
** test_window.c -- the limit in a provider's sentence.
*/
#include "unit.h"

#include "wire/window.h"

static void tells(const char *message, int64_t limit, int64_t asked)
{
    struct window w = window_told(str_of(message));
    CHECK_INT(w.limit, limit);
    CHECK_INT(w.asked, asked);
}

static void openai_names_both(void)
{
    tells("This model's maximum context length is 8192 tokens. However, your "
          "messages resulted in 9000 tokens. Please reduce the length.",
          8192, 9000);
    tells("This model's maximum context length is 4,096 tokens. However, you "
          "requested 5,100 tokens (5,000 in the messages, 100 in the "
          "completion).",
          4096, 5100);
}

static void anthropic_puts_a_sign_between(void)
{
    tells("prompt is too long: 210000 tokens > 200000 maximum", 200000, 210000);
    tells("input length and `max_tokens` exceed context limit: 190000 + 20000 "
          "> 200000, decrease input length",
          200000, 0);
}

static void gemini_and_llama_have_theirs(void)
{
    tells("The input token count (70000) exceeds the maximum number of tokens "
          "allowed (65536).",
          65536, 70000);
    tells("request (5000 tokens) exceeds the available context size (4096 "
          "tokens), try increasing it",
          4096, 5000);
}

static void what_is_no_limit_is_none(void)
{
    tells("", 0, 0);
    tells("too many tokens", 0, 0);
    tells("maximum context length is unknown", 0, 0);
    tells("maximum context length is 3 of 99999", 0, 0);
    tells("prompt > 99999999999999999999999999", 0, 0);
    CHECK_INT(window_told(STR_NONE).limit, 0);
}

/* How much is left of what we took for 10,000 tokens. */
static int64_t aim(int64_t limit, int64_t asked)
{
    return window_aim((struct window){limit, asked}, 10000);
}

static void it_shrinks_by_as_much_as_was_said(void)
{
    CHECK_INT(aim(8000, 10000), 7600);
    CHECK_INT(aim(8000, 16000), 4750); /* we had counted too few */
    CHECK_INT(aim(8000, 8001), 9500 - 1);
}

static void without_a_word_it_shrinks_by_a_quarter(void)
{
    CHECK_INT(aim(0, 0), 7500);
    CHECK_INT(aim(1000000, 0), 7500);
    CHECK_INT(aim(4000, 0), 3800);
    CHECK_INT(window_aim((struct window){0, 0}, 1), 0);
}

TESTS(openai_names_both, anthropic_puts_a_sign_between,
      gemini_and_llama_have_theirs, what_is_no_limit_is_none,
      it_shrinks_by_as_much_as_was_said, without_a_word_it_shrinks_by_a_quarter)
