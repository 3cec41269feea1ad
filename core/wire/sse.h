/*
** sse.h -- server-sent events (WHATWG HTML, section 9.2), as bytes.
**
** An event ends at a blank line; lines end in LF, CR LF or CR. A relay may
** pass on whole events only, so that whatever we add never lands inside one.
*/
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/str.h"

/* Where the last complete event in `in` ends (its blank line included); 0
** when none is complete. A CR at the very end is not yet known to be whole:
** it counts only once another byte follows, except CR CR and a lone LF's CR.
** Of the first `seen` bytes it is known that none was complete in them alone;
** to look only behind them keeps the cost of an endless event linear. */
size_t sse_complete_past(str in, size_t seen);
static inline size_t sse_complete(str in)
{
    return sse_complete_past(in, 0);
}

/* A byte order mark at the start of a stream is none of its bytes: `in` without
** it, or without all of them, since whoever reads on would take off another. */
static inline str sse_unmarked(str in)
{
    while (str_starts(in, STR("\xef\xbb\xbf")))
        in = str_from(in, 3);
    return in;
}

struct sse_event {
    str bytes; /* the whole event, blank line included */
    str name;  /* the `event:` field, or absent */
    str data;  /* the first `data:` line's value, or absent */
    bool many; /* more than one data line: use sse_data */
};

/* Take the next event off *rest (which holds complete events only). Comments
** and empty events come out with data absent. False at the end. */
bool sse_next(str *rest, struct sse_event *event);

/* All data lines joined by LF, written to `to` (as large as event->bytes). */
str sse_data(const struct sse_event *event, char *to);

#endif
