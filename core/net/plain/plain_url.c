/*
** plain_url.c -- a url, read strictly.
**
** Only what needs no interpretation is ours: no user, no escapes in the host,
** no bytes that would have to be escaped. Whoever writes anything else gets
** libcurl, which knows what people mean.
*/
#include "net/plain/plain_url.h"

#include <strings.h>

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool is_six(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
           (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

/* How much of the front is made of such bytes. */
static size_t run(str s, bool (*is)(char))
{
    size_t n = 0;
    while (n < s.n && is(s.p[n]))
        n++;
    return n;
}

/* The host off the front of `rest`: false when it is none. */
static bool cut_host(str *rest, struct plain_url *t)
{
    bool six = str_starts(*rest, STR("["));
    str in = str_from(*rest, six ? 1 : 0);
    t->host = (str){in.p, run(in, six ? is_six : is_name)};
    *rest = str_from(in, t->host.n);
    if (six && !str_starts(*rest, STR("]")))
        return false;
    *rest = str_from(*rest, six ? 1 : 0);
    return t->host.n > 0;
}

/* ":8000", ":" or nothing. A port that goes without saying is not said. */
static bool cut_port(str *rest, struct plain_url *t)
{
    t->port = 80;
    t->authority.n = (size_t)(rest->p - t->authority.p);
    if (!str_starts(*rest, STR(":")))
        return true;
    str digits = str_from(*rest, 1);
    while (digits.n > 0 && *digits.p >= '0' && *digits.p <= '9')
        digits = str_from(digits, 1);
    str port = {rest->p + 1, (size_t)(digits.p - rest->p) - 1};
    *rest = digits;
    if (port.n > 0)
        t->port = (int)str_number(port, 65535);
    if (t->port != 80)
        t->authority.n += port.n + 1;
    return t->port > 0;
}

/* A fragment is never sent. */
static bool cut_path(str rest, struct plain_url *t)
{
    t->path = (str){rest.p, str_find(rest, '#')};
    if (t->path.n > 0 && *t->path.p != '/' && *t->path.p != '?')
        return false;
    for (size_t i = 0; i < t->path.n; i++)
        if ((unsigned char)(t->path.p[i] - '!') > '~' - '!')
            return false;
    return true;
}

bool plain_url_parse(const char *url, struct plain_url *t)
{
    if (strncasecmp(url, "http://", 7) != 0)
        return false;
    str rest = str_of(url + 7);
    t->authority = rest;
    return cut_host(&rest, t) && cut_port(&rest, t) && cut_path(rest, t);
}
