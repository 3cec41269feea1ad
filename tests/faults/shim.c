/*
** shim.c -- whose turn it is to fail, and what is known of it afterwards.
**
** Each function of shim_memory.c and shim_calls.c has the name and the shape of
** libc's, asks here whether it is its turn, and otherwise passes the call on to
** the next of that name (libc's, or a sanitizer's).
*/
#include "shim_inner.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define FRAMES 24

static atomic_int armed; /* kinds; 0 = none */
static atomic_long seen;
static atomic_int happened;
static struct fault_plan plan;
static const char *failed_call;
static void *frames[FRAMES];
static int frames_n;
static __thread int not_counted;
__thread int shim_inside = 1; /* a thread that we did not start */
int shim_begun;
static int aloud; /* there is nobody who would call fault_tell */

void *shim_next(const char *name)
{
    shim_inside++;
    void *p = dlsym(RTLD_NEXT, name);
    shim_inside--;
    if (p == NULL)
        abort();
    return p;
}

/* --- whose turn ------------------------------------------------------------ */

static void remember_call(const char *name)
{
    shim_inside++;
    failed_call = name;
    frames_n = backtrace(frames, FRAMES);
    if (aloud)
        dprintf(2, "faults: %s fails\n", name);
    shim_inside--;
    atomic_store(&happened, 1);
}

int shim_counts(int kind)
{
    return (atomic_load(&armed) & kind) && !not_counted && !shim_inside;
}

int shim_shortens(void)
{
    return plan.shorten;
}

int shim_refuse(int kind, const char *name, const int *ways)
{
    if (!shim_counts(kind))
        return 0;
    long mine = atomic_fetch_add(&seen, 1) + 1;
    if (plan.shorten || plan.n == 0 || mine < plan.n ||
        (mine > plan.n && !plan.onwards))
        return 0;
    int known = 0;
    while (ways[known] != 0)
        known++;
    int how = mine == plan.n || plan.how < known ? plan.how : 0;
    if (how >= known)
        return 0;
    if (mine == plan.n)
        remember_call(name);
    else if (ways[how] == EINTR || ways[how] == EAGAIN)
        return 0; /* no such thing goes on for ever */
    return ways[how];
}

/* FAULTS="kind n onwards how": a program that knows nothing of us. */
static void read_plan(const char *text)
{
    static struct fault_plan it;
    if (sscanf(text, "%d %ld %d %d", &it.kind, &it.n, &it.onwards, &it.how) < 1)
        abort();
    shim_begun = aloud = 1;
    fault_arm(&it);
}

/* Its last word: how many calls there were, and whether one failed. */
__attribute__((destructor)) static void tell_count(void)
{
    if (getenv("FAULTS") != NULL)
        dprintf(2, "faults: %ld %d\n", fault_disarm(), fault_happened());
}

/* The first backtrace loads a library: before anything is counted. */
__attribute__((constructor)) static void prepare(void)
{
    shim_inside = 0;
    frames_n = backtrace(frames, FRAMES);
    if (getenv("FAULTS") != NULL)
        read_plan(getenv("FAULTS"));
}

void fault_arm(const struct fault_plan *it)
{
    plan = *it;
    atomic_store(&seen, 0);
    atomic_store(&happened, 0);
    atomic_store(&armed, it->kind);
}

long fault_disarm(void)
{
    atomic_store(&armed, 0);
    return atomic_load(&seen);
}

int fault_happened(void)
{
    return atomic_load(&happened);
}

void fault_tell(void)
{
    if (!fault_happened())
        return;
    shim_inside++;
    dprintf(1, "#    the call: %s, way %d\n", failed_call, plan.how);
    backtrace_symbols_fd(frames, frames_n, 1);
    shim_inside--;
}

void fault_mine(int it_is)
{
    shim_begun = 1;
    not_counted = !it_is;
}
