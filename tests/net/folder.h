/*
** folder.h -- a folder of a test's own, gone with all it holds at the end.
**
** Paths given here are relative to it; folder_path makes them whole.
*/
#ifndef TESTS_NET_FOLDER_H
#define TESTS_NET_FOLDER_H

#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char folder[64];

/* The whole path of a name in the folder; good until asked four times. */
static inline const char *folder_path(const char *name)
{
    static char paths[4][512];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void folder_open(void)
{
    snprintf(folder, sizeof folder, "/tmp/perilune-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static inline int folder_drop(const char *path, const struct stat *st, int kind,
                              struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void folder_close(void)
{
    CHECK_INT(nftw(folder, folder_drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Write, in place: the file keeps its inode. */
static inline void folder_write(const char *name, const char *text)
{
    FILE *f = fopen(folder_path(name), "w");
    CHECK(f != NULL);
    if (f == NULL)
        return;
    fputs(text, f);
    CHECK_INT(fclose(f), 0);
}

static inline void folder_make(const char *name)
{
    CHECK_INT(mkdir(folder_path(name), 0700), 0);
}

static inline void folder_rename(const char *from, const char *to)
{
    CHECK_INT(rename(folder_path(from), folder_path(to)), 0);
}

/* The link is made under another name and moved over `name`, as tools do. */
static inline void folder_link(const char *name, const char *target)
{
    CHECK_INT(symlink(target, folder_path(".new-link")), 0);
    folder_rename(".new-link", name);
}

static inline void folder_remove(const char *name)
{
    CHECK_INT(unlink(folder_path(name)), 0);
}

#endif
