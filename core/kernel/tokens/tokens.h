/*
** tokens.h -- how many tokens a text is, in an encoding.
**
** An encoding is a way to split and a vocabulary. OpenAI has published two that
** its models of today use. Special tokens such as <|endoftext|> are text like
** any other here: what a client writes is what is counted. Text that is not
** UTF-8 is counted byte by byte, as characters that are no letters.
*/
#ifndef KERNEL_TOKENS_TOKENS_H
#define KERNEL_TOKENS_TOKENS_H

#include "kernel/tokens/bpe.h"
#include "kernel/tokens/split.h"

struct encoding {
    enum split split;
    struct ranks ranks;
};

/* Count a text, in the encoding whose ranks b has, adding to b->n. 0, or
** ERR_MEMORY; b->look is called every few thousand bytes. */
int tokens_count(struct bpe *b, enum split split, str text);

#endif
