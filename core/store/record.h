/*
** record.h -- reading a record of the store: one JSON object, whole or not at all.
**
** Whoever reads asks for one member after the other and looks at the end whether
** all was well: what is absent is no error here, what is too long or no text is.
*/
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/arena.h"
#include "wire/json.h"

struct reading {
    struct json root;
    struct arena *arena; /* texts are copied here */
    bool well;           /* so far */
};

/* A text of at most `most` bytes; absent when the member is. */
str reading_text(struct reading *r, const char *name, size_t most);

#endif
