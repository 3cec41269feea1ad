/*
** keywords.h -- which of many written questions a text asks, if it is sure.
**
**     entry 0: "How do I reset my password?"   also: forgot, login
**     entry 1: "How do I change my e-mail?"
**
**     "I forgot my password"  ->  entry 0        "change my address"  ->  none
**
** By words and their weights; a word that few entries have weighs more, one
** that more than half of them have (of eight or more) nothing. A question fits
** when the text has all of its words, or no others: a text that lacks one and
** has another speaks of something else. Two words at least must be the same,
** unless that is all there is; numbers and negations must agree; and no other
** entry may fit as well. No answer costs less than a wrong one.
**
** Words may stand in any order: from A to B and from B to A look alike.
*/
#ifndef KERNEL_KEYWORDS_H
#define KERNEL_KEYWORDS_H

#include "base/str.h"
#include "kernel/words.h"

struct weighed {
    uint64_t word;
    float weight;
    int entry; /* while the entries are counted */
};

struct written_question {
    int entry;
    size_t from; /* of its words */
    int n;
    bool negated;
    float weight; /* of all its words */
};

struct synonyms {
    size_t from;
    int n;
};

/* Owned by the caller; zero it, then keywords_fini at the end. */
struct keywords {
    struct weighed
        *words; /* of all questions and synonyms, one after another */
    size_t words_n, words_cap;
    struct written_question *questions; /* grouped by entry */
    int questions_n, questions_cap;
    struct synonyms *entries;
    int entries_n, entries_cap;
    struct weighed *known; /* each word once, ascending */
    size_t known_n;
    float unknown; /* what a word weighs that no entry has */
};

/* Let everything go. */
void keywords_fini(struct keywords *k);

/* Begin an entry, whose questions may also be asked with these words. 0 or an
** ERR_. */
int keywords_entry(struct keywords *k, str also);

/* A question of the last entry. ERR_INPUT: it has no words to look for, or more
** than WORDS_MOST. */
int keywords_question(struct keywords *k, str question);

/* All are there: weigh the words. 0 or ERR_MEMORY. */
int keywords_weigh(struct keywords *k);

/* The entry that a text asks for with a score of at least `least` (0 to 1: 1 is
** the very words), or -1. */
int keywords_find(const struct keywords *k, str text, double least);

#endif
