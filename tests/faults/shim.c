/*
** shim.c -- malloc and the system calls, each able to fail.
**
** Every function here has the name and the shape of libc's, asks refuse()
** whether it is its turn, and otherwise passes the call on to the next of that
** name (libc's, or a sanitizer's). What a call can fail with is said where it
** stands: errors that the manual names and that do happen.
*/
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#define FRAMES 24

static atomic_int armed /* kinds; 0 = none */, happened;
static atomic_long seen, blocks;
static struct fault_plan plan;
static const char *failed_call;
static void *frames[FRAMES];
static int frames_n;
static __thread int not_counted;
static __thread int inside = 1; /* a thread that we did not start */
static int begun;               /* main is there */
static int aloud;               /* there is nobody who would call fault_tell */

/* The next function of that name. */
#define NEXT(name)                 \
    static __typeof__(name) *next; \
    if (next == NULL)              \
    *(void **)&next = find(#name)

static void *find(const char *name)
{
    inside++;
    void *p = dlsym(RTLD_NEXT, name);
    inside--;
    if (p == NULL)
        abort();
    return p;
}

/* --- whose turn ------------------------------------------------------------ */

static void remember_call(const char *name)
{
    inside++;
    failed_call = name;
    frames_n = backtrace(frames, FRAMES);
    if (aloud)
        dprintf(2, "faults: %s fails\n", name);
    inside--;
    atomic_store(&happened, 1);
}

/* Is this call to fail? Then the way it does; else 0. `ways` ends with 0. */
static int refuse(int kind, const char *name, const int *ways)
{
    if (!(atomic_load(&armed) & kind) || not_counted || inside)
        return 0;
    long mine = atomic_fetch_add(&seen, 1) + 1;
    if (plan.shorten || plan.n == 0 || mine < plan.n ||
        (mine > plan.n && !plan.onwards))
        return 0;
    int known = 0;
    while (ways[known] != 0)
        known++;
    int how = mine == plan.n || plan.how < known ? plan.how : 0;
    if (how >= known)
        return 0;
    if (mine == plan.n)
        remember_call(name);
    else if (ways[how] == EINTR || ways[how] == EAGAIN)
        return 0; /* no such thing goes on for ever */
    return ways[how];
}

/* A way of its own for transfers: no error, but a single byte. */
#define SHORT (-1000)

/* Bytes of a file or a socket may be torn in two; an eventfd or an inotify does
** no such thing, and nothing happens to it but signals. */
static int is_plain(int fd)
{
    struct stat st;
    inside++;
    int plain =
        fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode));
    inside--;
    return plain;
}

static int refuse_bytes(const char *name, int fd, const int *ways)
{
    static const int signals[] = {EINTR, 0};
    int concerned =
        (atomic_load(&armed) & FAULT_SYSTEM) && !not_counted && !inside;
    int plain = concerned && is_plain(fd);
    int how = refuse(FAULT_SYSTEM, name, plain ? ways : signals);
    return plain && plan.shorten ? SHORT : how;
}

/* FAULTS="kind n onwards how": a program that knows nothing of us. */
static void read_plan(const char *text)
{
    static struct fault_plan it;
    if (sscanf(text, "%d %ld %d %d", &it.kind, &it.n, &it.onwards, &it.how) < 1)
        abort();
    begun = aloud = 1;
    fault_arm(&it);
}

/* Its last word: how many calls there were, and whether one failed. */
__attribute__((destructor)) static void tell_count(void)
{
    if (getenv("FAULTS") != NULL)
        dprintf(2, "faults: %ld %d\n", fault_disarm(), fault_happened());
}

/* The first backtrace loads a library: before anything is counted. */
__attribute__((constructor)) static void prepare(void)
{
    inside = 0;
    frames_n = backtrace(frames, FRAMES);
    if (getenv("FAULTS") != NULL)
        read_plan(getenv("FAULTS"));
}

void fault_arm(const struct fault_plan *it)
{
    plan = *it;
    atomic_store(&seen, 0);
    atomic_store(&happened, 0);
    atomic_store(&armed, it->kind);
}

long fault_disarm(void)
{
    atomic_store(&armed, 0);
    return atomic_load(&seen);
}

int fault_happened(void)
{
    return atomic_load(&happened);
}

void fault_tell(void)
{
    if (!fault_happened())
        return;
    inside++;
    dprintf(1, "#    the call: %s, way %d\n", failed_call, plan.how);
    backtrace_symbols_fd(frames, frames_n, 1);
    inside--;
}

void fault_mine(int it_is)
{
    begun = 1;
    not_counted = !it_is;
}

long fault_blocks(void)
{
    return atomic_load(&blocks);
}

/* --- memory ---------------------------------------------------------------- */

/* Before main, a sanitizer may not be asked for memory yet: until fault_mine is
** called for the first time, blocks come from here. */
static char early[1 << 20];
static size_t early_n;

static void *take_early(size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (n > sizeof early - early_n)
        abort();
    void *p = early + early_n;
    early_n += n;
    return p;
}

static int is_early(const void *p)
{
    return (uintptr_t)p >= (uintptr_t)early &&
           (uintptr_t)p < (uintptr_t)early + sizeof early;
}

static const int no_memory[] = {ENOMEM, 0};

static int refuse_memory(const char *name)
{
    int error = refuse(FAULT_MEMORY, name, no_memory);
    if (error != 0)
        errno = error;
    return error;
}

static void *counted(void *p)
{
    if (p != NULL)
        atomic_fetch_add(&blocks, 1);
    return p;
}

void *malloc(size_t n)
{
    if (!begun)
        return take_early(n);
    NEXT(malloc);
    return refuse_memory("malloc") ? NULL : counted(next(n));
}

void *calloc(size_t n, size_t size)
{
    if (!begun)
        return take_early(n * size);
    NEXT(calloc);
    return refuse_memory("calloc") ? NULL : counted(next(n, size));
}

/* An early block knows not its size: what follows it in the pool is copied
** along, which does no harm. */
static void *move_early(const void *old, size_t n)
{
    size_t most = (size_t)(early + sizeof early - (const char *)old);
    void *p = malloc(n);
    return p != NULL ? memcpy(p, old, n < most ? n : most) : NULL;
}

void *realloc(void *old, size_t n)
{
    if (old == NULL)
        return malloc(n);
    if (is_early(old))
        return move_early(old, n);
    NEXT(realloc);
    return refuse_memory("realloc") ? NULL : next(old, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    NEXT(aligned_alloc);
    return refuse_memory("aligned_alloc") ? NULL : counted(next(align, n));
}

int posix_memalign(void **to, size_t align, size_t n)
{
    NEXT(posix_memalign);
    if (refuse_memory("posix_memalign"))
        return ENOMEM;
    int error = next(to, align, n);
    if (error == 0)
        counted(*to);
    return error;
}

/* A sanitizer's own would go round us. */
char *strndup(const char *text, size_t most)
{
    size_t n = strnlen(text, most);
    char *p = malloc(n + 1);
    if (p == NULL)
        return NULL;
    memcpy(p, text, n);
    p[n] = '\0';
    return p;
}

char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

void free(void *p)
{
    if (p == NULL || is_early(p))
        return;
    NEXT(free);
    atomic_fetch_sub(&blocks, 1);
    next(p);
}

/* --- calls that return -1 and errno ----------------------------------------- */

#define WAYS(...) ((const int[]){__VA_ARGS__, 0})

/* CALL(result, name, (parameters), (arguments), ways...): a whole function. */
#define CALL(result, name, parameters, arguments, ...)              \
    result name parameters                                          \
    {                                                               \
        NEXT(name);                                                 \
        int error = refuse(FAULT_SYSTEM, #name, WAYS(__VA_ARGS__)); \
        if (error == 0)                                             \
            return next arguments;                                  \
        errno = error;                                              \
        return (result)-1;                                          \
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
    int error = refuse(FAULT_SYSTEM, "getcwd", WAYS(ENOENT));
    if (error == 0)
        return next(to, n);
    errno = error;
    return NULL;
}

/* The descriptor is gone whatever close says. */
int close(int fd)
{
    NEXT(close);
    int error = refuse(FAULT_SYSTEM, "close", WAYS(EINTR, EIO));
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

#define OPENS(name)                                                   \
    int name(const char *path, int flags, ...)                        \
    {                                                                 \
        NEXT(name);                                                   \
        MODE_OF(flags, mode)                                          \
        int error = refuse(FAULT_SYSTEM, #name,                       \
                           WAYS(EMFILE, ENFILE, EACCES, EIO, EINTR)); \
        if (error == 0)                                               \
            return next(path, flags, mode);                           \
        errno = error;                                                \
        return -1;                                                    \
    }

OPENS(open)
OPENS(open64)

int openat(int dir, const char *path, int flags, ...)
{
    NEXT(openat);
    MODE_OF(flags, mode)
    int error =
        refuse(FAULT_SYSTEM, "openat", WAYS(EMFILE, ENFILE, EACCES, EIO));
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
    int error = refuse(FAULT_SYSTEM, "fcntl", WAYS(EINTR));
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
    int error = refuse(FAULT_SYSTEM, "posix_fallocate", WAYS(ENOSPC, EINTR));
    return error != 0 ? error : next(fd, from, n);
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *want,
                struct addrinfo **to)
{
    NEXT(getaddrinfo);
    int error = refuse(FAULT_SYSTEM, "getaddrinfo",
                       WAYS(EAI_AGAIN, EAI_MEMORY, EAI_NONAME));
    return error != 0 ? error : next(host, port, want, to);
}

/* What a new thread is to do. Its first steps are libc's and the sanitizer's,
** which cannot go without memory: only what it was started for is counted. */
struct start {
    void *(*run)(void *);
    void *arg;
};

static void *start_thread(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    inside = 0;
    void *result = start.run(start.arg);
    inside = 1; /* and its last ones, too */
    return result;
}

/* A thread is started, or fails to for want of memory, as a whole. */
int pthread_create(pthread_t *to, const pthread_attr_t *attr,
                   void *(*run)(void *), void *arg)
{
    NEXT(pthread_create);
    int error =
        refuse(FAULT_SYSTEM | FAULT_MEMORY, "pthread_create", WAYS(EAGAIN));
    if (error != 0)
        return error;
    inside++;
    struct start *start = malloc(sizeof *start);
    if (start == NULL)
        abort();
    *start = (struct start){run, arg};
    error = next(to, attr, start_thread, start);
    if (error != 0)
        free(start);
    inside--;
    return error;
}
