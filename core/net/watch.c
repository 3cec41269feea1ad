/*
** watch.c -- inotify on the folders of a file, not on the file.
**
** Editors replace files by rename, configuration tools swap a symbolic link
** somewhere above: watching the inode would miss both. So each step of a path
** that could be replaced is watched as (folder, name): the file in its folder
** and, for every symbolic link met on the way, the link in its own. Any event
** with such a name means change; nothing else is asked, hence an edit of the
** same size in the same clock tick is seen too.
*/
#include "net/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#define MAX_LINKS 40
#define EVENTS                                                         \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY | \
     IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

/* A name in a folder whose events count. */
struct spot {
    struct spot *next;
    int wd;
    char name[];
};

/* A path as it was given, and its looks, for the way without inotify. */
struct looks {
    struct looks *next;
    bool asked; /* is there no other way to see that it changed? */
    bool there;
    struct stat stat;
    char path[];
};

struct watch {
    int fd; /* -1: by stat */
    bool changed;
    struct spot *spots;
    struct looks *looks;
};

struct watch *watch_open(bool no_inotify)
{
    struct watch *w = mem_zero(sizeof *w);
    if (w != NULL)
        w->fd = no_inotify ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return w;
}

void watch_close(struct watch *w)
{
    if (w == NULL)
        return;
    while (w->spots != NULL) {
        struct spot *next = w->spots->next;
        mem_free(w->spots);
        w->spots = next;
    }
    while (w->looks != NULL) {
        struct looks *next = w->looks->next;
        mem_free(w->looks);
        w->looks = next;
    }
    if (w->fd >= 0)
        close(w->fd);
    mem_free(w);
}

/* --- with inotify ---------------------------------------------------------- */

static int add_spot(struct watch *w, const char *folder, const char *name)
{
    int wd = inotify_add_watch(w->fd, *folder != '\0' ? folder : "/", EVENTS);
    if (wd < 0)
        return ERR_SYSTEM;
    size_t len = strlen(name) + 1;
    struct spot *spot = mem_alloc(sizeof *spot + len);
    if (spot == NULL)
        return ERR_MEMORY;
    spot->wd = wd;
    memcpy(spot->name, name, len);
    spot->next = w->spots;
    w->spots = spot;
    return 0;
}

/* A path under way: what is walked already, and what is still to walk. */
struct walk {
    char done[PATH_MAX]; /* absolute, no slash at the end; "" is the root */
    char todo[PATH_MAX];
    int links;
};

/* Put `target` in front of what is to walk; false if it does not fit. */
static bool walk_into(struct walk *walk, const char *target)
{
    char all[PATH_MAX];
    size_t target_len = strlen(target), todo_len = strlen(walk->todo);
    if (target_len + todo_len + 2 > sizeof all)
        return false;
    memcpy(all, target, target_len);
    all[target_len] = '/';
    memcpy(all + target_len + 1, walk->todo, todo_len + 1);
    memcpy(walk->todo, all, target_len + todo_len + 2);
    if (target[0] == '/')
        walk->done[0] = '\0';
    return true;
}

static void step_up(struct walk *walk)
{
    char *slash = strrchr(walk->done, '/');
    if (slash != NULL)
        *slash = '\0';
}

/* The next component of the path, cut off from `todo` into `name`. */
static bool next_name(struct walk *walk, char name[NAME_MAX + 1])
{
    const char *from = walk->todo + strspn(walk->todo, "/");
    size_t len = strcspn(from, "/");
    if (len == 0 || len > NAME_MAX)
        return false;
    memcpy(name, from, len);
    name[len] = '\0';
    memmove(walk->todo, from + len, strlen(from + len) + 1);
    return true;
}

/* Append a name to what is walked; false if it does not fit. */
static bool step_down(struct walk *walk, const char *name)
{
    size_t done = strlen(walk->done), len = strlen(name);
    if (done + len + 2 > sizeof walk->done)
        return false;
    walk->done[done] = '/';
    memcpy(walk->done + done + 1, name, len + 1);
    return true;
}

/* One step of the path: 1 go on, 0 arrived, or an error. */
static int walk_step(struct watch *w, struct walk *walk)
{
    char name[NAME_MAX + 1], target[PATH_MAX];
    if (!next_name(walk, name))
        return 0;
    if (strcmp(name, ".") == 0)
        return 1;
    if (strcmp(name, "..") == 0)
        return step_up(walk), 1;
    char folder[PATH_MAX];
    memcpy(folder, walk->done, sizeof folder);
    if (!step_down(walk, name))
        return ERR_INPUT;
    struct stat st;
    bool there = lstat(walk->done, &st) == 0;
    bool last = walk->todo[strspn(walk->todo, "/")] == '\0';
    if (!there || last || S_ISLNK(st.st_mode)) {
        int error = add_spot(w, folder, name);
        if (error != 0)
            return error;
    }
    if (!there || !S_ISLNK(st.st_mode))
        return there && !last;
    ssize_t len = readlink(walk->done, target, sizeof target - 1);
    if (len < 0 || ++walk->links > MAX_LINKS)
        return 0;
    target[len] = '\0';
    step_up(walk);
    return walk_into(walk, target) ? 1 : ERR_INPUT;
}

static int add_spots(struct watch *w, const char *path)
{
    struct walk *walk = mem_zero(sizeof *walk);
    if (walk == NULL)
        return ERR_MEMORY;
    int more = 1;
    if (path[0] != '/' && getcwd(walk->done, sizeof walk->done) == NULL)
        more = ERR_SYSTEM;
    if (strcmp(walk->done, "/") == 0)
        walk->done[0] = '\0';
    if (strlen(path) >= sizeof walk->todo)
        more = ERR_INPUT;
    else
        memcpy(walk->todo, path, strlen(path) + 1);
    while (more > 0)
        more = walk_step(w, walk);
    mem_free(walk);
    return more;
}

static bool counts(const struct watch *w, const struct inotify_event *event)
{
    if (event->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF |
                       IN_UNMOUNT | IN_IGNORED))
        return true;
    if (event->len == 0)
        return false;
    for (const struct spot *s = w->spots; s != NULL; s = s->next)
        if (s->wd == event->wd && strcmp(s->name, event->name) == 0)
            return true;
    return false;
}

static void read_events(struct watch *w)
{
    _Alignas(struct inotify_event) char bytes[4096];
    ssize_t n;
    while ((n = read(w->fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            w->changed = w->changed || counts(w, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
}

/* --- without --------------------------------------------------------------- */

static bool same_looks(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static struct looks *add_looks(struct watch *w, const char *path)
{
    size_t len = strlen(path) + 1;
    struct looks *looks = mem_zero(sizeof *looks + len);
    if (looks == NULL)
        return NULL;
    memcpy(looks->path, path, len);
    looks->next = w->looks;
    w->looks = looks;
    return looks;
}

static void compare_looks(struct watch *w)
{
    for (struct looks *l = w->looks; l != NULL; l = l->next) {
        struct stat now;
        if (!l->asked)
            continue;
        bool there = stat(l->path, &now) == 0;
        if (there != l->there || (there && !same_looks(&now, &l->stat)))
            w->changed = true;
    }
}

int watch_add(struct watch *w, const char *path)
{
    struct looks *looks = add_looks(w, path);
    if (looks == NULL)
        return ERR_MEMORY;
    int error = w->fd >= 0 ? add_spots(w, path) : ERR_SYSTEM;
    if (error == 0 || error == ERR_MEMORY)
        return error;
    looks->asked = true;
    looks->there = stat(path, &looks->stat) == 0;
    return 0;
}

void watch_each(const struct watch *w, void (*fn)(void *, const char *path),
                void *user)
{
    for (const struct looks *l = w->looks; l != NULL; l = l->next)
        fn(user, l->path);
}

bool watch_changed(struct watch *w)
{
    if (!w->changed && w->fd >= 0)
        read_events(w);
    if (!w->changed)
        compare_looks(w);
    return w->changed;
}
