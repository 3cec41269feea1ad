/*
** tokenizers.h -- the vocabularies that runtimes share.
**
** Rank files are found when a runtime is opened, and held open: later the process
** may not be allowed to open any. Each is read when it is first asked for, which
** takes some hundredths of a second, once; a file that is replaced is heard of
** when the process starts anew.
*/
#ifndef RUN_REALM_TOKENIZERS_H
#define RUN_REALM_TOKENIZERS_H

#include "kernel/tokens/tokens.h"
#include "run/realm/realm.h"

struct tokenizers;

/* Those of a realm. The first who asks names the folder in which the files are,
** o200k_base.tiktoken and cl100k_base.tiktoken; NULL: they are looked for in
** `tokenizers` below the store and in share/perilune/tokenizers of /usr/local and
** /usr. NULL without memory. */
struct tokenizers *tokenizers_open(struct realm *r, const char *folder,
                                   const char *store);

/* Is there a file for this encoding? */
bool tokenizers_has(struct tokenizers *t, enum encoding_name which);

/* An encoding, read now if it must be; it lives as long as the realm. NULL: there
** is no file, or it cannot be used: then *error says why, the first time (an ERR_
** code; otherwise 0). [any thread] */
const struct encoding *tokenizers_get(struct tokenizers *t,
                                      enum encoding_name which, int *error);

#endif
