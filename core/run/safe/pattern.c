/*
** pattern.c -- compiling patterns to items.
*/
#include "run/safe/pattern.h"

#include <lauxlib.h>
#include <string.h>

#define GRAPH_LOW  0xfffffffe00000000u
#define GRAPH_HIGH 0x7fffffffffffffffu
#define UPPER      0x0000000007fffffeu
#define LOWER      0x07fffffe00000000u
#define DIGIT      0x03ff000000000000u

/* --- sets ------------------------------------------------------------------ */

static void set_byte(struct byte_set *s, unsigned char c)
{
    s->bits[c >> 6] |= (uint64_t)1 << (c & 63);
}

static void set_invert(struct byte_set *s)
{
    for (int i = 0; i < 4; i++)
        s->bits[i] = ~s->bits[i];
}

/* The class of a letter as bits of its ASCII bytes; false if it names none. */
static bool class_bits(int letter, uint64_t *low, uint64_t *high)
{
    static const struct {
        char letter;
        uint64_t low, high;
    } classes[] = {
        {'a', 0, UPPER | LOWER},
        {'c', 0xffffffffu, 0x8000000000000000u},
        {'d', DIGIT, 0},
        {'g', GRAPH_LOW, GRAPH_HIGH},
        {'l', 0, LOWER},
        {'p', GRAPH_LOW & ~DIGIT, GRAPH_HIGH & ~(UPPER | LOWER)},
        {'s', 0x100003e00u, 0},
        {'u', 0, UPPER},
        {'w', DIGIT, UPPER | LOWER},
        {'x', DIGIT, 0x0000007e0000007eu},
        {'z', 1, 0},
    };
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].letter == (letter | 0x20)) {
            *low = classes[i].low;
            *high = classes[i].high;
            return true;
        }
    return false;
}

/* Add what %c stands for: a class, all but a class, or the byte itself. */
static void set_escape(struct byte_set *s, unsigned char c)
{
    uint64_t low, high;
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter || !class_bits(c, &low, &high)) {
        set_byte(s, c);
        return;
    }
    bool but = c <= 'Z';
    s->bits[0] |= but ? ~low : low;
    s->bits[1] |= but ? ~high : high;
    s->bits[2] |= but ? ~(uint64_t)0 : 0;
    s->bits[3] |= but ? ~(uint64_t)0 : 0;
}

/* Fill a set with what stands between its brackets. */
static void set_fill(struct byte_set *s, str inside)
{
    const unsigned char *p = (const unsigned char *)inside.p;
    for (size_t i = 0, n = inside.n; i < n; i++) {
        if (p[i] == '%') {
            set_escape(s, p[++i]);
        } else if (i + 2 < n && p[i + 1] == '-') {
            for (int c = p[i]; c <= p[i + 2]; c++)
                set_byte(s, (unsigned char)c);
            i += 2;
        } else {
            set_byte(s, p[i]);
        }
    }
}

/* --- compiling ------------------------------------------------------------- */

struct source {
    const char *at, *end;
};

static int next_byte(struct source *s)
{
    return s->at < s->end ? (unsigned char)*s->at++ : -1;
}

static int peek_byte(const struct source *s)
{
    return s->at < s->end ? (unsigned char)*s->at : -1;
}

/* Read a set whose [ is read. The first byte of it is never its end. */
static enum item_kind read_set(struct pattern *p, struct source *s,
                               struct item *item)
{
    bool inverted = peek_byte(s) == '^';
    s->at += inverted;
    const char *from = s->at;
    do {
        if (next_byte(s) < 0)
            return BAD_SET;
        if (s->at[-1] == '%' && s->at < s->end)
            s->at++;
    } while (peek_byte(s) != ']');
    struct byte_set *set = &p->sets[item->set = p->sets_n++];
    *set = (struct byte_set){{0}};
    set_fill(set, (str){from, (size_t)(s->at - from)});
    if (inverted)
        set_invert(set);
    s->at++;
    return SET;
}

static enum item_kind read_frontier(struct pattern *p, struct source *s,
                                    struct item *item)
{
    if (next_byte(s) != '[')
        return BAD_FRONTIER;
    return read_set(p, s, item) == SET ? FRONTIER : BAD_SET;
}

static enum item_kind read_balance(struct source *s, struct item *item)
{
    if (s->end - s->at < 2)
        return BAD_BALANCE;
    item->a = (uint8_t)next_byte(s);
    item->b = (uint8_t)next_byte(s);
    return BALANCE;
}

static enum item_kind read_escape(struct pattern *p, struct source *s,
                                  struct item *item)
{
    uint64_t low, high;
    int c = next_byte(s);
    if (c < 0)
        return BAD_END;
    if (c == 'b')
        return read_balance(s, item);
    if (c == 'f')
        return read_frontier(p, s, item);
    item->a = (uint8_t)c;
    if (c >= '0' && c <= '9')
        return AGAIN;
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter || !class_bits(c, &low, &high))
        return BYTE;
    struct byte_set *set = &p->sets[item->set = p->sets_n++];
    *set = (struct byte_set){{0}};
    set_escape(set, (unsigned char)c);
    return SET;
}

static enum item_kind read_kind(struct pattern *p, struct source *s,
                                struct item *item)
{
    int c = next_byte(s);
    switch (c) {
    case -1:
        return DONE;
    case '(':
        if (peek_byte(s) != ')')
            return OPEN;
        s->at++;
        return PLACE;
    case ')':
        return CLOSE;
    case '$':
        if (s->at == s->end)
            return AT_END;
        break;
    case '.':
        return ANY;
    case '[':
        return read_set(p, s, item);
    case '%':
        return read_escape(p, s, item);
    default:
        break;
    }
    item->a = (uint8_t)c;
    return BYTE;
}

static enum item_repeat read_repeat(struct source *s)
{
    enum item_repeat repeat = ONCE;
    switch (peek_byte(s)) {
    case '?':
        repeat = MAYBE;
        break;
    case '*':
        repeat = STAR;
        break;
    case '+':
        repeat = PLUS;
        break;
    case '-':
        repeat = LAZY;
        break;
    default:
        return ONCE;
    }
    s->at++;
    return repeat;
}

/* An item, and one for the end, at most for each byte; a set for each [ and
** each %. What does not fit into the few is Lua's to hold. */
static void make_room(lua_State *L, struct pattern *p, str text)
{
    size_t items = text.n + 1, sets = 0;
    for (size_t i = 0; i < text.n; i++)
        sets += text.p[i] == '[' || text.p[i] == '%';
    p->items = p->few;
    p->sets = p->few_sets;
    p->items_n = p->sets_n = 0;
    if (items <= PATTERN_FEW && sets <= PATTERN_FEW_SETS)
        return;
    p->sets = lua_newuserdatauv(
        L, sets * sizeof *p->sets + items * sizeof *p->items, 0);
    p->items = (struct item *)(void *)(p->sets + sets);
}

void pattern_compile(lua_State *L, struct pattern *p, str text)
{
    struct source s = {text.p, text.p + text.n};
    struct item item;
    make_room(L, p, text);
    do {
        item = (struct item){0};
        item.kind = (uint8_t)read_kind(p, &s, &item);
        if (item.kind <= SET)
            item.repeat = (uint8_t)read_repeat(&s);
        p->items[p->items_n++] = item;
    } while (item.kind < DONE);
}
