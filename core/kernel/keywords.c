/*
** keywords.c -- weights, and the score of a question.
**
** score = (what of the question's weight is in the text)^2
**       * (what of the text's weight the question explains)
**
** At most one of the two factors is below 1. The square is there because a
** question whose words are missing is worse evidence than a text that says
** "hello" first.
*/
#include "kernel/keywords.h"

#include <math.h>
#include <stdlib.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"

#define CLEARLY  0.1 /* better than any other entry */
#define ENOUGH   8   /* entries, to tell a common word by its number */
#define ROUNDING 1e-6

/* --- building -------------------------------------------------------------- */

void keywords_fini(struct keywords *k)
{
    mem_free(k->words);
    mem_free(k->questions);
    mem_free(k->entries);
    mem_free(k->known);
    *k = (struct keywords){0};
}

/* Room for `more` words. */
static bool words_room(struct keywords *k, int more)
{
    size_t need = k->words_n + (size_t)more;
    if (need <= k->words_cap)
        return true;
    size_t cap = need * 2 + 64;
    struct weighed *words = mem_resize(k->words, cap * sizeof *words);
    if (words == NULL)
        return false;
    k->words = words;
    k->words_cap = cap;
    return true;
}

static bool add_words(struct keywords *k, const struct words *w)
{
    if (!words_room(k, w->n))
        return false;
    for (int i = 0; i < w->n; i++)
        k->words[k->words_n++] =
            (struct weighed){.word = w->at[i], .entry = k->entries_n - 1};
    return true;
}

/* A larger array for one more of `size` bytes; NULL without memory. */
static void *one_more(void *p, int n, int *cap, size_t size)
{
    if (n < *cap)
        return p;
    int more = *cap * 2 + 16;
    void *larger = mem_resize(p, (size_t)more * size);
    if (larger != NULL)
        *cap = more;
    return larger;
}

int keywords_entry(struct keywords *k, str also)
{
    struct words w;
    struct synonyms *entries =
        one_more(k->entries, k->entries_n, &k->entries_cap, sizeof *entries);
    if (entries == NULL)
        return ERR_MEMORY;
    k->entries = entries;
    words_of(&w, also);
    entries[k->entries_n++] = (struct synonyms){k->words_n, w.n};
    if (!add_words(k, &w))
        return ERR_MEMORY;
    return w.crowded ? ERR_INPUT : 0;
}

int keywords_question(struct keywords *k, str question)
{
    struct words w;
    words_of(&w, question);
    if (w.n == 0 || w.crowded)
        return ERR_INPUT;
    struct written_question *all =
        one_more(k->questions, k->questions_n, &k->questions_cap, sizeof *all);
    if (all == NULL)
        return ERR_MEMORY;
    k->questions = all;
    all[k->questions_n++] = (struct written_question){.entry = k->entries_n - 1,
                                                      .from = k->words_n,
                                                      .n = w.n,
                                                      .negated = w.negated};
    return add_words(k, &w) ? 0 : ERR_MEMORY;
}

/* --- weighing -------------------------------------------------------------- */

static int by_word(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;
    if (x->word != y->word)
        return x->word < y->word ? -1 : 1;
    return x->entry - y->entry;
}

/* What a word weighs that so many of the entries have (as BM25 does). */
static float weight_of(int having, int entries)
{
    if (entries >= ENOUGH && having * 2 > entries)
        return 0;
    return (float)log(1 + (entries - having + 0.5) / (having + 0.5));
}

/* Of a sorted list with repetitions: each word once, with its weight. */
static void count_entries(struct keywords *k)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < k->words_n;) {
        uint64_t word = k->known[i].word;
        int having = 0, last = -1;
        for (; i < k->words_n && k->known[i].word == word; i++) {
            having += k->known[i].entry != last;
            last = k->known[i].entry;
        }
        float weight = weight_of(having, k->entries_n);
        k->known[n++] = (struct weighed){.word = word, .weight = weight};
        sum += (double)weight;
    }
    k->known_n = n;
    k->unknown = n > 0 ? (float)(sum / (double)n) : 1;
}

static float look_up(const struct keywords *k, uint64_t word)
{
    size_t low = 0, high = k->known_n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (k->known[middle].word < word)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < k->known_n && k->known[low].word == word;
    return found ? k->known[low].weight : k->unknown;
}

int keywords_weigh(struct keywords *k)
{
    k->known = mem_alloc((k->words_n + 1) * sizeof *k->known);
    if (k->known == NULL)
        return ERR_MEMORY;
    if (k->words_n > 0)
        memcpy(k->known, k->words, k->words_n * sizeof *k->known);
    qsort(k->known, k->words_n, sizeof *k->known, by_word);
    count_entries(k);
    for (size_t i = 0; i < k->words_n; i++)
        k->words[i].weight = look_up(k, k->words[i].word);
    for (int q = 0; q < k->questions_n; q++)
        for (int i = 0; i < k->questions[q].n; i++)
            k->questions[q].weight +=
                k->words[k->questions[q].from + (size_t)i].weight;
    return 0;
}

/* --- finding --------------------------------------------------------------- */

/* A text that is looked for: its words, and sets of them as bits. */
struct sought {
    struct words words;
    float weights[WORDS_MOST];
    float weight;
};

static struct sought seek(const struct keywords *k, str text)
{
    struct sought s = {.weight = 0};
    words_of(&s.words, text);
    for (int i = 0; i < s.words.n; i++) {
        s.weights[i] = look_up(k, s.words.at[i]);
        s.weight += s.weights[i];
    }
    return s;
}

/* Which of the text's words are among these; *missing is the weight of those
** that the text has not, *number whether one of them is a number. */
static uint64_t meet(const struct sought *s, const struct weighed *words, int n,
                     float *missing, bool *number)
{
    uint64_t met = 0;
    for (int i = 0, j = 0; i < n; i++) {
        while (j < s->words.n && s->words.at[j] < words[i].word)
            j++;
        if (j < s->words.n && s->words.at[j] == words[i].word) {
            met |= (uint64_t)1 << j;
        } else {
            *missing += words[i].weight;
            *number |= word_is_number(words[i].word);
        }
    }
    return met;
}

static float weigh(const struct sought *s, uint64_t set)
{
    float sum = 0;
    for (int i = 0; i < s->words.n; i++)
        if (set >> i & 1)
            sum += s->weights[i];
    return sum;
}

/* How many words that say something are in a set. */
static int telling(const struct sought *s, uint64_t set)
{
    int n = 0;
    for (int i = 0; i < s->words.n; i++)
        n += (set >> i & 1) && s->weights[i] > 0;
    return n;
}

/* The score of a question; `also`: the text's words that are synonyms. */
static double score(const struct keywords *k, const struct sought *s,
                    const struct written_question *q, uint64_t also)
{
    float missing = 0;
    bool number = false;
    uint64_t met = meet(s, k->words + q->from, q->n, &missing, &number);
    float other = s->weight - weigh(s, met | also);
    bool both = missing > (float)ROUNDING && other > (float)ROUNDING;
    if (DEFENCE(faq_other) && both)
        return 0;
    if (DEFENCE(faq_numbers) && (number || q->negated != s->words.negated))
        return 0;
    bool all = missing <= (float)ROUNDING && other <= (float)ROUNDING;
    if (met == 0 || (telling(s, met | also) < 2 && !all && DEFENCE(faq_one)))
        return 0;
    double had = (double)(q->weight - missing + weigh(s, also & ~met));
    double said = q->weight > 0 ? had / (double)q->weight : 0;
    double told =
        s->weight > 0 ? (double)(s->weight - other) / (double)s->weight : 0;
    said = said < 1 ? said : 1;
    return said * said * told;
}

static uint64_t synonyms_met(const struct keywords *k, const struct sought *s,
                             int entry)
{
    float missing = 0;
    bool number = false;
    const struct synonyms *e = &k->entries[entry];
    return meet(s, k->words + e->from, e->n, &missing, &number);
}

int keywords_find(const struct keywords *k, str text, double least)
{
    struct sought s = seek(k, text);
    double best = 0, second = 0;
    int entry = -1;
    uint64_t also = 0;
    if (s.words.n == 0 || s.words.crowded)
        return -1;
    for (int i = 0; i < k->questions_n; i++) {
        const struct written_question *q = &k->questions[i];
        if (i == 0 || q->entry != q[-1].entry)
            also = synonyms_met(k, &s, q->entry);
        double its = score(k, &s, q, also);
        if (q->entry != entry && its > best) {
            second = best;
            entry = q->entry;
        } else if (q->entry != entry && its > second) {
            second = its;
        }
        best = its > best ? its : best;
    }
    bool exact = best > 1 - ROUNDING && second < 1 - ROUNDING;
    bool clear = exact || best - second >= CLEARLY || !DEFENCE(faq_clear);
    return best + ROUNDING >= least && best > 0 && clear ? entry : -1;
}
