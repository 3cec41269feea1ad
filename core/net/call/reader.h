/*
** reader.h -- who takes a call's reply, and who waits for it to change.
**
** Both are embedded in their owners and zeroed; call_attach and call_watch put
** them in, and the call keeps nothing of them once they are out.
*/
#ifndef NET_READER_H
#define NET_READER_H

#include "net/call/fault.h"

struct call;

/* One who takes a reply's bytes as they come. */
struct reader {
    /* Whole events of a stream, or bytes of a whole reply; borrowed. */
    void (*bytes)(struct reader *, str bytes);
    /* The end, once, always last; fault->kind is FAULT_NONE if all is well. */
    void (*end)(struct reader *, const struct fault *fault);
    struct reader *next; /* private */
    bool paused;         /* private: by reader_pause */
    bool attached;       /* read only */
};

/* One who waits for something to change; called at every change (commit, end,
** bytes while `holding`) until call_unwatch. Embed it; zero it. */
struct watcher {
    void (*changed)(struct watcher *);
    struct watcher *next; /* private */
};

/* One who is told, once, that a call has ended, however it did; not of one that
** could not be started. Embed it. */
struct ender {
    void (*ended)(struct ender *, const struct call *);
};

#endif
