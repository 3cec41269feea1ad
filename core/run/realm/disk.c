/*
** disk.c -- one job, and two lists: who is served by it, who by the next.
**
** Whoever comes while the disk is at work may have reserved too late for it, and
** is served by the next one. So the more come, the more share one wait.
*/
#include "run/realm/disk.h"

#include "store/ledger.h"

static void append(struct disk_wait **list, struct disk_wait *w)
{
    w->next = *list;
    w->at = list;
    if (w->next != NULL)
        w->next->at = &w->next;
    *list = w;
}

void disk_leave(struct disk_wait *w)
{
    if (w->at == NULL)
        return;
    *w->at = w->next;
    if (w->next != NULL)
        w->next->at = w->at;
    w->at = NULL;
}

static void begin(struct disk *d)
{
    while (d->waiting != NULL) {
        struct disk_wait *w = d->waiting;
        disk_leave(w);
        append(&d->served, w);
    }
    if (d->served == NULL)
        return;
    pthread_mutex_lock(&d->lock);
    d->working = d->busy = true;
    pthread_mutex_unlock(&d->lock);
    world_execute(d->world, &d->job);
}

static void work(struct job *job) /* [another thread] */
{
    struct disk *d = (struct disk *)(void *)job;
    d->error = ledger_sync(d->ledger);
    pthread_mutex_lock(&d->lock);
    d->working = false;
    pthread_cond_signal(&d->over);
    pthread_mutex_unlock(&d->lock);
}

static void done(struct job *job)
{
    struct disk *d = (struct disk *)(void *)job;
    struct disk_wait *w;
    int error = d->error;
    d->busy = false;
    while ((w = d->served) != NULL) {
        disk_leave(w);
        w->error = error;
        w->done(w);
    }
    if (!d->busy)
        begin(d);
}

void disk_wait(struct disk *d, struct ledger *ledger, struct disk_wait *w)
{
    d->ledger = ledger;
    append(&d->waiting, w);
    if (!d->busy)
        begin(d);
}

void disk_init(struct disk *d, struct world *world)
{
    d->world = world;
    d->job.work = work;
    d->job.done = done;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->over, NULL);
}

void disk_fini(struct disk *d)
{
    if (d->world == NULL)
        return;
    pthread_mutex_lock(&d->lock);
    while (d->working)
        pthread_cond_wait(&d->over, &d->lock);
    pthread_mutex_unlock(&d->lock);
    pthread_cond_destroy(&d->over);
    pthread_mutex_destroy(&d->lock);
}
