/*
** memory.h -- a store that outlives nothing: for worlds that are simulated.
**
** The same questions and batches as of any store, answered out of a sorted
** list; `done` of a batch is called before store_commit returns.
*/
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store/store.h"

/* An empty one that takes `most` bytes of rows (0: any number); NULL without
** memory. store_close frees it: it is not counted. */
struct store *store_in_memory(size_t most);

#endif
