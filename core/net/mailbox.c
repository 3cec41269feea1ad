/*
** mailbox.c -- a list under a lock, and an eventfd.
*/
#include "net/mailbox.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"

int mailbox_open(struct mailbox *m)
{
    *m = (struct mailbox){.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (m->bell < 0)
        return ERR_SYSTEM;
    pthread_mutex_init(&m->lock, NULL);
    return 0;
}

void mailbox_close(struct mailbox *m)
{
    close(m->bell);
    pthread_mutex_destroy(&m->lock);
}

void mailbox_ring(struct mailbox *m)
{
    static const uint64_t one = 1;
    while (write(m->bell, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void mailbox_hush(struct mailbox *m)
{
    uint64_t rung;
    (void)!read(m->bell, &rung, sizeof rung);
}

void mailbox_put(struct mailbox *m, struct nudge *n)
{
    pthread_mutex_lock(&m->lock);
    bool fresh = !n->queued;
    if (fresh) {
        n->queued = true;
        n->next = NULL;
        if (m->first == NULL)
            m->first = n;
        else
            m->last->next = n;
        m->last = n;
    }
    pthread_mutex_unlock(&m->lock);
    if (fresh)
        mailbox_ring(m);
}

struct nudge *mailbox_take(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct nudge *n = m->first;
    if (n != NULL) {
        m->first = n->next;
        n->queued = false;
    }
    pthread_mutex_unlock(&m->lock);
    return n;
}

void mailbox_run(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    const struct nudge *last = m->first != NULL ? m->last : NULL;
    pthread_mutex_unlock(&m->lock);
    for (bool more = last != NULL; more;) {
        struct nudge *n = mailbox_take(m);
        more = n != last; /* it may be gone once it has run */
        n->run(n);
    }
}
