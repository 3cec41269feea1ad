/*
** match.c -- trying a pattern's items on a subject.
**
** What comes once is tried in a row; what repeats, and what is captured, is a
** match inside the match, so that it can be given back when the rest of the
** pattern does not fit.
*/
#include "run/safe/pattern.h"

#include <lauxlib.h>
#include <string.h>

#define NESTED    200  /* matches inside matches, as in Lua's own */
#define OPEN_LEN  (-1) /* a capture that is not closed yet */
#define PLACE_LEN (-2) /* one that stands for its place */

static bool set_has(const struct byte_set *s, unsigned char c)
{
    return s->bits[c >> 6] >> (c & 63) & 1;
}

void matcher_init(struct matcher *m, lua_State *L, const struct pattern *p,
                  str subject)
{
    m->pattern = p;
    m->from = subject.p;
    m->to = subject.p + subject.n;
    m->pace = (struct pace){L, PACE_STEPS};
    m->level = 0;
    m->depth = NESTED;
}

static const char *match(struct matcher *m, const struct item *i,
                         const char *s);

/* Does the one byte at s pass? */
static bool passes(const struct matcher *m, const struct item *i, const char *s)
{
    if (s >= m->to)
        return false;
    unsigned char c = (unsigned char)*s;
    switch (i->kind) {
    case ANY:
        return true;
    case BYTE:
        return c == i->a;
    default:
        return set_has(&m->pattern->sets[i->set], c);
    }
}

/* As many as there are, then fewer and fewer. */
static const char *match_most(struct matcher *m, const struct item *i,
                              const char *s, size_t least)
{
    size_t n = 0;
    while (passes(m, i, s + n))
        n++;
    pace_step(&m->pace, n);
    for (; n + 1 > least; n--) {
        const char *end = match(m, i + 1, s + n);
        if (end != NULL)
            return end;
        if (n == 0)
            break;
    }
    return NULL;
}

/* None, then more and more. */
static const char *match_least(struct matcher *m, const struct item *i,
                               const char *s)
{
    for (;;) {
        const char *end = match(m, i + 1, s);
        if (end != NULL || !passes(m, i, s))
            return end;
        s++;
    }
}

static const char *match_open(struct matcher *m, const struct item *i,
                              const char *s)
{
    if (m->level == PATTERN_CAPTURES)
        luaL_error(m->pace.L, "too many captures");
    m->captures[m->level].at = s;
    m->captures[m->level].len = i->kind == PLACE ? PLACE_LEN : OPEN_LEN;
    m->level++;
    const char *end = match(m, i + 1, s);
    if (end == NULL)
        m->level--;
    return end;
}

/* Close the innermost capture that is open. */
static const char *match_close(struct matcher *m, const struct item *i,
                               const char *s)
{
    int n = m->level - 1;
    while (n >= 0 && m->captures[n].len != OPEN_LEN)
        n--;
    if (n < 0)
        luaL_error(m->pace.L, "invalid pattern capture");
    m->captures[n].len = s - m->captures[n].at;
    const char *end = match(m, i + 1, s);
    if (end == NULL)
        m->captures[n].len = OPEN_LEN;
    return end;
}

/* Behind what capture %n holds, if that stands here once more. */
static const char *match_again(struct matcher *m, const struct item *i,
                               const char *s)
{
    int n = i->a - '1';
    if (n < 0 || n >= m->level || m->captures[n].len == OPEN_LEN)
        luaL_error(m->pace.L, "invalid capture index %%%d", n + 1);
    ptrdiff_t len = m->captures[n].len;
    if (len < 0 || len > m->to - s || memcmp(m->captures[n].at, s, (size_t)len))
        return NULL;
    pace_step(&m->pace, (size_t)len / 16);
    return s + len;
}

/* Behind the b that closes the a at s. */
static const char *match_balance(struct matcher *m, const struct item *i,
                                 const char *s)
{
    long open = 1;
    if (s >= m->to || (uint8_t)*s != i->a)
        return NULL;
    for (const char *at = s + 1; at < m->to; at++) {
        uint8_t c = (uint8_t)*at;
        pace_step(&m->pace, 1);
        if (c == i->b) {
            if (--open == 0)
                return at + 1;
        } else if (c == i->a) {
            open++;
        }
    }
    return NULL;
}

static bool at_frontier(const struct matcher *m, const struct item *i,
                        const char *s)
{
    const struct byte_set *set = &m->pattern->sets[i->set];
    unsigned char before = s > m->from ? (unsigned char)s[-1] : 0;
    unsigned char here = s < m->to ? (unsigned char)*s : 0;
    return !set_has(set, before) && set_has(set, here);
}

static void bad_pattern(struct matcher *m, const struct item *i)
{
    switch (i->kind) {
    case BAD_END:
        luaL_error(m->pace.L, "malformed pattern (ends with '%%')");
        break;
    case BAD_SET:
        luaL_error(m->pace.L, "malformed pattern (missing ']')");
        break;
    case BAD_BALANCE:
        luaL_error(m->pace.L, "malformed pattern (missing arguments to '%%b')");
        break;
    default:
        luaL_error(m->pace.L, "missing '[' after '%%f' in pattern");
    }
}

/* An item that stands for one byte. NULL, and *i is NULL too: it failed; else
** where to go on with *i, or (*i NULL) the end of the whole match. */
static const char *step(struct matcher *m, const struct item **i, const char *s)
{
    const struct item *item = *i;
    const char *end;
    *i = NULL;
    if (!passes(m, item, s)) {
        if (item->repeat == ONCE || item->repeat == PLUS)
            return NULL;
        *i = item + 1;
        return s;
    }
    switch (item->repeat) {
    case STAR:
        return match_most(m, item, s, 0);
    case PLUS:
        return match_most(m, item, s, 1);
    case LAZY:
        return match_least(m, item, s);
    case MAYBE:
        end = match(m, item + 1, s + 1);
        *i = end == NULL ? item + 1 : NULL;
        return end == NULL ? s : end;
    default:
        *i = item + 1;
        return s + 1;
    }
}

/* One thing that is no byte: as `step`. */
static const char *special(struct matcher *m, const struct item **i,
                           const char *s)
{
    const struct item *item = *i;
    *i = NULL;
    switch (item->kind) {
    case OPEN:
    case PLACE:
        return match_open(m, item, s);
    case CLOSE:
        return match_close(m, item, s);
    case DONE:
        return s;
    case AGAIN:
        s = match_again(m, item, s);
        break;
    case BALANCE:
        s = match_balance(m, item, s);
        break;
    case FRONTIER:
        s = at_frontier(m, item, s) ? s : NULL;
        break;
    case AT_END:
        s = s == m->to ? s : NULL;
        break;
    default:
        bad_pattern(m, item);
    }
    if (s != NULL)
        *i = item + 1;
    return s;
}

static const char *match(struct matcher *m, const struct item *i, const char *s)
{
    if (m->depth-- == 0)
        luaL_error(m->pace.L, "pattern too complex");
    while (i != NULL) {
        pace_step(&m->pace, 1);
        s = i->kind <= SET ? step(m, &i, s) : special(m, &i, s);
    }
    m->depth++;
    return s;
}

const char *matcher_try(struct matcher *m, const char *s)
{
    m->level = 0;
    m->depth = NESTED;
    return match(m, m->pattern->items, s);
}

/* --- captures -------------------------------------------------------------- */

void matcher_push(struct matcher *m, int i, const char *s, const char *e)
{
    lua_State *L = m->pace.L;
    if (i >= m->level) {
        if (i != 0)
            luaL_error(L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(L, s, (size_t)(e - s));
        return;
    }
    ptrdiff_t len = m->captures[i].len;
    if (len == OPEN_LEN)
        luaL_error(L, "unfinished capture");
    if (len == PLACE_LEN)
        lua_pushinteger(L, m->captures[i].at - m->from + 1);
    else
        lua_pushlstring(L, m->captures[i].at, (size_t)len);
}

int matcher_push_all(struct matcher *m, const char *s, const char *e)
{
    int n = m->level == 0 && s != NULL ? 1 : m->level;
    luaL_checkstack(m->pace.L, n, "too many captures");
    for (int i = 0; i < n; i++)
        matcher_push(m, i, s, e);
    return n;
}
