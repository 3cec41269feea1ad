/*
** json.h -- JSON that stays bytes.
**
** What a gateway carries it must not change, so nothing here builds a tree:
** the scanner checks a text strictly (RFC 8259, UTF-8, no duplicate names, no
** lone surrogates, bounded depth) in one pass and hands out slices of it; the
** writer appends to a buf; a splice replaces slices and leaves every other
** byte alone.
*/
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/buf.h"
#include "base/str.h"

#define JSON_MAX_DEPTH 128

enum json_kind {
    JSON_NONE, /* absent */
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_error {
    size_t at;        /* byte offset */
    const char *what; /* static text, such as "duplicate name" */
};

/* Where the long values of a text end, so that walks pass over them at once.
** Plain memory, good as long as the text stays where it is. */
#define JSON_MAP_ROOM  512
#define JSON_MAP_SHORT 64 /* bytes; what is shorter is never noted */
struct json_map {
    const char *base;
    uint32_t n, at_least; /* values noted; how long they are */
    uint32_t cursor;      /* the one found last */
    bool off;
    struct json_span {
        uint32_t from, to;
    } at[JSON_MAP_ROOM]; /* the first n, by their place in the text */
};

/* The bytes of a map that are in use, from its first: what to copy of it. */
static inline size_t json_map_size(const struct json_map *map)
{
    return offsetof(struct json_map, at) + map->n * sizeof map->at[0];
}

/* A value: its bytes, without white space around it. Strings keep their
** quotes and escapes. */
struct json {
    enum json_kind kind;
    str text;
    struct json_map *map; /* of the text it is in; or NULL */
};

/* Check `text` strictly: one value and nothing else. True, or false and
** *error. Everything below expects text that passed. */
bool json_check(str text, struct json_error *error);

/* The same, and fill in the map of `text`. */
bool json_check_map(str text, struct json_map *map, struct json_error *error);

/* The length of the well-formed string that `text` begins with, quotes
** included; 0 if it begins with none. Needs no text that passed. */
size_t json_string_len(str text);

/* The value that `text` is, walked with `map` if that is not NULL. JSON_NONE
** for empty text. */
struct json json_of(str text);
struct json json_mapped(str text, struct json_map *map);

/* The member of an object by its decoded name; JSON_NONE when it is not an
** object or has no such member. */
struct json json_get(struct json object, str name);

/* The same for n names at once, in one walk. */
void json_pick(struct json of, const str *names, struct json *to, size_t n);

/* Walk an object or an array:
**     struct json_walk w = json_walk(v);
**     while (json_next(&w)) use(w.name, w.value);
** `name` is the raw name with its quotes (absent in arrays). */
struct json_walk {
    str rest;             /* private */
    enum json_kind of;    /* private */
    struct json_map *map; /* private */
    str name;
    struct json value;
};
struct json_walk json_walk(struct json v);
bool json_next(struct json_walk *w);

/* The same for whoever walks all there is, to any depth: where an object or an
** array ends is not looked for, so every byte is met once. Its text reaches as
** far as that of what it is in. When it has been walked to its end, and before
** the next step, json_leave tells the outer walk. */
bool json_next_open(struct json_walk *w);
void json_leave(struct json_walk *w, const struct json_walk *inner);

/* Is this raw string (quotes included) the text `s` once decoded? Escapes
** only make a text longer, so the length nearly always decides. */
bool json_is_escaped(str raw, str s);
static inline bool json_is(str raw, str s)
{
    if (raw.n <= s.n + 2)
        return raw.n == s.n + 2 && memcmp(raw.p + 1, s.p, s.n) == 0;
    if (s.n > 0 && raw.p[1] != s.p[0] && raw.p[1] != '\\')
        return false;
    return json_is_escaped(raw, s);
}

/* Append the decoded text of a JSON string. */
void json_decode(struct json string, struct buf *to);

/* The text of a string: a slice when it has no escapes, else decoded into
** `scratch` (appended; good until scratch grows). STR_NONE when it is not a
** string, or scratch failed. */
str json_text(struct json v, struct buf *scratch);

/* A number as an integer: true and *out when it is one that fits 63 bits
** (1, 1.0 and 1e2 are; 1.5 is not). */
bool json_integer(struct json v, int64_t *out);

/* The nearest double; infinite past its range, 0 when it is no number. */
double json_double(struct json v);

/* Append `s` as a JSON string with quotes. Control bytes are escaped, and those
** characters of Unicode that a terminal or an editor would obey; invalid UTF-8
** becomes U+FFFD. */
void json_put_string(struct buf *b, str s);

/* Append `"name":` with a comma before it unless it stands first in its
** object; a small writer's only state is the last byte written. */
void json_put_name(struct buf *b, str name);

/* Replace slices of a text. Edits must not overlap and are given in any
** order; `from` is a slice of the text, possibly empty (then an insertion). */
struct json_edit {
    str from;
    str to;
};
void json_splice(str text, struct json_edit *edits, int n, struct buf *out);

#endif
