/*
** test_store_torture.c -- a whole life of a store with every system call failing
** in turn.
**
** LMDB and we are linked into this program, so a call of either comes to the
** functions of that name here. The n-th fails, for every n, with no room and as
** a disk that is broken; once, and from there on. Whatever fails is told or got
** over: nothing ends the process, and afterwards the store opens and has what
** was acknowledged. Where only descriptors leak they are LMDB's to close, and are
** not counted.
*/
#include "store/store_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static atomic_long calls, failing; /* counted so far; the one to fail */
static atomic_bool onwards;
static atomic_int error;
static atomic_bool happened;

static bool refused(void)
{
    long at = atomic_fetch_add(&calls, 1) + 1, n = atomic_load(&failing);
    if (n == 0 || (atomic_load(&onwards) ? at < n : at != n))
        return false;
    atomic_store(&happened, true);
    errno = atomic_load(&error);
    return true;
}

#define FAILS(name, kind, parameters, ...)                                    \
    kind name parameters;                                                     \
    kind name parameters                                                      \
    {                                                                         \
        return refused() ? (kind)-1 : (kind)syscall(SYS_##name, __VA_ARGS__); \
    }

FAILS(writev, ssize_t, (int fd, const struct iovec *v, int n), fd, v, n)
FAILS(fdatasync, int, (int fd), fd)
FAILS(fsync, int, (int fd), fd)
FAILS(ftruncate, int, (int fd, off_t n), fd, n)

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return refused() ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
    return refused() ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

int open(const char *path, int flags, ...)
{
    return refused() ? -1
                     : (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

int openat(int dir, const char *path, int flags, ...)
{
    return refused() ? -1 : (int)syscall(SYS_openat, dir, path, flags, 0600);
}

/* --- a life ---------------------------------------------------------------- */

static char block[700000];
static enum store_result told[4];

/* Open, a small batch, one that makes the map grow, a look, the end. */
static void live(void)
{
    struct batch b;
    told[0] = open_again();
    told[1] = told[2] = STORE_IO;
    if (told[0] != STORE_OK)
        return;
    batch_init(&b, 1);
    batch_put(&b, STR("t"), STR("small"), STR("x"), STAY);
    batch_add(&b, STR("t"), STR("n"), 1, STAY);
    told[1] = store_write(store, &b);
    batch_fini(&b);
    batch_init(&b, 1);
    for (int i = 0; i < 3; i++)
        batch_put(&b, STR("t"), (str){"abc" + i, 1}, (str){block, sizeof block},
                  STAY);
    told[2] = store_write(store, &b);
    batch_fini(&b);
    struct seen seen = look_with((struct store_look){.key = STR("small")});
    seen_fini(&seen);
    store_close(store);
    store = NULL;
}

/* Afterwards: it opens, has what was said to be written, and goes on. */
static void look_after(long n)
{
    CHECK_INT(open_again(), STORE_OK);
    if (store == NULL) {
        printf("#    call %ld: %s\n", n, why.text);
        return;
    }
    CHECK(told[1] != STORE_OK || has("small", "x"));
    CHECK(told[1] != STORE_OK || count_of("n") == 1);
    struct seen seen = look_with((struct store_look){.key = STR("c")});
    CHECK(told[2] != STORE_OK || seen.value.n == sizeof block);
    seen_fini(&seen);
    CHECK_INT(put("after", "y"), STORE_OK);
    store_close(store);
    store = NULL;
}

/* Lives with the n-th call failing, until there is no n-th. */
static void torture(enum store_durability durability, int how, bool for_ever)
{
    bool reached = true;
    for (long n = 1; reached && n < 1000; n++) {
        folder_open_fast();
        options =
            (struct store_options){.durability = durability, .most = 64 << 20};
        atomic_store(&error, how);
        atomic_store(&onwards, for_ever);
        atomic_store(&happened, false);
        atomic_store(&calls, 0);
        atomic_store(&failing, n);
        live();
        atomic_store(&failing, 0);
        reached = atomic_load(&happened);
        look_after(n);
        folder_close();
    }
    CHECK(!reached);
}

static void a_call_that_fails_for_want_of_room_is_got_over(void)
{
    torture(STORE_PROCESS, ENOSPC, false);
    torture(STORE_POWER, ENOSPC, false);
}

static void a_disk_that_is_broken_is_told(void)
{
    torture(STORE_PROCESS, EIO, true);
    torture(STORE_POWER, EIO, true);
    torture(STORE_POWER, EIO, false);
}

TESTS(a_call_that_fails_for_want_of_room_is_got_over,
      a_disk_that_is_broken_is_told)
