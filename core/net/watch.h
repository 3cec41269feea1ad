/*
** watch.h -- has any of these files changed?
**
** Files are named before they are read, those that are missing too, so that
** a file that appears later is noticed. A file counts as changed when it, or
** any symbolic link on the way to it, is written, replaced, removed or made.
** Asking costs one system call (inotify), or one stat per file where inotify
** cannot be had. One thread.
*/
#ifndef NET_WATCH_H
#define NET_WATCH_H

#include "base/str.h"

struct watch;

/* An empty watch; NULL when there is no memory. `no_inotify`: use stat. */
struct watch *watch_open(bool no_inotify);

/* NULL is fine. */
void watch_close(struct watch *w);

/* Watch a path (zero-terminated), existing or not. 0 or ERR_MEMORY. */
int watch_add(struct watch *w, const char *path);

/* Hand over every path that is watched, as it was given. */
void watch_each(const struct watch *w, void (*fn)(void *, const char *path),
                void *user);

/* Did something change since it was added? Once true, always true. */
bool watch_changed(struct watch *w);

#endif
