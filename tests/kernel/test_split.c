/*
** test_split.c -- what splitting a text into pieces promises.
*/
#include "unit.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "kernel/rank_rig.h"
#include "kernel/slow_tokens.h"

/* The pieces of a text, with a bar between each two. */
static const char *pieces(enum split how, const char *z)
{
    static char to[512];
    str text = str_of(z);
    size_t n = 0;
    while (text.n > 0) {
        size_t len = split_first(how, text);
        if (n > 0)
            to[n++] = '|';
        memcpy(to + n, text.p, len);
        n += len;
        text = str_from(text, len);
    }
    to[n] = '\0';
    return to;
}

#define SPLIT_IS(how, text, want) \
    CHECK_STR(str_of(pieces(SPLIT_##how, text)), want)

static void a_word_takes_the_blank_before_it(void)
{
    SPLIT_IS(CL100K, "how far is it?", "how| far| is| it|?");
    SPLIT_IS(O200K, "how far is it?", "how| far| is| it|?");
    SPLIT_IS(O200K, "a\tb (c)", "a|\tb| (|c|)");
}

static void a_contraction_is_a_piece_or_belongs_to_its_word(void)
{
    SPLIT_IS(CL100K, "It's WE'LL d'x", "It|'s| WE|'LL| d|'x");
    SPLIT_IS(O200K, "It's WE'LL d'x", "It's| WE'LL| d|'x");
    SPLIT_IS(CL100K, "a'\xc5\xbf", "a|'\xc5\xbf");
    SPLIT_IS(CL100K, "'tis 'rest", "'t|is| '|rest");
}

static void a_small_letter_ends_a_run_of_capitals(void)
{
    SPLIT_IS(CL100K, "XMLHttpRequest", "XMLHttpRequest");
    SPLIT_IS(O200K, "XMLHttpRequest", "XMLHttp|Request");
    SPLIT_IS(O200K, "camelCASE", "camel|CASE");
    SPLIT_IS(O200K, "\xe4\xb8\xadYZ", "\xe4\xb8\xad|YZ");
    SPLIT_IS(O200K, "YZ\xe4\xb8\xad", "YZ\xe4\xb8\xad");
}

static void digits_come_in_threes(void)
{
    SPLIT_IS(O200K, "12345 6", "123|45| |6");
    SPLIT_IS(CL100K, "\xd9\xa3\xd9\xa3\xd9\xa3\xd9\xa3", /* Arabic threes */
             "\xd9\xa3\xd9\xa3\xd9\xa3|\xd9\xa3");
}

static void symbols_take_the_ends_of_lines_behind_them(void)
{
    SPLIT_IS(CL100K, "{\n\n/x", "{\n\n|/x");
    SPLIT_IS(O200K, "{\n\n/x", "{\n\n/|x");
    SPLIT_IS(CL100K, "  }\r\n", " | }\r\n");
}

static void white_space_leaves_the_last_blank_to_a_word(void)
{
    SPLIT_IS(CL100K, "a   b", "a|  | b");
    SPLIT_IS(CL100K, "a   ", "a|   ");
    SPLIT_IS(O200K, "a \n \n  b", "a| \n \n| | b");
    SPLIT_IS(O200K, "a\xe3\x80\x80\xe3\x80\x80 1",
             "a|\xe3\x80\x80\xe3\x80\x80| |1");
}

static void a_mark_belongs_to_letters_or_to_symbols(void)
{
    SPLIT_IS(CL100K, "e\xcc\x81 \xcc\x81", "e|\xcc\x81| \xcc\x81");
    SPLIT_IS(O200K, "e\xcc\x81 \xcc\x81", "e\xcc\x81| \xcc\x81");
    SPLIT_IS(O200K,
             "\xcc\x81"
             "AB",
             "\xcc\x81|AB");
}

static void what_is_not_utf8_is_split_as_symbols(void)
{
    SPLIT_IS(CL100K, "a\xff\xc3 b", "a|\xff\xc3| b");
    SPLIT_IS(O200K, "\xe4\xb8", "\xe4\xb8");
}

/* Parts of which texts are made by chance: each says something to one of the
** alternatives. */
static const char *const parts[] = {"a",
                                    "b",
                                    "Z",
                                    "\xc3\x89",
                                    "\xc7\x85",
                                    "\xca\xb0",
                                    "1",
                                    "\xd9\xa3",
                                    "\xe4\xb8\xad",
                                    "\xcc\x81",
                                    "\xe0\xb8\xb4",
                                    " ",
                                    "  ",
                                    "\t",
                                    "\n",
                                    "\r",
                                    "\r\n",
                                    "\xc2\xa0",
                                    "\xe3\x80\x80",
                                    "\xe2\x80\xa8",
                                    "\xc2\x85",
                                    "'",
                                    "'s",
                                    "'\xc5\xbf",
                                    "'Ll",
                                    "'re",
                                    "/",
                                    "!",
                                    "...",
                                    "\xf0\x9f\x98\x80",
                                    "\xef\xb8\x8f",
                                    "\xff",
                                    "\xe4\xb8",
                                    "_",
                                    "word",
                                    "Longerword"};

static str random_text(struct buf *b, uint64_t *seed)
{
    buf_clear(b);
    for (uint32_t n = 1 + rig_dice(seed) % 14; n > 0; n--)
        buf_text(b, parts[rig_dice(seed) % (sizeof parts / sizeof *parts)]);
    return buf_str(b);
}

static void it_splits_where_the_expressions_say(void)
{
    struct buf b;
    uint64_t seed = 11;
    int wrong = 0;
    buf_init(&b, 1024);
    for (int i = 0; i < 40000 && wrong == 0; i++) {
        enum split how = i & 1 ? SPLIT_O200K : SPLIT_CL100K;
        str text = random_text(&b, &seed);
        while (text.n > 0 && wrong == 0) {
            size_t n = split_first(how, text);
            wrong += n != slow_split(how, text) || n == 0 || n > text.n;
            text = str_from(text, n);
        }
    }
    CHECK_INT(wrong, 0);
    buf_fini(&b);
}

static void every_character_has_a_class(void)
{
    int of[8] = {0};
    for (uint32_t c = 0; c < 0x110000; c++)
        of[class_of(c)]++;
    CHECK_INT(of[CLASS_NEWLINE], 2);
    CHECK_INT(of[CLASS_SPACE] + of[CLASS_NEWLINE], 25);
    CHECK_INT(of[CLASS_NUMBER], 1911);
    CHECK_INT(of[CLASS_LOWER], 2258);
    CHECK_INT(class_of(0x10ffff), CLASS_OTHER);
    CHECK_INT(class_of(0xe01ef), CLASS_MARK);
    for (unsigned c = 0; c < 128; c++)
        CHECK_INT(classes_ascii[c], class_of(c));
}

TESTS(a_word_takes_the_blank_before_it,
      a_contraction_is_a_piece_or_belongs_to_its_word,
      a_small_letter_ends_a_run_of_capitals, digits_come_in_threes,
      symbols_take_the_ends_of_lines_behind_them,
      white_space_leaves_the_last_blank_to_a_word,
      a_mark_belongs_to_letters_or_to_symbols,
      what_is_not_utf8_is_split_as_symbols, it_splits_where_the_expressions_say,
      every_character_has_a_class)
