/*
** branch.h -- the branches of a strand: begun together, one of them kept.
**
** A strand forks branches and waits until one has ended (it is woken then),
** takes its result, keeps what it did or lets another one go on, and prunes
** the rest. While it has branches it waits for nothing else.
*/
#ifndef RUN_BRANCH_H
#define RUN_BRANCH_H

#include "run/request.h"

#define BRANCHES_MOST 16 /* of a request, at a time */

/* May this request have one more? */
bool branch_room(const struct request *r);

/* A branch that sees what `s` sees, with an empty coroutine: push a function
** and its arguments, count these in `arguments`, and task_wake it. NULL: there
** is no memory. */
struct strand *branch_fork(struct strand *s);

/* A branch of s that has ended and was not joined, or NULL. */
struct strand *branch_ended(const struct strand *s);

/* Does a branch of s still run? */
bool branch_runs(const struct strand *s);

/* Its result was taken off its stack, or what it raised was copied. */
void branch_join(struct strand *branch);

/* What the branch of this number did is what s did, now that it has ended:
** its failure, if it had one, and its calls. */
void branch_keep(struct strand *s, int number);

/* Every branch of s is cancelled, with theirs: upstreams see a hang-up at once,
** and its calls are told as `cancelled` in the path. */
void branch_prune(struct strand *s);

/* Its struct may be used again. Called by task.c alone. */
void branch_free(struct strand *branch);

#endif
