/*
** pattern.h -- Lua's patterns, in a matcher that can be stopped.
**
** A pattern is compiled to a row of items, each a test of one byte with a
** repeat, or a thing of its own (a capture, %b, %f, %1). What is wrong with a
** pattern is an item too: it is told when the matcher gets there and no
** sooner, as Lua's own does.
**
**     "%a+=(%d*)"  ->  alpha PLUS | '=' | OPEN | digit STAR | CLOSE | DONE
**
** Classes mean ASCII whatever the process's locale is. The matcher looks at
** the clock every few thousand steps, and raises.
*/
#ifndef RUN_SAFE_PATTERN_H
#define RUN_SAFE_PATTERN_H

#include "base/str.h"
#include "run/allowance.h"

#define PATTERN_CAPTURES 32
#define PATTERN_FEW      24 /* items and sets kept without an allocation */
#define PATTERN_FEW_SETS 6

/* What an item is: a test of one byte, or a thing of its own. */
enum item_kind {
    BYTE,     /* a */
    ANY,      /* every byte */
    SET,      /* those of a set */
    OPEN,     /* ( */
    PLACE,    /* () */
    CLOSE,    /* ) */
    AGAIN,    /* %1: what a capture holds */
    BALANCE,  /* %bab */
    FRONTIER, /* %f[set] */
    AT_END,   /* $ */
    DONE,
    BAD_END, /* the pattern ends with % */
    BAD_SET, /* no ] */
    BAD_BALANCE,
    BAD_FRONTIER
};

enum item_repeat { ONCE, MAYBE, STAR, PLUS, LAZY };

struct item {
    uint8_t kind, repeat;
    uint8_t a, b; /* bytes it is about */
    uint32_t set; /* or the set */
};

struct byte_set {
    uint64_t bits[4];
};

struct pattern {
    struct item *items;
    struct byte_set *sets;
    uint32_t items_n, sets_n;
    struct item few[PATTERN_FEW];
    struct byte_set few_sets[PATTERN_FEW_SETS];
};

struct matcher {
    const struct pattern *pattern;
    const char *from, *to; /* the subject */
    struct pace pace;
    int depth; /* matches inside matches that are still allowed */
    int level; /* captures so far */
    struct {
        const char *at;
        ptrdiff_t len; /* or one of the two below */
    } captures[PATTERN_CAPTURES];
};

/* Compile. May push a value that holds what did not fit into *p; it must stay
** on the stack while p is used. */
void pattern_compile(lua_State *L, struct pattern *p, str text);

/* Begin to match this pattern over a subject. */
void matcher_init(struct matcher *m, lua_State *L, const struct pattern *p,
                  str subject);

/* Where a match that begins at `s` ends; NULL when none does. Raises. */
const char *matcher_try(struct matcher *m, const char *s);

/* Push capture i (from 0) of the match from s to e. */
void matcher_push(struct matcher *m, int i, const char *s, const char *e);

/* Push all captures, or the whole match when there are none and `s` is given.
** Returns how many. */
int matcher_push_all(struct matcher *m, const char *s, const char *e);

#endif
