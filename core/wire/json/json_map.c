/*
** json_map.c -- where long values end, so that walking need not look for it.
**
** A body is checked once and then walked several times: for its members, for
** its messages, for what is to be replaced in it. All a walk does with most
** values is to pass over them, which costs a look at each of their bytes. So
** the check, which knows where each value ends, notes the long ones; a walk of
** a mapped text costs by its values and not by their bytes. Long is what takes
** more than a small share of the text, which keeps the map small at any size.
*/
#include "wire/json/json_parts.h"

#define SHARE 512 /* of the text, at most, in a value that is not noted */
#define NEAR  4

void json_map_init(struct json_map *map, str text)
{
    map->base = text.p;
    map->n = map->cursor = 0;
    map->at_least = (uint32_t)(text.n / SHARE);
    if (map->at_least < JSON_MAP_SHORT)
        map->at_least = JSON_MAP_SHORT;
    map->off = text.n > UINT32_MAX; /* offsets would not fit */
}

uint32_t json_map_open(struct json_map *map, const char *from)
{
    if (map->n == JSON_MAP_ROOM || map->off)
        return JSON_MAP_ROOM;
    map->at[map->n] = (struct json_span){(uint32_t)(from - map->base), 0};
    return map->n++;
}

void json_map_close(struct json_map *map, uint32_t place, const char *to)
{
    if (place == JSON_MAP_ROOM)
        return;
    struct json_span *span = &map->at[place];
    span->to = (uint32_t)(to - map->base);
    if (span->to - span->from < map->at_least)
        map->n = place; /* what is in it is shorter still */
}

void json_map_note(struct json_map *map, const char *from, const char *to)
{
    if ((size_t)(to - from) >= map->at_least)
        json_map_close(map, json_map_open(map, from), to);
}

/* The last value noted at or before `key`, from `low` on, which is. */
static uint32_t search(const struct json_map *map, uint32_t low, uint32_t key)
{
    uint32_t n = map->n - low;
    while (n > 1) {
        uint32_t half = n / 2;
        low += map->at[low + half].from <= key ? half : 0;
        n -= half;
    }
    return low;
}

/* Walks go forward: what is asked for next stands right behind the last one
** found, nearly always. */
const char *json_map_end(struct json_map *map, const char *from)
{
    uint32_t key = (uint32_t)(from - map->base), at = map->cursor;
    if (map->n == 0 || map->at[0].from > key)
        return NULL;
    if (at >= map->n || map->at[at].from > key)
        at = search(map, 0, key);
    for (int i = 0; i < NEAR && at + 1 < map->n; i++, at++)
        if (map->at[at + 1].from > key)
            break;
    if (at + 1 < map->n && map->at[at + 1].from <= key)
        at = search(map, at + 1, key);
    map->cursor = at;
    if (map->at[at].from != key)
        return NULL;
    return map->base + map->at[at].to;
}
