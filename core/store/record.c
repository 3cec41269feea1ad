/*
** record.c -- members of a record, copied to where its reader keeps them.
*/
#include "store/record.h"

#include "base/buf.h"

#define ESCAPED 6 /* bytes of JSON for one of a text, at most */

str reading_text(struct reading *r, const char *name, size_t most)
{
    struct json v = json_get(r->root, str_of(name));
    if (v.kind == JSON_NONE)
        return STR_NONE;
    struct buf room;
    buf_init(&room, most * ESCAPED + 2);
    str copy = arena_copy(r->arena, json_text(v, &room));
    buf_fini(&room);
    r->well = r->well && copy.p != NULL && copy.n <= most;
    return copy;
}
