/*
** json_order.h -- the same JSON with the names of objects in their order.
*/
#ifndef WIRE_JSON_JSON_ORDER_H
#define WIRE_JSON_JSON_ORDER_H

#include "wire/json.h"

/* Append `v`, the members of every object sorted by their raw names, byte for
** byte the same otherwise but for the white space between values, which is
** left out. `out` has failed when there was no memory. */
void json_put_ordered(struct buf *out, struct json v);

#endif
