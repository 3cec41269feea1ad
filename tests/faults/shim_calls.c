/*
** shim_calls.c -- the system calls. What a call can fail with is said where it
** stands: errors that the manual names and that do happen.
*/
#include "shim_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- calls that return -1 and errno ----------------------------------------- */

/* CALL(result, name, (parameters), (arguments), ways...): a whole function. */
#define CALL(result, name, parameters, arguments, ...)                   \
    result name parameters                                               \
    {                                                                    \
        NEXT(name);                                                      \
        int error = shim_refuse(FAULT_SYSTEM, #name, WAYS(__VA_ARGS__)); \
        if (error == 0)                                                  \
            return next arguments;                                       \
        errno = error;                                                   \
        return (result)-1;                                               \
    }

CALL(int, accept4, (int fd, __SOCKADDR_ARG a, socklen_t *n, int flags),
     (fd, a, n, flags), EMFILE, ENFILE, ECONNABORTED, EINTR, ENOMEM, EAGAIN)
CALL(int, socket, (int family, int type, int protocol),
     (family, type, protocol), EMFILE, ENFILE, ENOBUFS, EAFNOSUPPORT)
CALL(int, connect, (int fd, __CONST_SOCKADDR_ARG a, socklen_t n), (fd, a, n),
     EADDRNOTAVAIL, ECONNREFUSED, ENETUNREACH, ETIMEDOUT, EAGAIN, EINTR)
CALL(int, bind, (int fd, __CONST_SOCKADDR_ARG a, socklen_t n), (fd, a, n),
     EADDRINUSE, EACCES)
CALL(int, listen, (int fd, int n), (fd, n), EADDRINUSE)
CALL(int, shutdown, (int fd, int how), (fd, how), ENOTCONN)
CALL(int, setsockopt, (int fd, int level, int name, const void *v, socklen_t n),
     (fd, level, name, v, n), ENOBUFS, EINVAL)
CALL(int, getsockopt, (int fd, int level, int name, void *v, socklen_t *n),
     (fd, level, name, v, n), ENOBUFS)
CALL(int, getsockname, (int fd, __SOCKADDR_ARG a, socklen_t *n), (fd, a, n),
     ENOBUFS)
CALL(int, getpeername, (int fd, __SOCKADDR_ARG a, socklen_t *n), (fd, a, n),
     ENOTCONN)
CALL(int, socketpair, (int family, int type, int protocol, int to[2]),
     (family, type, protocol, to), EMFILE)
CALL(int, pipe, (int to[2]), (to), EMFILE)
CALL(int, pipe2, (int to[2], int flags), (to, flags), EMFILE)
CALL(int, eventfd, (unsigned from, int flags), (from, flags), EMFILE, ENOMEM)
CALL(int, epoll_create1, (int flags), (flags), EMFILE, ENOMEM)
CALL(int, epoll_create, (int n), (n), EMFILE, ENOMEM)
CALL(int, epoll_ctl, (int set, int op, int fd, struct epoll_event *e),
     (set, op, fd, e), ENOMEM, ENOSPC)
CALL(int, epoll_wait, (int set, struct epoll_event *e, int n, int ms),
     (set, e, n, ms), EINTR)
CALL(int, poll, (struct pollfd * p, nfds_t n, int ms), (p, n, ms), EINTR,
     ENOMEM)
CALL(int, inotify_init1, (int flags), (flags), EMFILE, ENOMEM)
CALL(int, inotify_add_watch, (int fd, const char *path, uint32_t mask),
     (fd, path, mask), ENOSPC, ENOMEM, EACCES)
CALL(int, stat, (const char *path, struct stat *st), (path, st), EACCES, EIO)
CALL(int, lstat, (const char *path, struct stat *st), (path, st), EACCES, EIO)
CALL(int, fstat, (int fd, struct stat *st), (fd, st), EIO, ENOMEM)
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC, EACCES)
CALL(int, ftruncate, (int fd, off_t n), (fd, n), ENOSPC, EIO, EINTR)
CALL(int, fsync, (int fd), (fd), EIO, ENOSPC)
CALL(int, fdatasync, (int fd), (fd), EIO, ENOSPC)
CALL(int, msync, (void *from, size_t n, int flags), (from, n, flags), EIO)
CALL(int, flock, (int fd, int what), (fd, what), EINTR, ENOLCK)
CALL(void *, mmap, (void *at, size_t n, int may, int how, int fd, off_t from),
     (at, n, may, how, fd, from), ENOMEM)
CALL(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at),
     EIO)
CALL(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at),
     (fd, from, n, at), ENOSPC, EIO)
CALL(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n),
     ENOSPC, EIO)
CALL(int, renameat, (int of, const char *from, int in, const char *to),
     (of, from, in, to), ENOSPC, EIO)
CALL(int, unlinkat, (int dir, const char *path, int how), (dir, path, how), EIO)
CALL(ssize_t, readlink, (const char *path, char *to, size_t n), (path, to, n),
     EIO)
CALL(ssize_t, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags),
     EINTR, ENOSYS)

char *getcwd(char *to, size_t n)
{
    NEXT(getcwd);
    int error = shim_refuse(FAULT_SYSTEM, "getcwd", WAYS(ENOENT));
    if (error == 0)
        return next(to, n);
    errno = error;
    return NULL;
}

/* The descriptor is gone whatever close says. */
int close(int fd)
{
    NEXT(close);
    int error = shim_refuse(FAULT_SYSTEM, "close", WAYS(EINTR, EIO));
    int result = next(fd);
    if (error == 0)
        return result;
    errno = error;
    return -1;
}

/* --- calls with parameters that may be missing ------------------------------- */

#define MODE_OF(flags, mode)                      \
    mode_t mode = 0;                              \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
        va_list args;                             \
        va_start(args, flags);                    \
        mode = va_arg(args, mode_t);              \
        va_end(args);                             \
    }

#define OPENS(name)                                                        \
    int name(const char *path, int flags, ...)                             \
    {                                                                      \
        NEXT(name);                                                        \
        MODE_OF(flags, mode)                                               \
        int error = shim_refuse(FAULT_SYSTEM, #name,                       \
                                WAYS(EMFILE, ENFILE, EACCES, EIO, EINTR)); \
        if (error == 0)                                                    \
            return next(path, flags, mode);                                \
        errno = error;                                                     \
        return -1;                                                         \
    }

OPENS(open)
OPENS(open64)

int openat(int dir, const char *path, int flags, ...)
{
    NEXT(openat);
    MODE_OF(flags, mode)
    int error =
        shim_refuse(FAULT_SYSTEM, "openat", WAYS(EMFILE, ENFILE, EACCES, EIO));
    if (error == 0)
        return next(dir, path, flags, mode);
    errno = error;
    return -1;
}

int fcntl(int fd, int what, ...)
{
    NEXT(fcntl);
    va_list args;
    va_start(args, what);
    void *value = va_arg(args, void *);
    va_end(args);
    int error = shim_refuse(FAULT_SYSTEM, "fcntl", WAYS(EINTR));
    if (error == 0)
        return next(fd, what, value);
    errno = error;
    return -1;
}

int fcntl64(int fd, int what, ...)
{
    va_list args;
    va_start(args, what);
    void *value = va_arg(args, void *);
    va_end(args);
    return fcntl(fd, what, value);
}

/* --- transfers of bytes ------------------------------------------------------ */

/* A way of its own for transfers: no error, but a single byte. */
#define SHORT (-1000)

/* Bytes of a file or a socket may be torn in two; an eventfd or an inotify does
** no such thing, and nothing happens to it but signals. */
static int is_plain(int fd)
{
    struct stat st;
    shim_inside++;
    int plain =
        fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode));
    shim_inside--;
    return plain;
}

static int refuse_bytes(const char *name, int fd, const int *ways)
{
    static const int signals[] = {EINTR, 0};
    int plain = shim_counts(FAULT_SYSTEM) && is_plain(fd);
    int how = shim_refuse(FAULT_SYSTEM, name, plain ? ways : signals);
    return plain && shim_shortens() ? SHORT : how;
}

#define BYTES(name, parameters, arguments, n, ...)                   \
    ssize_t name parameters                                          \
    {                                                                \
        NEXT(name);                                                  \
        int how = refuse_bytes(#name, fd, WAYS(SHORT, __VA_ARGS__)); \
        if (how == SHORT)                                            \
            n = n > 0 ? 1 : 0;                                       \
        if (how == 0 || how == SHORT)                                \
            return next arguments;                                   \
        errno = how;                                                 \
        return -1;                                                   \
    }

BYTES(read, (int fd, void *to, size_t n), (fd, to, n), n, EIO, EINTR)
BYTES(write, (int fd, const void *from, size_t n), (fd, from, n), n, ENOSPC,
      EIO, EPIPE, EINTR, EAGAIN)
BYTES(recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags), n,
      ECONNRESET, EINTR, EAGAIN, ENOMEM)
BYTES(send, (int fd, const void *from, size_t n, int flags),
      (fd, from, n, flags), n, EPIPE, ECONNRESET, EINTR, EAGAIN, ENOBUFS)

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    NEXT(sendmsg);
    int how = refuse_bytes(
        "sendmsg", fd, WAYS(SHORT, EPIPE, ECONNRESET, EINTR, EAGAIN, ENOBUFS));
    struct iovec byte = {m->msg_iov[0].iov_base, m->msg_iov[0].iov_len > 0};
    struct msghdr little = {.msg_iov = &byte, .msg_iovlen = 1};
    if (how == 0)
        return next(fd, m, flags);
    if (how == SHORT && byte.iov_len > 0)
        return next(fd, &little, flags);
    if (how == SHORT)
        return next(fd, m, flags);
    errno = how;
    return -1;
}

/* --- calls that return their error -------------------------------------------- */

int posix_fallocate(int fd, off_t from, off_t n)
{
    NEXT(posix_fallocate);
    int error =
        shim_refuse(FAULT_SYSTEM, "posix_fallocate", WAYS(ENOSPC, EIO, EINTR));
    return error != 0 ? error : next(fd, from, n);
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *want,
                struct addrinfo **to)
{
    NEXT(getaddrinfo);
    int error = shim_refuse(FAULT_SYSTEM, "getaddrinfo",
                            WAYS(EAI_AGAIN, EAI_MEMORY, EAI_NONAME));
    return error != 0 ? error : next(host, port, want, to);
}
