/*
** folder.h -- a store's folder, and who has it.
**
**     data.mdb        the rows: LMDB's
**     lock.mdb        who is reading: LMDB's
**     perilune.lock   who is writing, and whether that ended well: ours
**
** One process writes. It holds a lock on perilune.lock, which the kernel lets
** go when the process ends, however it does: a lock is never stale. Whoever only
** reads takes none, and can ask whether there is one. The file
** says who has it, in which run of the machine, and how durable its writes
** were. Whoever comes next knows from this whether power was lost while pages
** were on their way, in which case no order among them was kept.
*/
#ifndef STORE_LMDB_FOLDER_H
#define STORE_LMDB_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"

struct folder {
    int dir;      /* -1 */
    int lock;     /* -1: not ours */
    bool doubt;   /* power was lost under it */
    bool signed_; /* the file says that we have it */
};

/* Open it, made if need be, and take the lock unless it is only read. On
** failure nothing is open. */
enum store_result folder_open(struct folder *f,
                              const struct store_options *options,
                              struct store_why *why);

/* Does another process write in it? What lies there may change while it is
** looked at. */
bool folder_in_use(const struct folder *f);

/* Say that we have it, before a row is written; 0, or an errno. What makes us
** doubt is forgotten by this. */
int folder_sign(struct folder *f, enum store_durability durability);

/* What is in it is written and safe: say so to the next. */
void folder_settle(struct folder *f);

/* Let go. */
void folder_close(struct folder *f);

/* Make names in it, and its own, as safe as the files they name. */
int folder_sync(struct folder *f);

#endif
