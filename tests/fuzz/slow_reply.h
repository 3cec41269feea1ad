/*
** slow_reply.h -- a whole reply by the letter of RFC 9112, for comparison.
**
** It has all bytes up to the close before it, reads them line by line, and
** takes only what is beyond doubt: no folded line, one way to tell the end of
** the body and that one said once.
*/
#ifndef TESTS_FUZZ_SLOW_REPLY_H
#define TESTS_FUZZ_SLOW_REPLY_H

#include "base/buf.h"
#include "fuzz.h"

struct slow_head {
    int status;
    int lengths, codings;
    int64_t length;
};

/* A line that ends in CR LF, both removed; false when there is none. */
static inline bool slow_line(str *in, str *line)
{
    size_t n = str_find(*in, '\n');
    if (n == in->n || n == 0 || in->p[n - 1] != '\r')
        return false;
    *line = (str){in->p, n - 1};
    *in = str_from(*in, n + 1);
    return true;
}

static inline bool slow_field(str line, struct slow_head *h)
{
    size_t colon = str_find(line, ':');
    str name = {line.p, colon};
    if (colon == 0 || colon == line.n || name.p[0] == ' ' || name.p[0] == '\t')
        return false;
    str value = str_trim(str_from(line, colon + 1));
    if (str_eq_nocase(name, STR("content-length"))) {
        h->lengths++;
        h->length = str_number(value, INT64_MAX);
        return h->length >= 0;
    }
    if (str_eq_nocase(name, STR("transfer-encoding"))) {
        h->codings++;
        return str_eq_nocase(value, STR("chunked"));
    }
    return true;
}

/* One head, interim or final. */
static inline bool slow_one_head(str *in, struct slow_head *h)
{
    str line;
    *h = (struct slow_head){.length = -1};
    if (!slow_line(in, &line) || !str_starts(line, STR("HTTP/1.")) ||
        line.n < 12)
        return false;
    h->status = (int)str_number((str){line.p + 9, 3}, 999);
    while (slow_line(in, &line)) {
        if (line.n == 0)
            return h->status >= 100;
        if (!slow_field(line, h))
            return false;
    }
    return false;
}

static inline bool slow_chunks(str in, struct buf *body)
{
    str line;
    while (slow_line(&in, &line)) {
        char text[20] = {0};
        size_t digits = 0;
        while (digits < line.n && digits < 17 &&
               strchr("0123456789abcdefABCDEF", line.p[digits]) != NULL &&
               line.p[digits] != '\0')
            digits++;
        if (digits == 0 || digits > 16)
            return false;
        if (digits < line.n && strchr("; \t", line.p[digits]) == NULL)
            return false;
        memcpy(text, line.p, digits);
        unsigned long long size = strtoull(text, NULL, 16);
        if (size == 0)
            return true;
        if (size > in.n)
            return false;
        buf_add(body, (str){in.p, (size_t)size});
        in = str_from(in, (size_t)size);
        if (!slow_line(&in, &line) || line.n > 0)
            return false;
    }
    return false;
}

/* Is `in` a reply, and what is its body? */
static inline bool slow_reply(str in, struct buf *body)
{
    struct slow_head h;
    do {
        if (!slow_one_head(&in, &h))
            return false;
    } while (h.status < 200);
    if (h.lengths + h.codings > 1)
        return false;
    if (h.status == 204 || h.status == 304)
        return true;
    if (h.codings == 1)
        return slow_chunks(in, body);
    if (h.lengths == 1 && (uint64_t)h.length > in.n)
        return false;
    buf_add(body, h.lengths == 1 ? (str){in.p, (size_t)h.length} : in);
    return true;
}

#endif
