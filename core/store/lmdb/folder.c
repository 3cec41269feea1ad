/*
** folder.c -- a lock of an open file, and a line of text.
**
** Such a lock (F_OFD_SETLK) belongs to the file as it was opened, so that no
** other part of the program lets go of it, as with older locks, by opening and
** closing the file.
*/
#include "store/lmdb/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/defence.h"

#define LINE    128
#define UNKNOWN "unknown"

/* The run of the machine, as the kernel names it. */
static void this_run(char to[64])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, to, 63) : -1;
    if (fd >= 0)
        close(fd);
    to[n > 0 ? n : 0] = '\0';
    to[strcspn(to, "\n")] = '\0';
    if (to[0] == '\0')
        memcpy(to, UNKNOWN, sizeof UNKNOWN);
}

static void read_line(const struct folder *f, char line[LINE])
{
    ssize_t n = pread(f->lock, line, LINE - 1, 0);
    line[n > 0 ? n : 0] = '\0';
}

/* Was it open, without waiting for the disk, in another run of the machine?
** Where the run has no name, any that did not end well is doubted. */
static bool doubtful(const char *line, const char *run)
{
    char how[16] = "", then[64] = "";
    if (sscanf(line, "process %*d %15s %63s", how, then) != 2)
        return false;
    return strcmp(how, "unsynced") == 0 &&
           (strcmp(then, run) != 0 || strcmp(run, UNKNOWN) == 0);
}

/* In place, so that a full disk does not hinder it. */
static int write_line(const struct folder *f, const char *text)
{
    char line[LINE];
    memset(line, ' ', sizeof line);
    memcpy(line, text, strlen(text));
    line[LINE - 1] = '\n';
    ssize_t n = pwrite(f->lock, line, sizeof line, 0);
    if (n != LINE)
        return n < 0 ? errno : EIO;
    return fsync(f->lock) != 0 ? errno : 0;
}

int folder_sign(struct folder *f, enum store_durability durability)
{
    char line[LINE], run[64];
    this_run(run);
    snprintf(line, sizeof line, "process %d %s %s", (int)getpid(),
             durability == STORE_POWER ? "synced" : "unsynced", run);
    int error = write_line(f, line);
    f->signed_ = error == 0;
    f->doubt = f->doubt && !f->signed_;
    return error;
}

/* Take the lock on all of it, or ask who has. */
static int lock_call(int fd, int call, struct flock *lock)
{
    *lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, call, lock);
}

bool folder_in_use(const struct folder *f)
{
    struct flock lock;
    int fd = openat(f->dir, "perilune.lock", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool used =
        lock_call(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return used;
}

/* Who has the lock; 0 when that is not said. */
static int holder(const struct folder *f)
{
    char line[LINE];
    int pid = 0;
    read_line(f, line);
    return sscanf(line, "process %d", &pid) == 1 ? pid : 0;
}

static enum store_result take_lock(struct folder *f,
                                   const struct store_options *options,
                                   struct store_why *why)
{
    char line[LINE], run[64];
    struct flock lock;
    f->lock =
        openat(f->dir, "perilune.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f->lock < 0)
        return store_say(why, store_errno(errno), options->path,
                         strerror(errno));
    if (DEFENCE(store_lock) && lock_call(f->lock, F_OFD_SETLK, &lock) != 0) {
        int pid = holder(f);
        snprintf(line, sizeof line, "process %d", pid);
        return store_say(why, STORE_BUSY, options->path,
                         pid > 0 ? line : "it does not say which");
    }
    this_run(run);
    read_line(f, line);
    f->doubt = doubtful(line, run);
    return STORE_OK;
}

enum store_result folder_open(struct folder *f,
                              const struct store_options *options,
                              struct store_why *why)
{
    enum store_result result = STORE_OK;
    *f = (struct folder){.dir = -1, .lock = -1};
    if (!options->read_only && mkdir(options->path, 0700) != 0 &&
        errno != EEXIST)
        return store_say(why, store_errno(errno), options->path,
                         strerror(errno));
    f->dir = open(options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0 && options->read_only && errno == ENOENT)
        return store_say(why, STORE_ABSENT, options->path, NULL);
    if (f->dir < 0)
        return store_say(why, store_errno(errno), options->path,
                         strerror(errno));
    if (!options->read_only)
        result = take_lock(f, options, why);
    if (result != STORE_OK)
        folder_close(f);
    return result;
}

void folder_settle(struct folder *f)
{
    if (f->signed_)
        write_line(f, "closed");
}

void folder_close(struct folder *f)
{
    if (f->lock >= 0)
        close(f->lock);
    if (f->dir >= 0)
        close(f->dir);
    f->lock = f->dir = -1;
}

int folder_sync(struct folder *f)
{
    int above = openat(f->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above >= 0) { /* it may be behind a fence */
        fsync(above);
        close(above);
    }
    return fsync(f->dir) != 0 ? errno : 0;
}
