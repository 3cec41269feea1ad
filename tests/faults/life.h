/*
** lives.h -- lives of a runtime, each with a part that can be put to torture.
*/
#ifndef TESTS_FAULTS_LIVES_H
#define TESTS_FAULTS_LIVES_H

#include "shim.h"

/* One life: the policy it begins with, what happens before the tortured part,
** and that part. */
struct scenario {
    const char *name, *policy;
    void (*before)(void);
    void (*tortured)(void);
    int opens;  /* the tortured part opens the runtime */
    long rarer; /* its calls are many, and dear: fewer of them fail */
};

extern const struct scenario scenarios[];
extern const int scenarios_n;

/* Start the upstream and make a folder; 0, or -1. Before any thread. */
int lives_begin(void);
void lives_end(void);

/* Live it, under the plan: the calls that the tortured part made. *wrongs grows
** by what was wrong, which is printed. */
long live(const struct scenario *s, const struct fault_plan *plan, int *wrongs);

#endif
