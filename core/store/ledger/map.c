/*
** map.c -- a file that is mapped whole once, as large as it may ever be.
**
** What lies behind its end is address space and nothing else until the file
** has grown, so growing moves nothing. Room is allocated and not only promised
** (posix_fallocate): a page that the disk has no room for would be a signal and
** not a result. How many cells there are is one word that contains its own
** check, stored when the room is there.
*/
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/siphash.h"
#include "store/ledger/inner.h"

#define NAME  "budgets.map"
#define USUAL ((size_t)256 << 20)
#define LEAST ((size_t)64 << 10)

size_t map_used(const struct ledger *l)
{
    return LEDGER_HEAD + (size_t)l->cells * sizeof(struct cell);
}

static uint64_t head_check(const struct head *h)
{
    static const uint64_t key[2] = {LEDGER_MAGIC, LEDGER_LAYOUT};
    return siphash(key, (str){(const char *)h, offsetof(struct head, check)});
}

static void head_make(struct head *h, const struct ledger_options *options)
{
    *h = (struct head){.magic = LEDGER_MAGIC,
                       .layout = LEDGER_LAYOUT,
                       .cell = sizeof(struct cell),
                       .key = {options->dice[0], options->dice[1]}};
    h->check = head_check(h);
    atomic_init(&h->cells, (uint64_t)UINT32_MAX << 32);
}

static enum store_result say(const struct ledger *l, enum store_result result,
                             struct store_why *why, const char *detail)
{
    return store_say(why, result, l->path != NULL ? l->path : NAME, detail);
}

static enum store_result say_errno(const struct ledger *l,
                                   struct store_why *why)
{
    int error = errno;
    return say(l, store_errno(error), why, strerror(error));
}

/* --- the file -------------------------------------------------------------- */

static enum store_result take_file(struct ledger *l, const char *folder,
                                   struct store_why *why)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    size_t n = strlen(folder) + sizeof "/" NAME;
    l->path = mem_alloc(n);
    if (l->path == NULL)
        return say(l, STORE_MEMORY, why, NULL);
    snprintf(l->path, n, "%s/%s", folder, NAME);
    l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (l->fd < 0)
        return say_errno(l, why);
    if (DEFENCE(ledger_lock) && fcntl(l->fd, F_OFD_SETLK, &lock) != 0)
        return say(l, STORE_BUSY, why, NULL);
    return STORE_OK;
}

/* One write of one page: it is there whole or not at all. */
static enum store_result begin_file(struct ledger *l,
                                    const struct ledger_options *options,
                                    struct store_why *why)
{
    union {
        struct head head;
        char page[LEDGER_HEAD];
    } first;
    memset(&first, 0, sizeof first);
    head_make(&first.head, options);
    ssize_t n = pwrite(l->fd, first.page, LEDGER_HEAD, 0);
    if (n == LEDGER_HEAD)
        return STORE_OK;
    enum store_result result =
        n < 0 ? say_errno(l, why) : say(l, STORE_DISK, why, NULL);
    if (ftruncate(l->fd, 0) != 0)
        return say_errno(l, why);
    return result;
}

/* Make the name of a new file as safe as what will be in it. */
static enum store_result keep_name(struct ledger *l, const char *folder,
                                   struct store_why *why)
{
    enum store_result result = STORE_OK;
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fsync(l->fd) != 0 || fsync(dir) != 0)
        result = say_errno(l, why);
    if (dir >= 0)
        close(dir);
    return result;
}

/* How long it is; a new one is begun. */
static enum store_result file_size(struct ledger *l, size_t *size,
                                   const struct ledger_options *options,
                                   struct store_why *why)
{
    struct stat st;
    if (fstat(l->fd, &st) != 0)
        return say_errno(l, why);
    *size = (size_t)st.st_size;
    if (!S_ISREG(st.st_mode))
        return say(l, STORE_DAMAGED, why, "it is no file");
    if (st.st_size == 0) {
        *size = LEDGER_HEAD;
        enum store_result result = begin_file(l, options, why);
        return result == STORE_OK && l->durability == STORE_POWER
                   ? keep_name(l, options->folder, why)
                   : result;
    }
    return STORE_OK;
}

/* --- the head -------------------------------------------------------------- */

static enum store_result look_at_head(struct ledger *l, size_t size,
                                      struct store_why *why)
{
    const struct head *h = l->head;
    uint64_t cells = atomic_load(&l->head->cells);
    uint32_t n = (uint32_t)cells;
    if (h->magic != LEDGER_MAGIC)
        return say(l, STORE_DAMAGED, why, "it does not begin as one");
    if (h->check != head_check(h))
        return say(l, STORE_DAMAGED, why, "its head");
    if (h->layout != LEDGER_LAYOUT || h->cell != sizeof(struct cell))
        return say(l, STORE_NEWER, why, NULL);
    if ((uint32_t)(cells >> 32) != (uint32_t)~n)
        return say(l, STORE_DAMAGED, why, "its head");
    if ((size - LEDGER_HEAD) / sizeof(struct cell) < n)
        return say(l, STORE_DAMAGED, why, "it was cut short");
    l->cells = n;
    return STORE_OK;
}

static size_t map_size(const struct ledger_options *options, size_t size)
{
    size_t n = options->most != 0 ? options->most : USUAL;
    n = n < LEAST ? LEAST : n;
    n = n < size ? size : n;
    return (n + LEDGER_HEAD - 1) / LEDGER_HEAD * LEDGER_HEAD;
}

static enum store_result map(struct ledger *l, struct store_why *why)
{
    int how =
        MAP_NORESERVE | (l->fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);
    void *p = mmap(NULL, l->map_n, PROT_READ | PROT_WRITE, how, l->fd, 0);
    if (p == MAP_FAILED)
        return say_errno(l, why);
    l->head = p;
    l->cell = (struct cell *)((char *)p + LEDGER_HEAD);
    l->most = (uint32_t)((l->map_n - LEDGER_HEAD) / sizeof(struct cell));
    return STORE_OK;
}

/* A page that a child after a fork sees as zero. */
static enum store_result sign(struct ledger *l, struct store_why *why)
{
    uint32_t *p = mmap(NULL, LEDGER_HEAD, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return say_errno(l, why);
    l->ours = p;
    if (madvise(p, LEDGER_HEAD, MADV_WIPEONFORK) != 0)
        return say_errno(l, why);
    *p = 1;
    return STORE_OK;
}

static enum store_result open_all(struct ledger *l,
                                  const struct ledger_options *options,
                                  struct store_why *why)
{
    size_t size = LEDGER_HEAD;
    enum store_result result = sign(l, why);
    if (result == STORE_OK && options->folder != NULL)
        result = take_file(l, options->folder, why);
    if (result == STORE_OK && options->folder != NULL)
        result = file_size(l, &size, options, why);
    if (result == STORE_OK && size < LEDGER_HEAD)
        result = say(l, STORE_DAMAGED, why, "it was cut short");
    l->map_n = map_size(options, size);
    if (result == STORE_OK)
        result = map(l, why);
    if (result == STORE_OK && l->fd < 0)
        head_make(l->head, options);
    return result == STORE_OK ? look_at_head(l, size, why) : result;
}

enum store_result map_open(struct ledger *l,
                           const struct ledger_options *options,
                           struct store_why *why)
{
    l->fd = -1;
    l->durability = options->durability;
    enum store_result result = open_all(l, options, why);
    if (result != STORE_OK)
        map_close(l);
    return result;
}

void map_close(struct ledger *l)
{
    if (l->head != NULL)
        munmap(l->head, l->map_n);
    if (l->ours != NULL)
        munmap((void *)(uintptr_t)l->ours, LEDGER_HEAD);
    if (l->fd >= 0)
        close(l->fd);
    mem_free(l->path);
    l->head = NULL;
    l->ours = NULL;
    l->fd = -1;
    l->path = NULL;
}

int map_grow(struct ledger *l, uint32_t cells)
{
    size_t from = map_used(l), more = (size_t)cells * sizeof(struct cell);
    if (cells > l->most - l->cells)
        return ERR_SYSTEM;
    if (l->fd >= 0 && posix_fallocate(l->fd, (off_t)from, (off_t)more) != 0)
        return ERR_SYSTEM;
    l->cells += cells;
    atomic_store(&l->head->cells,
                 (uint64_t)(uint32_t)~l->cells << 32 | l->cells);
    return 0;
}
