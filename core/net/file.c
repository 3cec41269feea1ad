/*
** file.c -- open, look what it is, read it.
**
** Opened without blocking and looked at before it is read, so that a FIFO or
** a device in the place of a policy cannot hang the loop.
*/
#include "net/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* How large it is; negative for what is no regular file, or larger than max. */
static int64_t size_of(int fd, size_t max)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ERR_SYSTEM;
    if (!S_ISREG(st.st_mode))
        return ERR_INPUT;
    return (size_t)st.st_size > max ? ERR_LIMIT : (int64_t)st.st_size;
}

/* Bytes read, at most n: fewer when it became shorter meanwhile. */
static int64_t read_bytes(int fd, char *to, size_t n)
{
    size_t at = 0;
    while (at < n) {
        ssize_t got = pread(fd, to + at, n - at, (off_t)at);
        if (got < 0 && errno != EINTR)
            return ERR_SYSTEM;
        if (got == 0)
            break; /* the watch will say so */
        at += got > 0 ? (size_t)got : 0;
    }
    return (int64_t)at;
}

static int read_all(int fd, size_t max, struct arena *arena, str *text)
{
    int64_t size = size_of(fd, max);
    if (size < 0)
        return (int)size;
    char *to = arena_zero(arena, (size_t)size + 1);
    if (to == NULL)
        return ERR_MEMORY;
    size = read_bytes(fd, to, (size_t)size);
    if (size < 0)
        return (int)size;
    *text = (str){to, (size_t)size};
    return 0;
}

int file_open(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

void file_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

static bool is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

int file_read(const char *path, size_t max, struct arena *arena, str *text)
{
    int fd = file_open(path);
    if (fd < 0)
        return is_missing(errno) ? ERR_MISSING : ERR_SYSTEM;
    int error = read_all(fd, max, arena, text);
    file_close(fd);
    return error;
}

int file_whole(int fd, size_t max, char **text, size_t *n)
{
    int64_t size = size_of(fd, max);
    if (size < 0)
        return (int)size;
    char *to = mem_alloc((size_t)size + 1);
    if (to == NULL)
        return ERR_MEMORY;
    size = read_bytes(fd, to, (size_t)size);
    if (size < 0) {
        mem_free(to);
        return (int)size;
    }
    *text = to;
    *n = (size_t)size;
    return 0;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 || !is_missing(errno);
}
