/*
** format.c -- reading numbers out of bytes, and believing none of them.
*/
#include "store/lmdb/format.h"

#define MAGIC   0xbeefc0deu
#define VERSION 1u

static uint64_t number(const char *p, size_t n)
{
    uint64_t v = 0;
    memcpy(&v, p, n); /* both our machines have the low byte first */
    return v;
}

void format_tree(const char *p, struct tree *t)
{
    *t = (struct tree){
        .flags = (unsigned)number(p + 4, 2),
        .depth = (unsigned)number(p + 6, 2),
        .branch_pages = number(p + 8, 8),
        .leaf_pages = number(p + 16, 8),
        .long_pages = number(p + 24, 8),
        .entries = number(p + 32, 8),
        .root = number(p + 40, 8),
    };
}

bool format_head(const char *bytes, uint64_t page, struct head *h)
{
    struct page p;
    const char *meta = bytes + FORMAT_PAGE_HEAD;
    const char *trees = meta + 24;
    format_page(bytes, &p);
    h->page_size = (uint32_t)number(trees, 4);
    format_tree(trees, &h->free);
    format_tree(trees + FORMAT_TREE, &h->main);
    h->last = number(trees + 2 * FORMAT_TREE, 8);
    h->number = number(trees + 2 * FORMAT_TREE + 8, 8);
    return p.number == page && p.kind == FORMAT_META &&
           number(meta, 4) == MAGIC && number(meta + 4, 4) == VERSION &&
           h->page_size >= 256 && h->page_size <= 65536 &&
           (h->page_size & (h->page_size - 1)) == 0;
}

void format_page(const char *bytes, struct page *p)
{
    *p = (struct page){
        .number = number(bytes, 8),
        .kind = (unsigned)number(bytes + 10, 2),
        .lower = (unsigned)number(bytes + 12, 2),
        .upper = (unsigned)number(bytes + 14, 2),
        .long_n = (uint32_t)number(bytes + 12, 4),
    };
    p->entries =
        p->lower > FORMAT_PAGE_HEAD ? (p->lower - FORMAT_PAGE_HEAD) / 2 : 0;
}

bool format_page_fits(const struct page *p, uint32_t size)
{
    return p->lower >= FORMAT_PAGE_HEAD && p->lower <= p->upper &&
           p->upper <= size;
}

bool format_entry(const char *bytes, uint32_t size, unsigned i, struct entry *e)
{
    struct page p;
    format_page(bytes, &p);
    size_t at = (size_t)number(bytes + FORMAT_PAGE_HEAD + 2 * (size_t)i, 2);
    if (at < p.upper || at + 8 > size)
        return false;
    const char *node = bytes + at;
    size_t key_n = (size_t)number(node + 6, 2), room = size - at - 8;
    if (key_n > room)
        return false;
    *e = (struct entry){.key = {node + 8, key_n}};
    if (p.kind == FORMAT_BRANCH) {
        e->page = number(node, 4) | number(node + 4, 2) << 32;
        return true;
    }
    e->flags = (unsigned)number(node + 4, 2);
    e->data = (str){node + 8 + key_n, (size_t)number(node, 4)};
    bool in_pages = (e->flags & FORMAT_IN_PAGES) != 0;
    if ((in_pages ? 8 : e->data.n) > room - key_n)
        return false;
    if (in_pages)
        e->page = number(e->data.p, 8);
    return true;
}

int format_order(str a, str b, bool integers)
{
    if (integers && a.n == 8 && b.n == 8) {
        uint64_t x = number(a.p, 8), y = number(b.p, 8);
        return x < y ? -1 : x > y;
    }
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : a.n < b.n ? -1 : a.n > b.n;
}
