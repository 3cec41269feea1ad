/*
** dump.c -- a line for each row.
*/
#include "store/dump.h"

#include "base/utf8.h"
#include "store/base64.h"
#include "wire/json.h"

#define FIRST "{\"perilune\":\"store\",\"layout\":1}\n"

void dump_begin(struct buf *to)
{
    buf_text(to, FIRST);
}

static void put_text(struct buf *to, const char *name, str s)
{
    char in_base64[16] = "";
    strncat(in_base64, name, 8);
    strncat(in_base64, "64", 3);
    bool text = utf8_valid(s) == s.n;
    json_put_name(to, str_of(text ? name : in_base64));
    if (text) {
        json_put_string(to, s);
        return;
    }
    buf_byte(to, '"');
    base64_put(to, s);
    buf_byte(to, '"');
}

void dump_row(struct buf *to, const struct row *row)
{
    buf_byte(to, '{');
    put_text(to, "table", row->table);
    put_text(to, "key", row->key);
    if (row->value.p != NULL) {
        put_text(to, "value", row->value);
    } else {
        json_put_name(to, STR("count"));
        buf_int(to, row->count);
    }
    if (row->expires != NANOS_NEVER) {
        json_put_name(to, STR("expires"));
        buf_int(to, row->expires);
    }
    buf_text(to, "}\n");
}

/* --- reading --------------------------------------------------------------- */

static const char *check(str line)
{
    struct json_error error;
    return json_check(line, &error) ? NULL : error.what;
}

const char *dump_is(str line)
{
    int64_t layout = 0;
    const char *wrong = check(line);
    if (wrong != NULL)
        return wrong;
    struct json of = json_get(json_of(line), STR("perilune"));
    if (of.kind != JSON_STRING || !json_is(of.text, STR("store")))
        return "the file does not begin as an export does";
    json_integer(json_get(json_of(line), STR("layout")), &layout);
    return layout == 1 ? NULL : "another version of perilune wrote it";
}

/* A text, as it is or in base64; absent when it is neither. */
static str text_of(struct json row, const char *name, const char *in_base64,
                   struct buf *scratch)
{
    struct json v = json_get(row, str_of(name));
    if (v.kind == JSON_STRING)
        return json_text(v, scratch);
    v = json_get(row, str_of(in_base64));
    size_t from = scratch->n;
    if (v.kind != JSON_STRING ||
        !base64_read(scratch, (str){v.text.p + 1, v.text.n - 2}) ||
        !buf_ok(scratch))
        return STR_NONE;
    return str_from(buf_str(scratch), from);
}

static const char *read_value(struct json line, struct row *row,
                              struct buf *scratch)
{
    struct json count = json_get(line, STR("count"));
    row->value = text_of(line, "value", "value64", scratch);
    if (row->value.p == NULL && !json_integer(count, &row->count))
        return "the row has neither a value nor a count";
    if (row->value.p != NULL && count.kind != JSON_NONE)
        return "the row has a value and a count";
    return NULL;
}

const char *dump_read(str text, struct row *row, struct buf *scratch)
{
    const char *wrong = check(text);
    if (wrong != NULL)
        return wrong;
    struct json line = json_of(text);
    *row = (struct row){.expires = NANOS_NEVER};
    buf_clear(scratch);
    /* Three texts go into it, none longer than the line: it never moves. */
    if (buf_room(scratch, 3 * text.n) == NULL)
        return "no memory for it";
    struct json expires = json_get(line, STR("expires"));
    row->table = text_of(line, "table", "table64", scratch);
    row->key = text_of(line, "key", "key64", scratch);
    if (row->table.p == NULL || row->key.p == NULL)
        return "the row has no table or no key";
    if (expires.kind != JSON_NONE && !json_integer(expires, &row->expires))
        return "\"expires\" is not nanoseconds since 1970";
    return read_value(line, row, scratch);
}
