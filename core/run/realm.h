/*
** realm.h -- named state that the runtimes on one store path share.
**
** Runtimes opened on the same path, in whatever threads, find the same realm.
** It is counted: the last to leave takes it down. [any thread]
*/
#ifndef RUN_REALM_H
#define RUN_REALM_H

#include "base/str.h"

struct realm;

/* The realm of a store path; NULL when there is no memory. */
struct realm *realm_open(const char *store);
void realm_close(struct realm *r);

/* The number of this realm: what the first who asked had brought. */
uint64_t realm_number(struct realm *r, uint64_t dice);

/* True for the first who says `key` under `topic`, until another key is said:
** so that several workers report one event once. */
bool realm_first(struct realm *r, const char *topic, uint64_t key);

#endif
