/*
** logqueue.c -- a ring of bytes, a lock held for a memcpy, a writer.
**
** The writer naps a few milliseconds after each batch, so that under load a
** line costs no wake-up: only the first one after a quiet time signals.
*/
#include "gate/logqueue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CAPACITY (1 << 20) /* bytes of lines that wait */
#define BATCH    (64 * 1024)
#define NAP_MS   5
#define LAST_MS  1000 /* for a slow reader, at the end */

struct logqueue {
    int fd;
    pthread_t writer;
    pthread_mutex_t lock;
    pthread_cond_t more;
    int started, asleep, closing;
    unsigned long dropped;
    size_t from, n; /* the bytes that wait, in the ring */
    char *batch;    /* the writer's */
    char ring[CAPACITY];
};

static void put(struct logqueue *q, const char *bytes, size_t len)
{
    size_t at = (q->from + q->n) % CAPACITY;
    size_t first = len < CAPACITY - at ? len : CAPACITY - at;
    memcpy(q->ring + at, bytes, first);
    memcpy(q->ring, bytes + first, len - first);
    q->n += len;
}

static void put_line(struct logqueue *q, const char *line, size_t len)
{
    put(q, line, len);
    put(q, "\n", 1);
}

/* Say how many were lost, now that there is room to say it. */
static void put_dropped(struct logqueue *q)
{
    char line[80];
    int n =
        snprintf(line, sizeof line,
                 "{\"event\":\"log_lines_dropped\",\"lines\":%lu}", q->dropped);
    if (q->n + (size_t)n + 1 > CAPACITY)
        return;
    put_line(q, line, (size_t)n);
    q->dropped = 0;
}

void logqueue_add(void *queue, const char *line, size_t len)
{
    struct logqueue *q = queue;
    pthread_mutex_lock(&q->lock);
    if (q->dropped > 0 && q->n < CAPACITY / 2)
        put_dropped(q);
    if (q->n + len + 1 > CAPACITY || q->dropped > 0)
        q->dropped++;
    else
        put_line(q, line, len);
    int wake = q->asleep;
    pthread_mutex_unlock(&q->lock);
    if (wake)
        pthread_cond_signal(&q->more);
}

/* Take up to a batch of bytes; waits for some. 0: closing and empty. */
static size_t take(struct logqueue *q, char *batch)
{
    pthread_mutex_lock(&q->lock);
    while (q->n == 0 && !q->closing) {
        q->asleep = 1;
        pthread_cond_wait(&q->more, &q->lock);
        q->asleep = 0;
    }
    size_t n = q->n < BATCH ? q->n : BATCH;
    size_t first = n < CAPACITY - q->from ? n : CAPACITY - q->from;
    memcpy(batch, q->ring + q->from, first);
    memcpy(batch + first, q->ring, n - first);
    q->from = (q->from + n) % CAPACITY;
    q->n -= n;
    if (q->n == 0)
        q->from = 0; /* so that only what is needed is ever touched */
    if (q->n == 0 && q->closing && q->dropped > 0)
        put_dropped(q);
    pthread_mutex_unlock(&q->lock);
    return n;
}

static int closing(struct logqueue *q)
{
    pthread_mutex_lock(&q->lock);
    int closing = q->closing;
    pthread_mutex_unlock(&q->lock);
    return closing;
}

/* Wait until the descriptor takes bytes. 0 when it does not any more. */
static int writable(struct logqueue *q, int *patience_ms)
{
    struct pollfd p = {.fd = q->fd, .events = POLLOUT};
    for (;;) {
        int n = poll(&p, 1, 100);
        if (n > 0)
            return !(p.revents & (POLLERR | POLLNVAL));
        if (n < 0 && errno != EINTR)
            return 0;
        if (closing(q) && (*patience_ms -= 100) <= 0)
            return 0;
    }
}

/* 0 when the reader is gone, or too slow at the end. */
static int write_all(struct logqueue *q, const char *bytes, size_t n)
{
    int patience_ms = LAST_MS;
    while (n > 0) {
        if (!writable(q, &patience_ms))
            return 0;
        /* No more than a pipe takes without blocking. */
        ssize_t done = write(q->fd, bytes, n < 4096 ? n : 4096);
        if (done < 0 && errno != EINTR && errno != EAGAIN)
            return 0;
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        }
    }
    return 1;
}

static void *write_lines(void *arg)
{
    struct logqueue *q = arg;
    static const struct timespec nap = {0, NAP_MS * 1000000L};
    size_t n;
    while ((n = take(q, q->batch)) > 0) {
        if (!write_all(q, q->batch, n) && closing(q))
            break;
        if (n < BATCH && !closing(q))
            nanosleep(&nap, NULL);
    }
    return NULL;
}

struct logqueue *logqueue_open(int fd)
{
    struct logqueue *q = calloc(1, sizeof *q);
    if (q == NULL || (q->batch = malloc(BATCH)) == NULL) {
        free(q);
        return NULL;
    }
    q->fd = fd;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->more, NULL);
    return q;
}

int logqueue_start(struct logqueue *q)
{
    q->started = pthread_create(&q->writer, NULL, write_lines, q) == 0;
    return q->started ? 0 : -1;
}

void logqueue_close(struct logqueue *q)
{
    if (q == NULL)
        return;
    pthread_mutex_lock(&q->lock);
    q->closing = 1;
    pthread_mutex_unlock(&q->lock);
    pthread_cond_signal(&q->more);
    if (q->started)
        pthread_join(q->writer, NULL);
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->more);
    free(q->batch);
    free(q);
}
