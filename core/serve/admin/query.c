/*
** query.c -- what stands behind the '?', name by name.
*/
#include "serve/admin/inner.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo %XX and '+'; the parser has seen to it that digits follow every '%'. */
static str decode(struct errand *e, str in)
{
    char *out = arena_zero(&e->arena, in.n + 1);
    size_t n = 0;
    if (out == NULL)
        return STR_NONE;
    for (size_t i = 0; i < in.n; i++) {
        bool escape = in.p[i] == '%' && i + 2 < in.n && hex(in.p[i + 1]) >= 0 &&
                      hex(in.p[i + 2]) >= 0;
        out[n++] = escape ? (char)(hex(in.p[i + 1]) * 16 + hex(in.p[i + 2]))
                   : in.p[i] == '+' ? ' '
                                    : in.p[i];
        i += escape ? 2 : 0;
    }
    return (str){out, n};
}

bool query_next(struct errand *e, str *rest, str *name, str *value)
{
    if (rest->p == NULL || rest->n == 0)
        return false;
    str pair = str_split(rest, '&');
    *name = decode(e, str_split(&pair, '='));
    *value = pair.p != NULL ? decode(e, pair) : STR_NONE;
    return true;
}
