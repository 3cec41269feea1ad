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

static int read_all(int fd, size_t max, struct arena *arena, str *text)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ERR_SYSTEM;
    if (!S_ISREG(st.st_mode))
        return ERR_INPUT;
    if ((size_t)st.st_size > max)
        return ERR_LIMIT;
    char *to = arena_zero(arena, (size_t)st.st_size + 1);
    if (to == NULL)
        return ERR_MEMORY;
    size_t n = 0;
    while (n < (size_t)st.st_size) {
        ssize_t got = read(fd, to + n, (size_t)st.st_size - n);
        if (got < 0 && errno != EINTR)
            return ERR_SYSTEM;
        if (got == 0)
            break; /* it became shorter meanwhile; the watch will say so */
        n += got > 0 ? (size_t)got : 0;
    }
    *text = (str){to, n};
    return 0;
}

static bool is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

int file_read(const char *path, size_t max, struct arena *arena, str *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return is_missing(errno) ? ERR_MISSING : ERR_SYSTEM;
    int error = read_all(fd, max, arena, text);
    close(fd);
    return error;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 || !is_missing(errno);
}
