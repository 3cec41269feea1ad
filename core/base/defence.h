/*
** defence.h -- a line that keeps somebody out, and a switch to take it away.
**
**     if (DEFENCE(one_host) && hosts > 1)
**         return 400;
**
** A test of a defence proves nothing until it has been red without it. So each
** defence that a test stands for is named where it acts. In every normal build
** DEFENCE(name) is the constant true, and nothing of it is left; the flavour
** `mutants` asks the environment whether this one is taken away in this run
** (PERILUNE_MUTANT=one_host), so that one extra build serves all of them.
** `make mutants` takes each away in turn and wants its test to fail;
** tests/house/mutants.txt says which test that is.
*/
#ifndef BASE_DEFENCE_H
#define BASE_DEFENCE_H

#include <stdbool.h>

#ifdef MUTANTS
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Does it stand in this run? The environment is read once in each file that
** asks; threads that meet here read the same, since nothing of ours sets it. */
static inline bool defence_stands(const char *name)
{
    static _Atomic(const char *) fallen;
    const char *gone = atomic_load(&fallen);
    if (gone == NULL) {
        const char *said = getenv("PERILUNE_MUTANT");
        gone = said != NULL ? said : "";
        atomic_store(&fallen, gone);
    }
    return strcmp(gone, name) != 0;
}

#define DEFENCE(name) defence_stands(#name)
#else
#define DEFENCE(name) true
#endif

#endif
