/*
** http_target.c -- which resource a request means: the target and Host.
**
** RFC 9112 3.2 knows four forms of target. A gateway needs the first two and
** answers `OPTIONS *`; CONNECT it refuses. Whatever RFC 3986 does not allow in
** a URI is refused and not repaired, because whoever stands before or behind
** us may repair it differently. For the same reason a host is made of letters,
** digits and "-._~" only: "%2f" or "," in a name, though a URI may have them,
** are in no name that resolves. Nor is it empty, which no http URI allows
** (RFC 9110 4.2.1).
*/
#include "wire/http_parts.h"

/* At least one group of 1 to 4 hex digits, separated by colons: how many
** groups, or -1. The empty text has none. */
static int groups(str s, bool last_part)
{
    int n = 0;
    while (s.n > 0) {
        str group = str_split(&s, ':');
        bool last = s.p == NULL;
        bool dotted = last && last_part && str_find(group, '.') < group.n;
        if (!dotted && (group.n < 1 || group.n > 4 ||
                        !http_made_of(group, HTTP_HEX, false)))
            return -1;
        if (!last && s.n == 0)
            return -1;
        for (int i = 0; dotted && i < 4; i++)
            if (str_number(str_split(&group, '.'), 255) < 0)
                return -1;
        if (dotted && group.p != NULL)
            return -1;
        n += dotted ? 2 : 1;
    }
    return n;
}

/* An IPv6 address as RFC 3986 writes it, without its brackets. */
static bool ipv6_ok(str s)
{
    for (size_t i = 0; i + 1 < s.n; i++) {
        if (s.p[i] != ':' || s.p[i + 1] != ':')
            continue;
        int before = groups((str){s.p, i}, false);
        int after = groups(str_from(s, i + 2), true);
        return before >= 0 && after >= 0 && before + after < 8;
    }
    return groups(s, true) == 8;
}

bool http_host_ok(str host)
{
    str port;
    if (host.n > 0 && host.p[0] == '[') {
        size_t close = str_find(host, ']');
        if (close == host.n || !ipv6_ok((str){host.p + 1, close - 1}))
            return false;
        port = str_from(host, close + 1);
    } else {
        size_t colon = str_find(host, ':');
        if (colon == 0 || !http_made_of((str){host.p, colon}, HTTP_NAME, false))
            return false;
        port = str_from(host, colon);
    }
    if (port.n == 0)
        return true;
    return port.p[0] == ':' &&
           (port.n == 1 || str_number(str_from(port, 1), 65535) >= 0);
}

/* Cut "http://host:80" off the front of *target. */
static bool cut_authority(str *target)
{
    size_t scheme = str_find(*target, ':');
    str name = {target->p, scheme};
    if (!str_eq_nocase(name, STR("http")) && !str_eq_nocase(name, STR("https")))
        return false;
    *target = str_from(*target, scheme);
    if (!str_starts(*target, STR("://")))
        return false;
    *target = str_from(*target, 3);
    size_t end = 0;
    while (end < target->n && target->p[end] != '/' && target->p[end] != '?')
        end++;
    str authority = {target->p, end};
    *target = str_from(*target, end);
    return http_host_ok(authority);
}

/* "host:port", which only CONNECT may name. */
static bool is_authority(str target)
{
    return str_find(target, ':') < target.n && http_host_ok(target);
}

int http_target(struct http_head *head)
{
    str target = head->target;
    head->query = STR_NONE;
    if (str_eq(head->method, STR("CONNECT")))
        return is_authority(target) ? 405 : 400;
    if (str_eq(target, STR("*"))) {
        head->path = target;
        return str_eq(head->method, STR("OPTIONS")) ? 0 : 400;
    }
    if (!str_starts(target, STR("/")) && !cut_authority(&target))
        return 400;
    if (!http_made_of(target, HTTP_PCHAR, true))
        return 400;
    size_t mark = str_find(target, '?');
    head->path = mark > 0 ? (str){target.p, mark} : STR("/");
    if (mark < target.n)
        head->query = str_from(target, mark + 1);
    return 0;
}
