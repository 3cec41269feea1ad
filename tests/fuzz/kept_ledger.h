/*
** kept_ledger.h -- a ledger's file, damaged, and opened again.
**
** An input is a letter and changes, three bytes each: where (the highest first)
** and what stands there now. By 'l' that is all, as if a disk had done it; by
** 's' the checks are made anew behind it, so that what they guard is met, too. It
** opens or is refused. What opens after the first has no less spent than before.
*/
#ifndef TESTS_FUZZ_KEPT_LEDGER_H
#define TESTS_FUZZ_KEPT_LEDGER_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "store/ledger/inner.h"

#define KEPT_NOW   (1700000000 * NANOS_S)
#define KEPT_KEYS  3
#define KEPT_LIMIT 1000000

static char kept_folder[] = "/dev/shm/perilune-fuzz-XXXXXX";
static char kept_path[64];
static char *kept_image; /* the file as it was */
static size_t kept_n;
static int64_t kept_spent[KEPT_KEYS]; /* and what is spent in it */

static inline struct ledger *kept_open(void)
{
    struct ledger *l;
    struct store_why why;
    struct ledger_options options = {
        .folder = kept_folder, .most = 1 << 16, .dice = {7, 9}};
    enum store_result result = ledger_open(&l, &options, &why);
    MUST((result == STORE_OK) == (l != NULL));
    MUST(result != STORE_OK ? why.text[0] != '\0' : true);
    return l;
}

static inline struct ledger_line kept_line(const struct ledger *l, int key)
{
    struct period day = {.unit = PERIOD_DAY};
    char name[2] = {(char)('a' + key), '\0'};
    return (struct ledger_line){.id = ledger_id(l, STR("b"), str_of(name)),
                                .span = period_at(&day, KEPT_NOW),
                                .limit = KEPT_LIMIT,
                                .amount = 100 + key};
}

static inline struct ledger_view kept_view(struct ledger *l, int key)
{
    struct ledger_view view;
    struct ledger_line line = kept_line(l, key);
    ledger_look(l, &line, &view);
    return view;
}

/* Three budgets: something was spent of each, and something is reserved. */
static inline void kept_use(struct ledger *l)
{
    struct ledger_lease lease;
    struct ledger_refusal no;
    struct ledger_line lines[KEPT_KEYS];
    for (int i = 0; i < KEPT_KEYS; i++)
        lines[i] = kept_line(l, i);
    MUST(ledger_reserve(l, lines, KEPT_KEYS, &lease, &no) == 0);
    for (int i = 0; i < KEPT_KEYS; i++) {
        int64_t actual[KEPT_KEYS] = {50, 60, 70};
        MUST(ledger_reserve(l, lines, i + 1, &lease, &no) == 0);
        MUST(ledger_settle(l, &lease, actual, i + 1) == 0);
    }
}

static inline void kept_write(const char *bytes, size_t n)
{
    int fd = open(kept_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MUST(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && close(fd) == 0);
}

static inline void kept_leave(void)
{
    unlink(kept_path);
    rmdir(kept_folder);
}

static inline void kept_setup(void)
{
    struct stat st;
    MUST(mkdtemp(kept_folder) != NULL);
    snprintf(kept_path, sizeof kept_path, "%s/budgets.map", kept_folder);
    atexit(kept_leave);
    struct ledger *l = kept_open();
    kept_use(l);
    for (int i = 0; i < KEPT_KEYS; i++) {
        struct ledger_view view = kept_view(l, i);
        kept_spent[i] = view.spent + view.reserved;
    }
    ledger_close(l); /* the lease stays, as a dead process's */
    int fd = open(kept_path, O_RDONLY);
    MUST(fd >= 0 && fstat(fd, &st) == 0);
    kept_n = (size_t)st.st_size;
    kept_image = malloc(kept_n);
    MUST(kept_image != NULL && read(fd, kept_image, kept_n) == (ssize_t)kept_n);
    close(fd);
}

/* As ledger/step.c makes a cell's. */
static inline void kept_reseal(char *bytes, size_t n)
{
    struct ledger l = {.cells = 0};
    struct head *h = (struct head *)(void *)bytes;
    l.head = h;
    l.cell = (struct cell *)(void *)(bytes + LEDGER_HEAD);
    uint32_t cells = (uint32_t)((n - LEDGER_HEAD) / sizeof(struct cell));
    uint32_t undo = atomic_load(&h->undo_n), at[LEDGER_STEP];
    struct cell copy[LEDGER_STEP];
    memcpy(at, h->undo_at, sizeof at);
    memcpy(copy, h->undo, sizeof copy);
    for (uint32_t i = 0; i < cells; i++) {
        step_begin(&l, &i, 1);
        step_end(&l);
    }
    memcpy(h->undo_at, at, sizeof at);
    memcpy(h->undo, copy, sizeof copy);
    atomic_store(&h->undo_n, undo);
}

static inline void kept_damage(char *bytes, str in)
{
    for (; in.n >= 3; in = str_from(in, 3)) {
        const unsigned char *b = (const void *)in.p;
        bytes[((size_t)b[0] << 8 | b[1]) % kept_n] = (char)b[2];
    }
}

/* Whatever is in it, it can be used. */
static inline void kept_is_used(struct ledger *l)
{
    struct ledger_lease lease;
    struct ledger_refusal no;
    for (int i = 0; i < KEPT_KEYS; i++) {
        struct ledger_line line = kept_line(l, i);
        struct ledger_view view = kept_view(l, i);
        MUST(view.left >= 0 && view.left <= KEPT_LIMIT);
        MUST(view.spent >= 0 && view.reserved == 0);
        int rc = ledger_reserve(l, &line, 1, &lease, &no);
        MUST(rc != 0 || view.left >= line.amount);
        if (rc == 0)
            MUST(ledger_settle(l, &lease, &line.amount, 1) == 0);
    }
}

static inline void kept_ledger(str in, bool seals)
{
    char *bytes = malloc(kept_n);
    MUST(bytes != NULL);
    memcpy(bytes, kept_image, kept_n);
    kept_damage(bytes, in);
    bool same = memcmp(bytes, kept_image, kept_n) == 0;
    if (seals)
        kept_reseal(bytes, kept_n);
    kept_write(bytes, kept_n);
    free(bytes);
    struct ledger *l = kept_open();
    MUST(l != NULL || !same);
    for (int i = 0; l != NULL && !seals && i < KEPT_KEYS; i++)
        MUST(kept_view(l, i).spent >= kept_spent[i]);
    if (l != NULL)
        kept_is_used(l);
    ledger_close(l);
}

#endif
