/*
** format.h -- LMDB 0.9's pages, as bytes.
**
**     page:    number 8 | 0 2 | kind 2 | lower 2, upper 2 | offsets 2 each ...
**                                       \ or: pages of a long value 4
**     entry:   low 2, high 2 | flags 2 | key's length 2 | key | data
**                a leaf's: low and high are the data's length
**                a branch's: low, high and flags are a page's number
**     tree:    0 4 | flags 2 | depth 2 | branch, leaf, long pages 8 each |
**              entries 8 | root 8
**     head:    a page's head | magic 4 | version 4 | address 8 | map 8 |
**              tree of free pages | tree of tables | last page 8 | number 8
**
** Only what inspect.c needs to know.
*/
#ifndef STORE_LMDB_FORMAT_H
#define STORE_LMDB_FORMAT_H

#include "base/str.h"

#define FORMAT_PAGE_HEAD  16
#define FORMAT_TREE       48
#define FORMAT_HEAD_BYTES (FORMAT_PAGE_HEAD + 24 + 2 * FORMAT_TREE + 16)
#define FORMAT_NOWHERE    UINT64_MAX /* the root of an empty tree */

/* Kinds of pages; flags of entries and trees. */
#define FORMAT_BRANCH   1u
#define FORMAT_LEAF     2u
#define FORMAT_LONG     4u
#define FORMAT_META     8u
#define FORMAT_IN_PAGES 1u
#define FORMAT_IS_TREE  2u
#define FORMAT_INTEGERS 8u

struct tree {
    unsigned flags, depth;
    uint64_t branch_pages, leaf_pages, long_pages, entries, root;
};

struct head {
    uint32_t page_size;
    struct tree free, main;
    uint64_t last, number; /* page; transaction */
};

struct page {
    uint64_t number;
    unsigned kind, lower, upper, entries;
    uint32_t long_n;
};

struct entry {
    unsigned flags;
    uint64_t page; /* of a branch; or of a long value */
    str key, data; /* of a long value: its length only */
};

/* Read a head out of FORMAT_HEAD_BYTES; false when it is none. */
bool format_head(const char *bytes, uint64_t number, struct head *head);

/* Read a tree out of FORMAT_TREE bytes. */
void format_tree(const char *bytes, struct tree *tree);

/* Read the head of a page; and do its entries' offsets lie within it? */
void format_page(const char *bytes, struct page *page);
bool format_page_fits(const struct page *page, uint32_t size);

/* Read the i-th entry of a page that fits; false when it does not lie within. */
bool format_entry(const char *bytes, uint32_t size, unsigned i,
                  struct entry *entry);

/* Less than, equal to or more than 0, as LMDB orders keys. */
int format_order(str a, str b, bool integers);

#endif
