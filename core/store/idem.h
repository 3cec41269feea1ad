/*
** idem.h -- answers that are kept for whoever asks the same once more.
**
**     STORE/idempotency/   a store of their own: mark -> answer, until it expires
**
** A mark stands for who asked and under which key, a print for what was asked;
** both are made with a secret that lies beside them, so that neither the keys
** nor the questions of clients can be read off the disk. The answers can.
**
** The store is theirs alone, so that however many there are, nothing else lacks
** room. When it is as large as it may be, those go first that would have expired
** first. [any thread, once it is open]
*/
#ifndef STORE_IDEM_H
#define STORE_IDEM_H

#include <stdatomic.h>

#include "base/mac.h"
#include "store/batch.h"
#include "store/store.h"

#define IDEM_MOST    ((size_t)256 << 20) /* bytes of all answers */
#define IDEM_LARGEST ((size_t)8 << 20)   /* bytes of one */

struct idem {
    struct store *store; /* NULL: not open */
    unsigned char secret[MAC_KEY];
};

/* An answer: on the heap, never changed, counted. */
struct idem_answer {
    atomic_int refs;
    int status;
    bool stream;
    struct mac print;
    str model, body; /* both in `bytes` */
    char bytes[];
};

/* Open that of a store's folder, made if it is not there; with `fresh`, 32 bytes
** of chance, as its secret if it has none yet. `most` bytes; 0: IDEM_MOST. */
enum store_result idem_open(struct idem *i, const char *store, size_t most,
                            const unsigned char fresh[MAC_KEY],
                            struct store_why *why);
void idem_close(struct idem *i);

/* A copy of this, held once; NULL without memory. */
struct idem_answer *idem_answer_new(const struct idem_answer *like);

/* Hold it once more, and let go. NULL is fine. */
struct idem_answer *idem_answer_hold(struct idem_answer *a);
void idem_answer_release(struct idem_answer *a);

/* The answer under a mark, held for the caller. STORE_MISSING: there is none;
** STORE_MEMORY: nobody knows. */
enum store_result idem_find(struct idem *i, const struct mac *mark, nanos now,
                            struct idem_answer **answer);

/* An answer on its way to the disk. */
struct idem_row {
    struct batch batch; /* first */
    struct idem *idem;
    bool again; /* it found no room at first */
    struct mac mark;
    void *user;
    /* Once; the last to touch it, and may free it. [the writer's thread] */
    void (*kept)(struct idem_row *);
};

/* Write it. STORE_OK: `kept` will be called, and batch.result says how it went.
** Else it will not, and the row stays the caller's. idem_row_fini ends it. */
enum store_result idem_keep(struct idem *i, struct idem_row *row,
                            const struct idem_answer *answer, nanos now,
                            nanos ttl);
void idem_row_fini(struct idem_row *row);

#endif
