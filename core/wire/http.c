/*
** http.c -- the head of a request, read strictly.
**
** Every line must end in CR LF and consist of bytes its place allows, so bare
** CR, bare LF and NUL need no rules of their own: they are in no set. The
** head is read from its start each time it is asked about; what has not
** arrived yet is judged as far as it goes, so that a flood, or something that
** is not HTTP at all, is refused when that is known and not at a timeout.
*/
#include "wire/http_parts.h"

#include "base/defence.h"
#include "base/eight.h"

/* What each byte may be part of, sixteen a row; from 0x80 on they are good for
** values only. */
enum {
    o = 0,
    V = HTTP_VALUE,
    T = HTTP_VALUE | HTTP_TOKEN,
    P = HTTP_VALUE | HTTP_PCHAR,
    Q = HTTP_VALUE | HTTP_PCHAR | HTTP_TOKEN,
    A = HTTP_VALUE | HTTP_PCHAR | HTTP_NAME | HTTP_TOKEN,
    H = HTTP_VALUE | HTTP_PCHAR | HTTP_NAME | HTTP_TOKEN | HTTP_HEX
};
/* clang-format off */
#define HIGH V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
static const unsigned char kinds[256] = {
    o, o, o, o, o, o, o, o, o, V, o, o, o, o, o, o,
    o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o,
    V, Q, V, T, Q, T, Q, Q, P, P, Q, Q, P, A, A, P,
    H, H, H, H, H, H, H, H, H, H, P, P, V, P, V, P,
    P, H, H, H, H, H, H, A, A, A, A, A, A, A, A, A,
    A, A, A, A, A, A, A, A, A, A, A, V, V, V, T, A,
    T, H, H, H, H, H, H, A, A, A, A, A, A, A, A, A,
    A, A, A, A, A, A, A, A, A, A, A, V, T, V, A, o,
    HIGH HIGH HIGH HIGH HIGH HIGH HIGH HIGH
};
/* clang-format on */

bool http_char(char c, unsigned sets)
{
    return (kinds[(unsigned char)c] & sets) != 0;
}

bool http_made_of(str s, unsigned sets, bool escapes)
{
    for (size_t i = 0; i < s.n; i++) {
        if (http_char(s.p[i], sets))
            continue;
        if (!escapes || s.p[i] != '%' || s.n - i < 3 ||
            !http_char(s.p[i + 1], HTTP_HEX) ||
            !http_char(s.p[i + 2], HTTP_HEX))
            return false;
        i += 2;
    }
    return true;
}

static bool eight_plain(const char *p)
{
    uint64_t x = eight_at(p);
    return (eight_below(x, ' ') | eight_equal(x, 0x7f)) == 0;
}

bool http_value_ok(str value)
{
    while (value.n >= 8 && eight_plain(value.p))
        value = str_from(value, 8);
    return http_made_of(value, HTTP_VALUE, false);
}

bool http_name_ok(str name)
{
    return name.n > 0 && http_made_of(name, HTTP_TOKEN, false);
}

bool http_field_line(str line, struct http_field *field)
{
    size_t colon = str_find(line, ':');
    if (colon == line.n)
        return false;
    field->name = (str){line.p, colon};
    field->value = str_trim(str_from(line, colon + 1));
    return (http_name_ok(field->name) || !DEFENCE(field_names)) &&
           (http_value_ok(field->value) || !DEFENCE(field_values));
}

/* "HTTP/1.1" exactly: 0, 400 for what is no version, 505 for another one. */
static int read_version(str version, int *minor)
{
    if (version.n != 8 || !str_starts(version, STR("HTTP/")) ||
        version.p[6] != '.')
        return 400;
    int64_t major = str_number((str){version.p + 5, 1}, 9);
    int64_t least = str_number((str){version.p + 7, 1}, 9);
    if (major < 0 || least < 0)
        return 400;
    if (major != 1 || least > 1)
        return 505;
    *minor = (int)least;
    return 0;
}

/* Also of a line whose end has not come: is it too long, or no HTTP? */
static int judge_start(str line)
{
    size_t space = str_find(line, ' ');
    if (line.n > 0 && !http_name_ok((str){line.p, space}))
        return 400;
    if (space == line.n)
        return 0;
    str target = str_from(line, space + 1);
    bool long_target = str_find(target, ' ') > HTTP_MAX_TARGET;
    return long_target && DEFENCE(target_limit) ? 414 : 0;
}

static int request_line(struct http_head *head, str line)
{
    int status = judge_start(line);
    if (status != 0)
        return status;
    size_t space = str_find(line, ' ');
    if (space == line.n)
        return 400;
    head->method = (str){line.p, space};
    str rest = str_from(line, space + 1);
    space = str_find(rest, ' ');
    if (space == rest.n)
        return 400;
    head->target = (str){rest.p, space};
    status = read_version(str_from(rest, space + 1), &head->minor);
    if (status != 0)
        return status;
    return http_target(head);
}

static int field_line(struct http_head *head, str line)
{
    if (head->fields_n == HTTP_MAX_FIELDS)
        return 431;
    return http_field_line(line, &head->fields[head->fields_n++]) ? 0 : 400;
}

/* The end of `in` is an unfinished line: refuse what cannot become good. */
static int judge_tail(str tail, bool first, bool full)
{
    if (tail.n > 0 && tail.p[tail.n - 1] == '\r')
        tail.n--;
    int status = first ? judge_start(tail) : 0;
    if (status == 0 && full)
        status = 431;
    if (status == 0 && !http_value_ok(tail))
        status = 400;
    return -status;
}

/* Cut the next line, without its CR LF, off `in` at *at. 1: there is one;
** 0: its end has not come; -1: it ends in a bare LF. */
static int cut_line(str in, size_t *at, str *line)
{
    str rest = str_from(in, *at);
    size_t end = str_find(rest, '\n');
    if (end == rest.n)
        return 0;
    bool whole = end > 0 && rest.p[end - 1] == '\r';
    if (!whole && DEFENCE(head_line_ends))
        return -1;
    *line = (str){rest.p, whole ? end - 1 : end};
    *at += end + 1;
    return 1;
}

/* One empty line before a request is forgiven (RFC 9112 2.2). */
static size_t skip_blank(str in)
{
    if (str_starts(in, STR("\r\n")))
        return 2;
    return in.n == 1 && in.p[0] == '\r' ? 1 : 0;
}

int http_parse(struct http_head *head, str in)
{
    size_t at = skip_blank(in);
    size_t start = at;
    str line = STR_NONE;
    head->fields_n = 0;
    for (;;) {
        bool first = at == start;
        int found = cut_line(in, &at, &line);
        bool full = found == 1 ? at > HTTP_MAX_HEAD : in.n >= HTTP_MAX_HEAD;
        if (found == -1)
            return -400;
        full = full && DEFENCE(head_limit);
        if (found == 0 || full)
            return judge_tail(found ? line : str_from(in, at), first, full);
        if (line.n == 0 && !first)
            break;
        int status = first ? request_line(head, line) : field_line(head, line);
        if (status != 0)
            return -status;
    }
    int status = http_frame(head);
    return status != 0 ? -status : (int)at;
}

str http_field(const struct http_head *head, str name)
{
    for (int i = 0; i < head->fields_n; i++)
        if (str_eq_nocase(head->fields[i].name, name))
            return head->fields[i].value;
    return STR_NONE;
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {100, "Continue"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {424, "Failed Dependency"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {508, "Loop Detected"},
        {529, "Overloaded"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status)
            return known[i].reason;
    return status < 400 ? "OK" : "Error";
}
