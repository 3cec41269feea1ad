/*
** classes.h -- what kind of character this is, as far as tokenizers ask.
**
** A table in two stages: the index has a number for every 64 characters, which
** names four words of 16 characters, four bits each. It is made of the Unicode
** Character Database by tests/house/classes.mjs.
*/
#ifndef KERNEL_TOKENS_CLASSES_H
#define KERNEL_TOKENS_CLASSES_H

#include "base/str.h"

enum char_class {
    CLASS_OTHER,   /* punctuation, symbols, controls, what is no character */
    CLASS_SPACE,   /* white space, but for: */
    CLASS_NEWLINE, /* CR, LF */
    CLASS_NUMBER,
    CLASS_UPPER,  /* capital and title case */
    CLASS_LOWER,  /* small */
    CLASS_LETTER, /* letters that have no case */
    CLASS_MARK    /* what combines with a letter */
};

#define CLASSES_END   0x323c0 /* nothing from here on but some marks: */
#define CLASSES_MARKS 0xe0100 /* the variation selectors, */
#define CLASSES_LAST  0xe01ef /* up to this one */
#define CLASSES_BLOCK 64

/* Those of ASCII again, for speed. */
extern const uint8_t classes_ascii[128];

extern const uint16_t classes_index[CLASSES_END / CLASSES_BLOCK];
extern const uint64_t classes_words[];

/* The class of a character by its number. */
static inline enum char_class class_of(uint32_t c)
{
    if (c >= CLASSES_END)
        return c >= CLASSES_MARKS && c <= CLASSES_LAST ? CLASS_MARK
                                                       : CLASS_OTHER;
    unsigned block = classes_index[c / CLASSES_BLOCK];
    uint64_t word = classes_words[block * 4 + c % CLASSES_BLOCK / 16];
    return (enum char_class)(word >> c % 16 * 4 & 15);
}

/* The class of the character that s, which is not empty, begins with; its
** bytes in *n. A byte that is not UTF-8 is a character by itself, of class
** OTHER, as the one is that others put in its place. */
enum char_class class_first(str s, size_t *n);

#endif
