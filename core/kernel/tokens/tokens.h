/*
** tokens.h -- how many tokens a text is, for a model.
**
** An encoding is a way to split and a vocabulary. OpenAI has published the two
** that its models of today use. Special tokens such as <|endoftext|> are text
** like any other here: what a client writes is what is counted. Text that is not
** UTF-8 is counted byte by byte, as characters that are no letters.
*/
#ifndef KERNEL_TOKENS_TOKENS_H
#define KERNEL_TOKENS_TOKENS_H

#include "kernel/tokens/bpe.h"
#include "kernel/tokens/split.h"

enum encoding_name {
    ENCODING_O200K,
    ENCODING_CL100K,
    ENCODINGS,
    ENCODING_NONE
};

struct encoding {
    enum split split;
    struct ranks ranks;
};

/* The encoding of a model, by its name with or without what stands before a
** slash; ENCODING_NONE when it is not one of OpenAI's. */
enum encoding_name tokens_encoding(str model);

/* Count a text, in the encoding whose ranks b has, adding to b->n. As
** bpe_piece. */
int tokens_split(struct bpe *b, enum split split, str text);

/* A count that texts are added to. */
struct tokens {
    const struct encoding *encoding; /* NULL: it is estimated */
    bool (*look)(void *user);        /* see struct bpe */
    void *user;
    int64_t n;
    bool guessed; /* not all of it was counted */
    int error;    /* the first there was; n is too low then */
};

/* Add a text. */
void tokens_add(struct tokens *t, str text);

#endif
