/*
** words.c -- one pass over the characters, a word at a time.
**
** Only what is sure to be the same word is made the same: case, the plural of
** English, an apostrophe. What a stemmer would guess is left to whoever writes
** the other text.
*/
#include "kernel/words.h"

#include <stdlib.h>

#include "base/utf8.h"

#define LONGEST 64 /* bytes of a word that count */

struct reading {
    struct words *w;
    char word[LONGEST];
    size_t n;
    bool digits;       /* one is in it */
    bool plain;        /* it is ASCII */
    uint32_t ideogram; /* the one before, or 0 */
    bool paired;       /* and it is in a pair already */
};

/* --- characters ------------------------------------------------------------ */

/* Take a character off *rest; bytes that are none are a space. */
static uint32_t next_char(str *rest)
{
    size_t n = utf8_len(*rest);
    const unsigned char *p = (const unsigned char *)rest->p;
    uint32_t c = ' ';
    if (n == 1)
        c = p[0];
    else if (n > 1)
        c = p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3f);
    *rest = str_from(*rest, n > 0 ? n : 1);
    return c;
}

struct range {
    uint32_t from, to;
};

static bool within(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return false;
}

#define WITHIN(ranges, c) within(ranges, sizeof(ranges) / sizeof *(ranges), c)

/* Past ASCII all are letters but for these. */
static const struct range marks[] = {
    {0x80, 0xa9},     {0xab, 0xb4},      {0xb6, 0xb9},     {0xbb, 0xbf},
    {0xd7, 0xd7},     {0xf7, 0xf7},      {0x60c, 0x60c},   {0x61b, 0x61f},
    {0x964, 0x965},   {0x2000, 0x206f},  {0x20a0, 0x20cf}, {0x2190, 0x2bff},
    {0x3000, 0x3004}, {0x3008, 0x3020},  {0x30fb, 0x30fb}, {0xfe30, 0xfe4f},
    {0xff00, 0xff0f}, {0xff1a, 0xff20},  {0xff3b, 0xff40}, {0xff5b, 0xff65},
    {0xfff0, 0xffff}, {0x1f000, 0x1faff}};

static const struct range ideograms[] = {
    {0x3041, 0x30ff}, {0x3400, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x3ffff}};

static bool is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') ||
               ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return !WITHIN(marks, c);
}

/* Latin, Greek and Cyrillic capitals. */
static uint32_t lower(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
        (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40f)
        return c + 0x50;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return c + (c & 1);
    if (c >= 0x100 && c <= 0x177)
        return c | 1;
    return c;
}

/* --- words ----------------------------------------------------------------- */

/* In alphabetical order. */
static const char *const empty_words[] = {
    "a",      "about",  "actually", "all",    "also",  "am",        "an",
    "and",    "any",    "are",      "as",     "at",    "basically", "be",
    "been",   "but",    "by",       "can",    "could", "did",       "do",
    "does",   "for",    "from",     "had",    "has",   "have",      "hello",
    "help",   "hey",    "hi",       "how",    "i",     "id",        "if",
    "im",     "in",     "is",       "it",     "its",   "ive",       "just",
    "kindly", "know",   "like",     "may",    "maybe", "me",        "mine",
    "my",     "need",   "now",      "of",     "on",    "one",       "or",
    "our",    "please", "shall",    "should", "so",    "some",      "tell",
    "thank",  "thanks", "that",     "the",    "their", "them",      "then",
    "there",  "these",  "they",     "this",   "those", "to",        "us",
    "want",   "was",    "way",      "we",     "were",  "what",      "whats",
    "which",  "will",   "with",     "would",  "you",   "your",      "yours"};

static const char *const negations[] = {
    "arent", "cannot", "cant",    "couldnt", "didnt",  "doesnt",
    "dont",  "hasnt",  "havent",  "isnt",    "jamais", "kein",
    "keine", "keinen", "never",   "nicht",   "no",     "none",
    "not",   "nunca",  "ohne",    "pas",     "sans",   "shouldnt",
    "wasnt", "werent", "without", "wont",    "wouldnt"};

static int compare_texts(const void *word, const void *of_list)
{
    return strcmp(word, *(const char *const *)of_list);
}

#define LISTED(word, list)                                              \
    (bsearch(word, list, sizeof(list) / sizeof *(list), sizeof *(list), \
             compare_texts) != NULL)

static bool ends(const struct reading *r, const char *with)
{
    size_t n = strlen(with);
    return r->n >= n && memcmp(r->word + r->n - n, with, n) == 0;
}

/* The plural of English, where it is sure to be one. */
static void singular(struct reading *r)
{
    if (!r->plain || r->n < 4 || !ends(r, "s") || ends(r, "ss") ||
        ends(r, "us") || ends(r, "is"))
        return;
    if (ends(r, "ies") && r->n > 4) {
        r->n -= 2;
        r->word[r->n - 1] = 'y';
    } else if (ends(r, "sses") || ends(r, "shes") || ends(r, "ches") ||
               ends(r, "xes") || ends(r, "zes")) {
        r->n -= 2;
    } else {
        r->n--;
    }
}

static void insert(struct words *w, uint64_t word)
{
    int at = w->n;
    while (at > 0 && w->at[at - 1] >= word)
        at--;
    if (at < w->n && w->at[at] == word)
        return;
    if (w->n == WORDS_MOST) {
        w->crowded = true;
        return;
    }
    memmove(&w->at[at + 1], &w->at[at], (size_t)(w->n - at) * sizeof *w->at);
    w->at[at] = word;
    w->n++;
}

static void finish(struct reading *r)
{
    char text[LONGEST + 1] = "";
    if (r->n == 0)
        return;
    memcpy(text, r->word, r->n);
    if (LISTED(text, negations)) {
        r->w->negated = true;
    } else if (!LISTED(text, empty_words)) {
        singular(r);
        uint64_t word = str_hash((str){r->word, r->n});
        insert(r->w, (word & ~(uint64_t)1) | r->digits);
    }
    r->n = 0;
    r->digits = false;
    r->plain = true;
}

static void add(struct reading *r, uint32_t c)
{
    char bytes[4];
    size_t n = utf8_put(lower(c), bytes);
    if (r->n + n > LONGEST)
        return;
    memcpy(r->word + r->n, bytes, n);
    r->n += n;
    r->digits |= c >= '0' && c <= '9';
    r->plain &= c < 0x80;
}

/* Two that follow one another are a word; so is one alone. */
static void add_ideogram(struct reading *r, uint32_t c)
{
    finish(r);
    if (r->ideogram != 0) {
        add(r, r->ideogram);
        add(r, c);
        finish(r);
    }
    r->paired = r->ideogram != 0;
    r->ideogram = c;
}

static void end_ideograms(struct reading *r)
{
    if (r->ideogram != 0 && !r->paired) {
        add(r, r->ideogram);
        finish(r);
    }
    r->ideogram = 0;
    r->paired = false;
}

/* Within a word an apostrophe is passed over, and so is the hyphen of
** "e-mail". */
static bool joins(const struct reading *r, uint32_t c)
{
    return r->n > 0 &&
           (c == '\'' || c == 0x2019 || (c == '-' && r->n == 1 && r->plain));
}

void words_of(struct words *w, str text)
{
    struct reading r = {.w = w, .plain = true};
    *w = (struct words){.n = 0};
    while (text.n > 0) {
        uint32_t c = next_char(&text);
        if (WITHIN(ideograms, c) && is_letter(c)) {
            add_ideogram(&r, c);
            continue;
        }
        end_ideograms(&r);
        if (is_letter(c))
            add(&r, c);
        else if (!joins(&r, c))
            finish(&r);
    }
    end_ideograms(&r);
    finish(&r);
}
