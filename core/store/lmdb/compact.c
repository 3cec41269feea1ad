/*
** compact.c -- the same rows in a smaller file.
**
** LMDB's file never shrinks. The rows are copied into a second file, which is
** on the disk before it takes the first one's place by a rename: whenever this
** is cut off, one whole file has the name. What is left of the other is thrown
** away by the next compaction.
*/
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/lmdb/inner.h"
#include "store/lmdb/inspect.h"

#define OLD "data.mdb"
#define NEW "data.mdb.new"

static int copy_rows(const char *path, int to)
{
    MDB_env *env;
    int rc = mdb_env_create(&env);
    if (rc != 0)
        return rc;
    /* Nobody else has it: so LMDB's lock file is left alone. */
    rc = mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600);
    if (rc == 0)
        rc = mdb_env_copyfd2(env, to, MDB_CP_COMPACT);
    mdb_env_close(env);
    return rc;
}

static uint64_t size_at(int dir, const char *name)
{
    struct stat st;
    return fstatat(dir, name, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

static int replace(struct folder *f, const char *path)
{
    int fd = openat(f->dir, NEW, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int rc = copy_rows(path, fd);
    if (rc == 0 && fsync(fd) != 0)
        rc = errno;
    close(fd);
    if (rc == 0 && renameat(f->dir, NEW, f->dir, OLD) != 0)
        rc = errno;
    if (rc != 0)
        unlinkat(f->dir, NEW, 0);
    return rc != 0 ? rc : folder_sync(f);
}

static enum store_result compact(struct folder *f, const char *path,
                                 uint64_t sizes[2], struct store_why *why)
{
    const char *detail = NULL;
    enum store_result result = inspect_file(f->dir, true, &detail);
    if (result != STORE_OK)
        return store_say(why, result, path, detail);
    sizes[0] = size_at(f->dir, OLD);
    if (sizes[0] == 0)
        return store_say(why, STORE_ABSENT, path, NULL);
    int rc = replace(f, path);
    if (rc != 0)
        return store_say(why, env_result(rc), path,
                         rc > 0 ? strerror(rc) : mdb_strerror(rc));
    sizes[1] = size_at(f->dir, OLD);
    return STORE_OK;
}

enum store_result store_compact(const char *path, uint64_t sizes[2],
                                struct store_why *why)
{
    struct folder f;
    struct stat st;
    struct store_options options = {.path = path};
    if (stat(path, &st) != 0)
        return errno == ENOENT
                   ? store_say(why, STORE_ABSENT, path, NULL)
                   : store_say(why, STORE_FOLDER, path, strerror(errno));
    enum store_result result = folder_open(&f, &options, why);
    if (result != STORE_OK)
        return result;
    result = compact(&f, path, sizes, why);
    folder_close(&f);
    return result;
}
