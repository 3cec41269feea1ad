/*
** shim.h -- the door between a torture and the library that fails its calls.
**
** shim.so is preloaded, so that libcurl, libev, Lua and libc itself meet the
** same failures as we do. It counts the calls of the kinds it is armed for,
** of all threads, and fails the n-th. A thread that says fault_mine(0) is left
** alone: that is how a test reads and writes between the turns of the loop.
*/
#ifndef TESTS_FAULTS_SHIM_H
#define TESTS_FAULTS_SHIM_H

enum fault_kind {
    FAULT_MEMORY = 1, /* malloc and its family */
    FAULT_SYSTEM = 2, /* calls that reach the kernel, or the resolver */
};

/* Which call is to fail, and how. */
struct fault_plan {
    int kind;
    long n;      /* the n-th from now, 1 = the next; 0 = none, only count */
    int onwards; /* and all after it */
    int how;     /* 0, 1, ...: which of the ways that this call can fail */
    int shorten; /* instead: every transfer of bytes moves one byte */
};

/* Begin counting, and failing. */
void fault_arm(const struct fault_plan *plan);

/* Stop. The calls counted since. */
long fault_disarm(void);

/* Did a call fail since fault_arm? 0 when the n-th was never reached, or
** knows no such way to fail. */
int fault_happened(void);

/* Which one, and from where, as text on descriptor 1. */
void fault_tell(void);

/* Is this thread counted? Every thread is, until it says no. */
void fault_mine(int counted);

/* Blocks of memory that are allocated and not freed, of the whole process. */
long fault_blocks(void);

#endif
