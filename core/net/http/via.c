/*
** via.c -- marks of gateways in Via fields.
**
** A mark is recognised by its exact shape, so nothing that a client invents
** gets any further than sixteen hex digits.
*/
#include "net/http/via.h"

#include <inttypes.h>
#include <stdio.h>

#include "wire/http_parts.h"

#define MAKE STR("perilune-")

void via_mark(uint64_t bits, char to[VIA_MARK_LEN + 1])
{
    snprintf(to, VIA_MARK_LEN + 1, "perilune-%016" PRIx64, bits);
}

/* "1.1 perilune-... (comment)": what stands after the protocol. */
static str received_by(str member)
{
    member = str_trim(member);
    member = str_trim(str_from(member, str_find(member, ' ')));
    return (str){member.p, str_find(member, ' ')};
}

str via_next(str *rest)
{
    while (rest->p != NULL) {
        str by = received_by(str_split(rest, ','));
        if (by.n == VIA_MARK_LEN && str_starts(by, MAKE) &&
            http_made_of(str_from(by, MAKE.n), HTTP_HEX, false))
            return by;
    }
    return STR_NONE;
}

void via_put(struct buf *out, str mark)
{
    buf_text(out, out->n > 0 ? ", 1.1 " : "1.1 ");
    buf_add(out, mark);
}
