/*
** usage.h -- how many tokens a call took.
**
**     prompt      |------ plain ------|-- cached --|-- write --|
**     completion  |------ text -------|-- reasoning --|
**
** Providers count differently. OpenAI, Gemini and DeepSeek count what their
** prompt cache served within the input; Anthropic and Bedrock beside it. Thoughts
** are within the output, but beside it at xAI and Gemini, where only the total
** may tell. Here all is within: each token is in one of the five parts and in no
** other.
*/
#ifndef WIRE_USAGE_H
#define WIRE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#define USAGE_MOST \
    1000000000000 /* tokens of one count: nobody has used so many */

/* Tokens. `cached` (read from the provider's prompt cache) and `write` (stored
** in it) are parts of `prompt`, `reasoning` one of `completion`. */
struct usage {
    int64_t prompt, completion, cached, write, reasoning;
    bool known;   /* the provider told; else all are zero */
    bool absurd;  /* it told what cannot be */
    bool priced;  /* it told what it charges, too: */
    int64_t cost; /* nano-dollars */
};

enum usage_form {
    USAGE_WITHIN, /* input includes cached and write */
    USAGE_BESIDE  /* it does not */
};

/* The counts as a provider has them; one it did not give is 0, one that is no
** count is negative. */
struct usage_told {
    enum usage_form form;
    int64_t input, output, cached, write, reasoning;
    int64_t total; /* as it adds them up */
    bool priced;   /* it says what it charges, too: */
    double cost;   /* dollars */
};

#define USAGE_DEAREST 0.01 /* dollars of a token; nobody charges more */
#define USAGE_FEES    10   /* dollars of a call, beside its tokens */

/* The usage that was told. Not known when input or output is no count: it is
** better to know nothing than nonsense. Thoughts that were counted beside the
** output are put into it. A part that is none is left out, one of the input
** that is larger is cut down to it, and a cost that so few tokens cannot have is
** not heard. */
struct usage usage_of(const struct usage_told *told);

#endif
