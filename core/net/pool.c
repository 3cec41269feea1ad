/*
** pool.c -- a mutex, a condition and two lists.
**
** The lists are threaded through the jobs themselves, so that handing work
** over and back never allocates and never fails. Signals stay with the
** host's threads: ours block them all.
*/
#include "net/pool.h"

#include <signal.h>

#define STACK_BYTES ((size_t)1 << 20)

static void push(struct pool_queue *q, struct job *j)
{
    j->next = NULL;
    if (q->last != NULL)
        q->last->next = j;
    else
        q->first = j;
    q->last = j;
}

static struct job *pop(struct pool_queue *q)
{
    struct job *j = q->first;
    q->first = j->next;
    if (q->first == NULL)
        q->last = NULL;
    return j;
}

static void finish(struct pool *p, struct job *j)
{
    pthread_mutex_lock(&p->lock);
    push(&p->finished, j);
    pthread_mutex_unlock(&p->lock);
    p->wake(p->user);
}

/* The next job, waiting for one; NULL when the pool closes. */
static struct job *await(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->idle++;
    while (!p->closing && p->waiting.first == NULL)
        pthread_cond_wait(&p->filled, &p->lock);
    p->idle--;
    struct job *j = p->closing ? NULL : pop(&p->waiting);
    pthread_mutex_unlock(&p->lock);
    return j;
}

static void *run(void *arg)
{
    struct pool *p = arg;
    struct job *j;
    while ((j = await(p)) != NULL) {
        j->work(j);
        finish(p, j);
    }
    return NULL;
}

static void start_thread(struct pool *p)
{
    pthread_attr_t attr;
    sigset_t all, old;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    if (pthread_create(&p->threads[p->threads_n], &attr, run, p) == 0)
        p->threads_n++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
}

void pool_init(struct pool *p, void (*wake)(void *), void *user)
{
    *p = (struct pool){.wake = wake, .user = user};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->filled, NULL);
}

void pool_fini(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->filled);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->threads_n; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->filled);
    pthread_mutex_destroy(&p->lock);
}

void pool_add(struct pool *p, struct job *j)
{
    pthread_mutex_lock(&p->lock);
    bool short_of_hands = p->idle == 0 || p->waiting.first != NULL;
    pthread_mutex_unlock(&p->lock);
    if (short_of_hands && p->threads_n < POOL_THREADS)
        start_thread(p);
    if (p->threads_n == 0) {
        j->work(j);
        finish(p, j);
        return;
    }
    pthread_mutex_lock(&p->lock);
    push(&p->waiting, j);
    pthread_cond_signal(&p->filled);
    pthread_mutex_unlock(&p->lock);
}

struct job *pool_take(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    struct job *j = p->finished.first;
    p->finished = (struct pool_queue){NULL, NULL};
    pthread_mutex_unlock(&p->lock);
    return j;
}
