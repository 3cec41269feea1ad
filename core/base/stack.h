/*
** stack.h -- threads with a stack that is large enough to run Lua on.
**
** Two hundred calls of C inside one another, which Lua allows, need more than
** 384 KiB; some systems give a thread 128. So ours are started with a size
** that is said, and who brings a thread of his own is told when it is small.
*/
#ifndef BASE_STACK_H
#define BASE_STACK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define STACK_LEAST ((size_t)1 << 20)

/* Start a thread with at least STACK_LEAST bytes; 0, or an errno. */
int stack_thread(pthread_t *thread, void *(*run)(void *), void *arg);

/* Has the calling thread that much? Found out once per thread. */
bool stack_enough(void);

#endif
