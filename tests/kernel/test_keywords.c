/*
** test_keywords.c -- the right written answer, or none.
*/
#include "unit.h"

#include "base/err.h"
#include "base/mem.h"
#include "kernel/keywords.h"

#define LEAST 0.6

/* What a small shop might have. */
static const struct {
    const char *question, *also;
} shop[] = {
    {"How do I reset my password?", "forgot forgotten lost"},
    {"How do I change my e-mail address?", ""},
    {"How do I change my shipping address?", "delivery"},
    {"When is the office open?", "hours"},
    {"How do I cancel my subscription?", ""},
    {"What does plan 2 cost?", "price"},
    {"How long does shipping take?", ""},
    {"Do you ship to Switzerland?", ""},
    {"I cannot log in", ""},
    {"Refunds", ""},
};
enum {
    PASSWORD,
    EMAIL,
    ADDRESS,
    OFFICE,
    CANCEL,
    PLAN2,
    LONG,
    SWISS,
    LOGIN,
    REFUND
};

static struct keywords k;

static void open_shop(void)
{
    for (size_t i = 0; i < sizeof shop / sizeof shop[0]; i++) {
        CHECK_INT(keywords_entry(&k, str_of(shop[i].also)), 0);
        CHECK_INT(keywords_question(&k, str_of(shop[i].question)), 0);
    }
    CHECK_INT(keywords_weigh(&k), 0);
}

static void finds(const char *text, int entry)
{
    int found = keywords_find(&k, str_of(text), LEAST);
    if (found != entry)
        printf("#    '%s'\n", text);
    CHECK_INT(found, entry);
}

static void a_question_in_other_words_of_the_same(void)
{
    open_shop();
    finds("How do I reset my password?", PASSWORD);
    finds("password reset", PASSWORD);
    finds("Please, how can I reset the passwords?", PASSWORD);
    finds("reset password of my account", PASSWORD);
    finds("I forgot my password", PASSWORD);
    finds("how to change the email address", EMAIL);
    finds("Can I change the shipping address?", ADDRESS);
    finds("Change my delivery address", ADDRESS);
    finds("when are the offices open", OFFICE);
    finds("Cancel subscription!", CANCEL);
    finds("what does the plan 2 cost per month", PLAN2);
    finds("do you ship to switzerland", SWISS);
    finds("I can't log in", LOGIN);
    finds("refund", REFUND);
    keywords_fini(&k);
}

/* Each shares words with a question, and is another. */
static void a_similar_question_is_not_answered(void)
{
    open_shop();
    finds("How do I change my password?", -1);
    finds("How do I reset my e-mail?", -1);
    finds("How do I reset my router?", -1);
    finds("How do I change my billing address?", -1);
    finds("How do I change my address?", -1);
    finds("Who can open the office?", -1);
    finds("Where is the office?", -1);
    finds("How do I cancel my order?", -1);
    finds("How do I not cancel my subscription?", -1);
    finds("What does plan 3 cost?", -1);
    finds("What does the plan cost?", -1);
    finds("How much does shipping cost?", -1);
    finds("Do you ship to Sweden?", -1);
    finds("I can log in", -1);
    finds("How do I get a refund for my broken lamp?", -1);
    keywords_fini(&k);
}

static void a_word_or_two_is_no_evidence(void)
{
    open_shop();
    finds("password", -1);
    finds("forgot", -1);
    finds("hello", -1);
    finds("", -1);
    finds("Write a poem about a clerk who must reset a password every day", -1);
    keywords_fini(&k);
}

/* However unsure one is content to be. */
static void one_word_for_another_is_another_question(void)
{
    open_shop();
    CHECK_INT(keywords_find(&k, STR("cancel my order"), 0.01), -1);
    CHECK_INT(keywords_find(&k, STR("change my billing address"), 0.01), -1);
    CHECK_INT(keywords_find(&k, STR("what does plan 2 include"), 0.01), -1);
    keywords_fini(&k);
}

static void one_word_alone_is_never_enough(void)
{
    open_shop();
    CHECK_INT(keywords_find(&k, STR("password"), 0.01), -1);
    CHECK_INT(keywords_find(&k, STR("office"), 0.01), -1);
    CHECK_INT(keywords_find(&k, STR("subscription"), 0.01), -1);
    keywords_fini(&k);
}

static void two_that_fit_alike_are_none(void)
{
    open_shop();
    finds("change address e-mail shipping", -1);
    keywords_fini(&k);
}

static void the_very_words_are_a_certain_hit(void)
{
    open_shop();
    CHECK_INT(keywords_find(&k, STR("reset my password"), 1), PASSWORD);
    CHECK_INT(keywords_find(&k, STR("reset my account password"), 1), -1);
    CHECK_INT(keywords_find(&k, STR("reset my account password"), 0.1),
              PASSWORD);
    keywords_fini(&k);
}

/* A word that most entries have is passed over, whatever the language. */
static void what_all_entries_say_says_nothing(void)
{
    static const char *const all[] = {"wie kann rabatt", "wie kann konto",
                                      "wie kann paket",  "wie kann kurs",
                                      "wie kann brief",  "wie kann lampe",
                                      "wie kann tisch",  "wie kann stuhl"};
    for (int i = 0; i < 8; i++) {
        CHECK_INT(keywords_entry(&k, STR("")), 0);
        CHECK_INT(keywords_question(&k, str_of(all[i])), 0);
    }
    CHECK_INT(keywords_weigh(&k), 0);
    finds("wie kann fenster", -1);
    finds("konto", 1);
    keywords_fini(&k);
}

static void a_question_without_words_is_refused(void)
{
    CHECK_INT(keywords_entry(&k, STR("")), 0);
    CHECK_INT(keywords_question(&k, STR("What is it?")), ERR_INPUT);
    CHECK_INT(keywords_weigh(&k), 0);
    CHECK_INT(keywords_find(&k, STR("what"), 0), -1);
    keywords_fini(&k);
}

static void without_memory_it_says_so(void)
{
    mem_fail_at(1, 1);
    CHECK_INT(keywords_entry(&k, STR("x")), ERR_MEMORY);
    mem_fail_at(0, 0);
    CHECK_INT(keywords_entry(&k, STR("")), 0);
    mem_fail_at(1, 1);
    CHECK_INT(keywords_question(&k, STR("reset password")), ERR_MEMORY);
    CHECK_INT(keywords_weigh(&k), ERR_MEMORY);
    mem_fail_at(0, 0);
    keywords_fini(&k);
}

TESTS(one_word_for_another_is_another_question, one_word_alone_is_never_enough,
      a_question_in_other_words_of_the_same, a_similar_question_is_not_answered,
      a_word_or_two_is_no_evidence, two_that_fit_alike_are_none,
      the_very_words_are_a_certain_hit, what_all_entries_say_says_nothing,
      a_question_without_words_is_refused, without_memory_it_says_so)
