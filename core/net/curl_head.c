/*
** curl_head.c -- what libcurl hands over as header lines, judged.
**
** Lines are checked as they come and kept as they came; the table of fields
** is made only once, on the caller's stack, when the head is whole. A stream
** that lives for an hour then holds no table.
*/
#include "net/curl_head.h"

void curl_head_init(struct curl_head *h)
{
    *h = (struct curl_head){.status = 0};
    buf_init(&h->lines, CURL_HEAD_BYTES);
}

void curl_head_fini(struct curl_head *h)
{
    buf_fini(&h->lines);
}

static str without_line_end(str line)
{
    if (line.n > 0 && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool split(str line, struct http_field *f)
{
    size_t colon = str_find(line, ':');
    if (colon == line.n)
        return false;
    f->name = (str){line.p, colon};
    f->value = str_trim(str_from(line, colon + 1));
    return http_name_ok(f->name) && http_value_ok(f->value);
}

/* "HTTP/1.1 200 OK" and "HTTP/2 200 ": the three digits after the space. */
static int status_of(str line)
{
    str rest = str_from(line, str_find(line, ' '));
    if (rest.n < 4 || (rest.n > 4 && rest.p[4] != ' '))
        return 0;
    int64_t status = str_number((str){rest.p + 1, 3}, 999);
    return status >= 100 ? (int)status : 0;
}

/* A status line begins a head and drops the one before it. 101 would change
** the protocol, which nobody asked for. */
static enum curl_head_step begin(struct curl_head *h, str line)
{
    h->status = status_of(line);
    h->lines_n = 0;
    buf_clear(&h->lines);
    if (h->status == 0 || h->status == 101)
        return CURL_HEAD_PROTOCOL;
    if (h->status < 200 && ++h->interim > CURL_HEAD_INTERIM)
        return CURL_HEAD_PROTOCOL;
    return CURL_HEAD_MORE;
}

static enum curl_head_step keep(struct curl_head *h, str line)
{
    struct http_field f;
    if (h->status == 0 || !split(line, &f))
        return CURL_HEAD_PROTOCOL;
    if (h->lines_n == CURL_HEAD_FIELDS ||
        line.n + 1 > CURL_HEAD_BYTES - h->lines.n)
        return CURL_HEAD_LIMIT;
    buf_add(&h->lines, line);
    buf_byte(&h->lines, '\n');
    h->lines_n++;
    return buf_ok(&h->lines) ? CURL_HEAD_MORE : CURL_HEAD_MEMORY;
}

enum curl_head_step curl_head_line(struct curl_head *h, str line)
{
    line = without_line_end(line);
    if (line.n == 0)
        return h->status >= 200 ? CURL_HEAD_WHOLE : CURL_HEAD_MORE;
    if (str_starts(line, STR("HTTP/")))
        return begin(h, line);
    return keep(h, line);
}

int curl_head_fields(const struct curl_head *h, struct http_field *fields)
{
    str rest = buf_str(&h->lines);
    int n = 0;
    while (rest.n > 0 && n < CURL_HEAD_FIELDS)
        split(str_split(&rest, '\n'), &fields[n++]);
    return n;
}
