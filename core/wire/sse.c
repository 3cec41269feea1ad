/*
** sse.c -- cutting a stream of server-sent events where it may be cut.
**
** An event ends with an empty line: two line ends in a row, or one at the
** front. The last such place is looked for from the back, since what is left
** over after it is almost always short.
*/
#include "wire/sse.h"

#define STRETCH 512

static bool line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* Is the CR at the very end only half of a line end? One that follows CR LF is:
** who ends lines so will not end this one otherwise. */
static bool waits_for_lf(str in)
{
    return in.n == 1 || (in.n > 2 && memcmp(in.p + in.n - 3, "\r\n\r", 3) == 0);
}

/* Does an empty line end right before `i`? The LF of a CR LF has been asked
** about before its CR. */
static bool ends_event(str in, size_t i)
{
    bool cr = in.p[i - 1] == '\r';
    size_t start = i - 1;
    if (!cr && start > 0 && in.p[start - 1] == '\r')
        start--;
    if (cr && i == in.n && waits_for_lf(in))
        return false;
    return start == 0 || line_end(in.p[start - 1]);
}

size_t sse_complete_past(str in, size_t seen)
{
    for (size_t i = in.n; i > 0 && i >= seen; i--)
        if (line_end(in.p[i - 1]) && ends_event(in, i))
            return i;
    return 0;
}

/* Where the first LF or CR stands, or s.n. Looked for in short stretches:
** lines that end in CR must not cost a search for LF to the end of it all. */
static size_t find_end(str s)
{
    for (size_t at = 0; at < s.n; at += STRETCH) {
        str part = {s.p + at, s.n - at < STRETCH ? s.n - at : STRETCH};
        size_t lf = str_find(part, '\n');
        size_t end = str_find((str){part.p, lf}, '\r');
        if (end < part.n)
            return at + end;
    }
    return s.n;
}

/* Cut a line off the front, its end removed. */
static str cut_line(str *rest)
{
    str line = {rest->p, find_end(*rest)};
    *rest = str_from(*rest, line.n);
    if (str_starts(*rest, STR("\r\n")))
        *rest = str_from(*rest, 2);
    else if (rest->n > 0)
        *rest = str_from(*rest, 1);
    return line;
}

/* The value, if this is the field `name`; absent otherwise. */
static str field(str line, str name)
{
    if (!str_starts(line, name))
        return STR_NONE;
    line = str_from(line, name.n);
    if (line.n == 0)
        return line;
    if (line.p[0] != ':')
        return STR_NONE;
    line = str_from(line, 1);
    return str_starts(line, STR(" ")) ? str_from(line, 1) : line;
}

bool sse_next(str *rest, struct sse_event *event)
{
    const char *start = rest->p;
    if (rest->n == 0)
        return false;
    *event = (struct sse_event){0};
    while (rest->n > 0) {
        str line = cut_line(rest);
        if (line.n == 0)
            break;
        str data = field(line, STR("data"));
        str name = field(line, STR("event"));
        if (name.p != NULL)
            event->name = name;
        if (data.p == NULL)
            continue;
        event->many = event->data.p != NULL;
        if (!event->many)
            event->data = data;
    }
    event->bytes = (str){start, (size_t)(rest->p - start)};
    return true;
}

str sse_data(const struct sse_event *event, char *to)
{
    str rest = event->bytes;
    char *at = to;
    bool any = false;
    while (rest.n > 0) {
        str data = field(cut_line(&rest), STR("data"));
        if (data.p == NULL)
            continue;
        if (any)
            *at++ = '\n';
        memcpy(at, data.p, data.n);
        at += data.n;
        any = true;
    }
    return any ? (str){to, (size_t)(at - to)} : STR_NONE;
}
