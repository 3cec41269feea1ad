/*
** test_estimate.c -- about how many tokens.
*/
#include "unit.h"

#include "kernel/estimate.h"

static void nothing_is_nothing(void)
{
    CHECK_INT(estimate_tokens(STR("")), 0);
    CHECK_INT(estimate_tokens(STR_NONE), 0);
}

static void a_part_of_a_token_is_one(void)
{
    CHECK_INT(estimate_tokens(STR("a")), 1);
    CHECK_INT(estimate_tokens(STR("abcd")), 1);
    CHECK_INT(estimate_tokens(STR("abcde")), 2);
}

static void prose_is_four_letters_a_token(void)
{
    CHECK_INT(estimate_tokens(STR("the quick brown fox jumps over the dog")),
              10);
}

static void source_text_is_dearer_than_prose(void)
{
    CHECK_INT(estimate_tokens(STR("{[(;;)]}")), 4);
    CHECK_INT(estimate_tokens(STR("12345678")), 4);
}

static void a_character_counts_once_whatever_its_bytes(void)
{
    CHECK_INT(estimate_tokens(STR("\xc3\xa9\xc3\xa9")), 1);
    CHECK_INT(estimate_tokens(STR("\xe5\xaf\x86\xe7\xa0\x81")), 2);
    CHECK_INT(estimate_tokens(STR("\xf0\x9f\x8c\x99")), 2);
}

TESTS(nothing_is_nothing, a_part_of_a_token_is_one,
      prose_is_four_letters_a_token, source_text_is_dearer_than_prose,
      a_character_counts_once_whatever_its_bytes)
