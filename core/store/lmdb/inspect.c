/*
** inspect.c -- a walk through LMDB's pages, by pread.
**
** No map and no recursion deeper than a tree is; a bitmap of pages that were
** met keeps a loop from being walked twice.
*/
#include "store/lmdb/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/lmdb/format.h"

#define SMALL     ((uint64_t)8 << 20) /* bytes that are walked each time */
#define MOST_DEEP 32

struct walk {
    int fd;
    struct head head;
    uint64_t pages;     /* that are in the file, whole */
    unsigned char *met; /* a bit for each */
    const char *wrong;
    enum store_result result;
};

static bool fails(struct walk *w, const char *wrong)
{
    w->wrong = wrong;
    w->result = STORE_DAMAGED;
    return false;
}

/* --- pages ----------------------------------------------------------------- */

/* Note n pages from `first` on; false if they cannot be. */
static bool meet(struct walk *w, uint64_t first, uint64_t n)
{
    if (first < 2 || n == 0 || first > w->head.last || n > w->head.last ||
        first + n - 1 > w->head.last)
        return fails(w, "a page that cannot be");
    if (first + n > w->pages)
        return fails(w, "data.mdb is cut off");
    for (uint64_t at = first; at < first + n; at++) {
        unsigned char bit = (unsigned char)(1 << at % 8);
        if (w->met[at / 8] & bit)
            return fails(w, "a page that is used twice");
        w->met[at / 8] |= bit;
    }
    return true;
}

static bool load(struct walk *w, uint64_t page, char *to)
{
    size_t size = w->head.page_size;
    ssize_t n = pread(w->fd, to, size, (off_t)(page * size));
    if (n == (ssize_t)size)
        return true;
    w->wrong = "data.mdb cannot be read";
    w->result = STORE_IO;
    return false;
}

/* A long value: only its first page has a head. */
static bool walk_long(struct walk *w, const struct entry *e, struct tree *count)
{
    char head[FORMAT_PAGE_HEAD];
    struct page p;
    off_t at = (off_t)(e->page * w->head.page_size);
    if (e->page < 2 || e->page >= w->pages)
        return fails(w, "data.mdb is cut off");
    if (pread(w->fd, head, sizeof head, at) != (ssize_t)sizeof head)
        return fails(w, "data.mdb is cut off");
    format_page(head, &p);
    uint64_t need = (e->data.n + FORMAT_PAGE_HEAD + w->head.page_size - 1) /
                    w->head.page_size;
    if (p.number != e->page || p.kind != FORMAT_LONG || p.long_n < need)
        return fails(w, "a long value that is none");
    count->long_pages += p.long_n;
    return meet(w, e->page, p.long_n);
}

/* --- trees ----------------------------------------------------------------- */

static bool walk_tree(struct walk *w, const struct tree *t, bool tables);

struct level {
    bool tables;    /* its entries may be trees */
    bool integers;  /* its keys are numbers of transactions */
    unsigned depth; /* levels from here on */
};

static bool walk_page(struct walk *w, uint64_t page, struct level level,
                      struct tree *count);

static bool walk_entry(struct walk *w, const struct entry *e,
                       struct level level, struct tree *count)
{
    struct tree inner;
    count->entries++;
    if (e->flags & FORMAT_IN_PAGES)
        return walk_long(w, e, count);
    if (!(e->flags & FORMAT_IS_TREE))
        return true;
    if (!level.tables || e->data.n != FORMAT_TREE)
        return fails(w, "a tree where none can be");
    format_tree(e->data.p, &inner);
    return walk_tree(w, &inner, false);
}

static bool walk_entries(struct walk *w, const char *bytes, struct level level,
                         struct tree *count)
{
    struct page p;
    struct entry e;
    str before = STR_NONE;
    format_page(bytes, &p);
    for (unsigned i = 0; i < p.entries; i++) {
        bool first_of_branch = p.kind == FORMAT_BRANCH && i == 0;
        if (!format_entry(bytes, w->head.page_size, i, &e))
            return fails(w, "an entry outside its page");
        if (!first_of_branch && before.p != NULL &&
            format_order(before, e.key, level.integers) >= 0)
            return fails(w, "keys out of order");
        before = first_of_branch ? STR_NONE : e.key;
        bool whole =
            p.kind == FORMAT_BRANCH
                ? walk_page(w, e.page,
                            (struct level){level.tables, level.integers,
                                           level.depth - 1},
                            count)
                : walk_entry(w, &e, level, count);
        if (!whole)
            return false;
    }
    return true;
}

static bool walk_page(struct walk *w, uint64_t page, struct level level,
                      struct tree *count)
{
    struct page p;
    bool whole = false;
    char *bytes = NULL;
    if (!meet(w, page, 1))
        return false;
    if ((bytes = mem_alloc(w->head.page_size)) == NULL) {
        w->result = STORE_MEMORY;
        return false;
    }
    if (!load(w, page, bytes))
        goto out;
    format_page(bytes, &p);
    unsigned kind = level.depth > 1 ? FORMAT_BRANCH : FORMAT_LEAF;
    if (p.number != page || p.kind != kind || p.entries == 0 ||
        !format_page_fits(&p, w->head.page_size)) {
        fails(w, "a page that is not what it should be");
        goto out;
    }
    count->branch_pages += kind == FORMAT_BRANCH;
    count->leaf_pages += kind == FORMAT_LEAF;
    whole = walk_entries(w, bytes, level, count);
out:
    mem_free(bytes);
    return whole;
}

static bool walk_tree(struct walk *w, const struct tree *t, bool tables)
{
    struct tree count = {0};
    if (t->root == FORMAT_NOWHERE)
        return t->entries == 0 ? true : fails(w, "a tree without a root");
    if (t->depth == 0 || t->depth > MOST_DEEP)
        return fails(w, "a tree too deep");
    struct level level = {tables, (t->flags & FORMAT_INTEGERS) != 0, t->depth};
    if (!walk_page(w, t->root, level, &count))
        return false;
    if (count.entries != t->entries || count.leaf_pages != t->leaf_pages ||
        count.branch_pages != t->branch_pages ||
        count.long_pages != t->long_pages)
        return fails(w, "a tree that has not what it says");
    return true;
}

static void walk_all(struct walk *w)
{
    w->met = mem_zero((size_t)(w->head.last / 8 + 1));
    if (w->met == NULL) {
        w->result = STORE_MEMORY;
        return;
    }
    if (walk_tree(w, &w->head.free, false))
        walk_tree(w, &w->head.main, true);
    mem_free(w->met);
}

/* --- the heads ------------------------------------------------------------- */

/* The head that counts; false when neither can be believed. */
static bool read_heads(struct walk *w)
{
    char bytes[2][FORMAT_HEAD_BYTES];
    struct head heads[2];
    if (pread(w->fd, bytes[0], sizeof bytes[0], 0) != sizeof bytes[0])
        return fails(w, "data.mdb is cut off");
    if (!format_head(bytes[0], 0, &heads[0]))
        return fails(w, "data.mdb is not LMDB's, or of another machine's");
    off_t second = (off_t)heads[0].page_size;
    if (pread(w->fd, bytes[1], sizeof bytes[1], second) != sizeof bytes[1])
        return fails(w, "data.mdb is cut off");
    if (!format_head(bytes[1], 1, &heads[1]) ||
        heads[1].page_size != heads[0].page_size)
        return fails(w, "the second head of data.mdb is damaged");
    w->head = heads[heads[1].number > heads[0].number];
    return true;
}

static void inspect(struct walk *w, uint64_t size, bool doubt)
{
    if (!read_heads(w))
        return;
    w->pages = size / w->head.page_size;
    if (w->head.last < 1 || w->head.last > ((uint64_t)1 << 40)) {
        fails(w, "the head of data.mdb is damaged");
        return;
    }
    if (doubt || size <= SMALL || w->pages <= w->head.last)
        walk_all(w);
}

enum store_result inspect_file(int dir, bool doubt, const char **detail)
{
    struct stat st;
    struct walk w = {.fd = openat(dir, "data.mdb", O_RDONLY | O_CLOEXEC)};
    if (w.fd < 0 && errno == ENOENT)
        return STORE_OK;
    if (w.fd < 0) {
        *detail = "data.mdb cannot be read";
        return errno == EACCES ? STORE_READ_ONLY : STORE_IO;
    }
    if (fstat(w.fd, &st) != 0 || !S_ISREG(st.st_mode))
        fails(&w, "data.mdb is no file");
    else if (st.st_size > 0)
        inspect(&w, (uint64_t)st.st_size, doubt);
    close(w.fd);
    *detail = w.wrong;
    return w.result;
}
