/*
** json_write.c -- strings, names, and edits of a text that stays what it was.
**
** A splice copies everything between the edits as it is, which is how a body
** passes through with nothing changed but what a policy changed.
*/
#include "wire/json.h"
#include "base/defence.h"
#include "base/eight.h"
#include "base/utf8.h"

/* How a byte that may not stand in a string is written. */
static void put_escaped(struct buf *b, unsigned char c)
{
    static const char letters[] = "\"\\bfnrt", meant[] = "\"\\\b\f\n\r\t";
    const char *found = c != 0 ? strchr(meant, c) : NULL;
    if (found != NULL)
        buf_add(b, (str){(char[]){'\\', letters[found - meant]}, 2});
    else
        buf_print(b, "\\u%04x", (unsigned)c);
}

/* Are these eight bytes ASCII that is written as it is? */
static bool eight_plain(const char *p)
{
    uint64_t x = eight_at(p);
    return (eight_below(x, ' ') | eight_equal(x, '"') | eight_equal(x, '\\') |
            eight_equal(x, 0x7f) | eight_high(x)) == 0;
}

/* Of two or three bytes: what is not to be shown to a terminal, though JSON
** lets it stand. Those are the control characters past ASCII, the two line ends
** of Unicode, and the marks that turn the direction of writing. */
static uint32_t unshown(str s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s.p;
    if (n == 2 && u[0] == 0xc2 && u[1] < 0xa0)
        return u[1];
    uint32_t c = n == 3 && u[0] == 0xe2
                     ? 0x2000u | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu)
                     : 0;
    return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ? c : 0;
}

/* Bytes at the front of s that are written as they are. */
static size_t plain_run(str s)
{
    size_t i = 0;
    while (s.n - i >= 8 && eight_plain(s.p + i))
        i += 8;
    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = 1;
        if ((c < 0x20 && DEFENCE(line_ends)) || c == '"' || c == '\\' ||
            (c == 0x7f && DEFENCE(unshown)))
            break;
        if (c >= 0x80) {
            str rest = str_from(s, i);
            n = utf8_len(rest);
            if (n == 0 || (unshown(rest, n) != 0 && DEFENCE(unshown)))
                break;
        }
        i += n;
    }
    return i;
}

void json_put_string(struct buf *b, str s)
{
    buf_byte(b, '"');
    for (;;) {
        size_t plain = plain_run(s);
        buf_add(b, (str){s.p, plain});
        s = str_from(s, plain);
        if (s.n == 0)
            break;
        unsigned char c = (unsigned char)s.p[0];
        size_t n = utf8_len(s);
        if (c < 0x80)
            put_escaped(b, c);
        else if (n > 0)
            buf_print(b, "\\u%04x", (unsigned)unshown(s, n));
        else
            buf_text(b, "\xef\xbf\xbd");
        s = str_from(s, n > 0 ? n : 1);
    }
    buf_byte(b, '"');
}

void json_put_name(struct buf *b, str name)
{
    if (b->n > 0 && b->p[b->n - 1] != '{' && b->p[b->n - 1] != ',')
        buf_byte(b, ',');
    json_put_string(b, name);
    buf_byte(b, ':');
}

/* Does a come before b? At one place insertions come first. */
static bool before(const struct json_edit *a, const struct json_edit *b)
{
    if (a->from.p != b->from.p)
        return a->from.p < b->from.p;
    return a->from.n == 0 && b->from.n > 0;
}

static void sort(struct json_edit *edits, int n)
{
    for (int i = 1; i < n; i++) {
        struct json_edit edit = edits[i];
        int at = i;
        for (; at > 0 && before(&edit, &edits[at - 1]); at--)
            edits[at] = edits[at - 1];
        edits[at] = edit;
    }
}

void json_splice(str text, struct json_edit *edits, int n, struct buf *out)
{
    const char *at = text.p;
    size_t len = text.n;
    sort(edits, n);
    for (int i = 0; i < n; i++)
        len += edits[i].to.n - edits[i].from.n;
    if (buf_room(out, len) == NULL)
        return;
    for (int i = 0; i < n; i++) {
        buf_add(out, (str){at, (size_t)(edits[i].from.p - at)});
        buf_add(out, edits[i].to);
        at = edits[i].from.p + edits[i].from.n;
    }
    buf_add(out, (str){at, (size_t)(text.p + text.n - at)});
}
