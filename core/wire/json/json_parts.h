/*
** json_parts.h -- what the files behind json.h share. Private to them.
**
**     json_bits.c    where in a text something must be looked at
**     json_names.c   the names of an object, and whether one came twice
**     json_scan.c    the strict check, in one pass
**     json_map.c     where long values end, noted by the check
**     json_read.c    walking and decoding what was checked
**     json_number.c  numbers
**     json_write.c   strings, names, splices
*/
#ifndef WIRE_JSON_PARTS_H
#define WIRE_JSON_PARTS_H

#include "base/arena.h"
#include "wire/json.h"

/* Is it one of the four bytes that JSON calls white space? */
static inline bool json_space(char c)
{
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

/* A stretch of text as bits: one is set for each byte that may not be passed in
** a string's inside: a quote that is not escaped, a control byte, and what
** stands behind a backslash and makes no escape of two bytes with it. */
#define JSON_BLOCKS 16
struct json_bits {
    uint64_t stop[JSON_BLOCKS]; /* 64 bytes each; lowest bit first */
    const char *from;           /* the byte of the first bit */
    size_t n;                   /* bytes seen, in whole blocks */
    uint64_t carry;             /* 1: the byte behind them is escaped */
    bool foreign, slashes;      /* seen at any time: past 0x7f, backslashes */
};

/* Nothing seen yet of the text at `at`. */
void json_bits_init(struct json_bits *bits, const char *at);

/* See the text from `at` on: a block first, then more with every call. Bits
** for bytes behind `end` are set. */
void json_bits_see(struct json_bits *bits, const char *at, const char *end);

/* See n blocks of 64 bytes: `stop`, `carry`, and what is seen. All ways of looking
** say the same; the list of those that this machine knows ends with NULL. */
typedef void json_look(struct json_bits *bits, const char *p, size_t n);
json_look *const *json_looks(void);

/* An empty map of `text`. */
void json_map_init(struct json_map *map, str text);

/* Note that the value from `from` to `to` is long; see json_map. A container's
** place is taken when it opens, and kept or given back when it closes. */
void json_map_note(struct json_map *map, const char *from, const char *to);
uint32_t json_map_open(struct json_map *map, const char *from);
void json_map_close(struct json_map *map, uint32_t place, const char *to);

/* Where the value that begins at `from` ends; NULL if that is not known. */
const char *json_map_end(struct json_map *map, const char *from);

/* Decode one escape of a checked string. *at points behind the backslash and
** moves behind the escape; at most 4 bytes go to `to`. How many. */
size_t json_escape(const char **at, char *to);

/* Decode the inside of a checked string into `to`, which has room for
** inner.n bytes. How many bytes it became. */
size_t json_unescape(str inner, char *to);

/* The names of all objects that are open, innermost last. */
#define JSON_NAMES_INLINE 64
struct json_names {
    str inline_room[JSON_NAMES_INLINE];
    str *at; /* inline_room, or on the heap */
    size_t n, cap;
    struct arena decoded; /* names that had escapes */
};

/* An empty table; and the end of its memory. */
void json_names_init(struct json_names *names);
void json_names_fini(struct json_names *names);

/* Add a name (the inside of its quotes) to the object whose names begin at
** `base`: NULL, or what is wrong. */
const char *json_names_add(struct json_names *names, size_t base, str inner,
                           bool escaped);

/* The object is whole: forget its names. NULL, or what is wrong. */
const char *json_names_end(struct json_names *names, size_t base);

#endif
