/*
** test_words.c -- the same word is the same, and another is another.
*/
#include "unit.h"

#include "kernel/words.h"

static struct words of(const char *text)
{
    struct words w;
    words_of(&w, str_of(text));
    return w;
}

static bool same(const char *a, const char *b)
{
    struct words x = of(a), y = of(b);
    return x.n == y.n && memcmp(x.at, y.at, (size_t)x.n * sizeof *x.at) == 0;
}

static void case_order_and_repetition_are_nothing(void)
{
    CHECK(same("Reset PASSWORD", "password, reset. Reset!"));
    CHECK(same("\xc3\x9c"
               "BER \xd0\x9f\xd0\x90\xd0\xa0\xd0\x9e\xd0\x9b\xd0\xac",
               "\xc3\xbc"
               "ber \xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c"));
    CHECK(same("\xce\x91\xce\x92", "\xce\xb1\xce\xb2"));
    CHECK(same("\xc5\xbd\xc5\xa0", "\xc5\xbe\xc5\xa1"));
}

static void words_that_say_nothing_are_left_out(void)
{
    CHECK_INT(of("How do I do this, please?").n, 0);
    CHECK_INT(of("").n, 0);
    CHECK_INT(of("?!... --").n, 0);
    CHECK(same("How can I reset the password", "reset password"));
}

static void one_and_many_are_the_same(void)
{
    CHECK(same("password", "passwords"));
    CHECK(same("address", "addresses"));
    CHECK(same("company", "companies"));
    CHECK(same("box invoice", "boxes invoices"));
    CHECK(same("user's", "users"));
    CHECK(!same("status", "statu"));
    CHECK(!same("basis", "basi"));
}

static void an_apostrophe_and_a_short_hyphen_join(void)
{
    CHECK(same("e-mail", "email"));
    CHECK(same("o'clock", "o\xe2\x80\x99"
                          "clock"));
    CHECK_INT(of("password-reset").n, 2);
}

static void negations_are_told_apart(void)
{
    CHECK(of("I can't open it").negated);
    CHECK(of("Do NOT open").negated);
    CHECK(of("I don\xe2\x80\x99t know").negated);
    CHECK(!of("open it").negated);
    CHECK(same("not open", "open"));
}

static void numbers_are_told_apart(void)
{
    struct words w = of("plan 2");
    CHECK_INT(w.n, 2);
    CHECK_INT(word_is_number(w.at[0]) + word_is_number(w.at[1]), 1);
    CHECK(!same("plan 2", "plan 3"));
}

/* Pairs of neighbours; one alone is a word. */
static void ideograms_come_in_pairs(void)
{
    CHECK_INT(of("\xe9\x87\x8d\xe7\xbd\xae\xe5\xaf\x86\xe7\xa0\x81").n, 3);
    CHECK_INT(of("\xe5\xaf\x86").n, 1);
    CHECK_INT(of("a1 \xe5\xaf\x86\xe7\xa0\x81 b2").n, 3);
    CHECK(same("\xe5\xaf\x86\xe7\xa0\x81\xe3\x80\x82",
               "\xe5\xaf\x86\xe7\xa0\x81"));
}

static void a_long_text_is_a_crowd(void)
{
    char text[401] = "";
    for (int i = 0; i < 100; i++) {
        text[4 * i] = 'w';
        text[4 * i + 1] = (char)('a' + i / 10);
        text[4 * i + 2] = (char)('a' + i % 10);
        text[4 * i + 3] = ' ';
    }
    struct words w = of(text);
    CHECK_INT(w.n, WORDS_MOST);
    CHECK(w.crowded);
}

static void bytes_that_are_no_text_do_no_harm(void)
{
    CHECK(same("reset \xff\xfe password", "reset password"));
    CHECK_INT(of("\xc3").n, 0);
    struct words w;
    char long_word[5000];
    memset(long_word, 'x', sizeof long_word);
    words_of(&w, (str){long_word, sizeof long_word});
    CHECK_INT(w.n, 1);
}

TESTS(case_order_and_repetition_are_nothing,
      words_that_say_nothing_are_left_out, one_and_many_are_the_same,
      an_apostrophe_and_a_short_hyphen_join, negations_are_told_apart,
      numbers_are_told_apart, ideograms_come_in_pairs, a_long_text_is_a_crowd,
      bytes_that_are_no_text_do_no_harm)
