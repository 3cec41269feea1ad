/*
** show.c -- a report as CSV, and as JSON.
**
** CSV is opened by programs that take some fields for formulas, and names come
** from clients: what begins like one gets an apostrophe in front, which those
** programs take for "this is text".
*/
#include "store/usage/usage.h"

#include "base/defence.h"
#include "meter/price/price.h"
#include "wire/json.h"

const char *usage_count_name(enum usage_count c)
{
    static const char *const names[] = {
        [USAGE_REQUESTS] = "requests",
        [USAGE_ERRORS] = "errors",
        [USAGE_CALLS] = "calls",
        [USAGE_FAILED] = "calls_failed",
        [USAGE_PROMPT] = "prompt_tokens",
        [USAGE_COMPLETION] = "completion_tokens",
        [USAGE_CACHED] = "cached_tokens",
        [USAGE_REASONING] = "reasoning_tokens",
        [USAGE_COST] = "cost_usd",
        [USAGE_UNPRICED] = "calls_unpriced",
    };
    return names[c];
}

void usage_put_count(struct buf *to, enum usage_count c, int64_t n)
{
    if (c == USAGE_COST)
        price_put(to, n);
    else
        buf_int(to, n);
}

/* --- CSV ------------------------------------------------------------------- */

/* The four that begin a formula, in full width: some take them for the same. */
static bool is_wide(str text)
{
    static const char *const marks[] = {"\xef\xbc\x9d", "\xef\xbc\x8b",
                                        "\xef\xbc\x8d", "\xef\xbc\xa0"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (str_starts(text, str_of(marks[i])))
            return true;
    return false;
}

static bool is_formula(str text)
{
    str seen = str_trim(text);
    bool first = text.n > 0 && memchr("\t\r\n|%", text.p[0], 5) != NULL;
    bool mark = seen.n > 0 && memchr("=+-@", seen.p[0], 4) != NULL;
    return (first || mark || is_wide(seen)) && DEFENCE(csv_formula);
}

/* Bytes at the beginning that a terminal would obey; what RFC 4180 has in quotes
** are none. */
static size_t control(str text)
{
    unsigned char c = (unsigned char)text.p[0];
    if (text.n > 1 && c == 0xc2 && (text.p[1] & 0xe0) == 0x80)
        return 2; /* U+0080 to U+009F */
    return (c < ' ' && memchr("\t\r\n", c, 3) == NULL) || c == 0x7f;
}

/* The first of these bytes, in quotes; how many that was. */
static size_t put_one(struct buf *to, str text)
{
    size_t n = control(text);
    if (n > 0) {
        buf_text(to, "\xef\xbf\xbd"); /* U+FFFD */
        return n;
    }
    if (text.p[0] == '"')
        buf_byte(to, '"');
    buf_byte(to, text.p[0]);
    return 1;
}

/* A field, in quotes where it needs them. */
static void put_field(struct buf *to, str text)
{
    bool quoted = is_formula(text);
    for (size_t i = 0; i < text.n && !quoted; i++)
        quoted = memchr(",\"\r\n", text.p[i], 4) != NULL ||
                 control(str_from(text, i)) > 0;
    if (!quoted) {
        buf_add(to, text);
        return;
    }
    buf_byte(to, '"');
    if (is_formula(text))
        buf_byte(to, '\'');
    for (size_t i = 0; i < text.n;)
        i += put_one(to, str_from(text, i));
    buf_byte(to, '"');
}

static void put_heads(struct buf *to, const struct usage_query *q)
{
    for (int i = 0; i < q->by_n; i++) {
        buf_text(to, usage_field_name(q->by[i]));
        buf_byte(to, ',');
    }
    for (int i = 0; i < USAGE_COUNTS; i++) {
        buf_text(to, i > 0 ? "," : "");
        buf_text(to, usage_count_name((enum usage_count)i));
    }
    buf_text(to, "\r\n");
}

static void put_csv(struct buf *to, const struct usage_lines *lines,
                    const struct usage_query *q)
{
    char room[USAGE_DATE];
    put_heads(to, q);
    for (size_t n = 0; n < lines->n; n++) {
        const struct usage_group *g = lines->line[n];
        for (int i = 0; i < q->by_n; i++) {
            put_field(to, usage_line_text(g, q->by[i], room));
            buf_byte(to, ',');
        }
        for (int i = 0; i < USAGE_COUNTS; i++) {
            buf_text(to, i > 0 ? "," : "");
            usage_put_count(to, (enum usage_count)i, g->sums.of[i]);
        }
        buf_text(to, "\r\n");
    }
}

/* --- JSON ------------------------------------------------------------------ */

static void put_counts(struct buf *to, const struct usage_sums *sums)
{
    for (int i = 0; i < USAGE_COUNTS; i++) {
        json_put_name(to, str_of(usage_count_name((enum usage_count)i)));
        usage_put_count(to, (enum usage_count)i, sums->of[i]);
    }
}

static void put_text(struct buf *to, const char *name, str text)
{
    json_put_name(to, str_of(name));
    if (text.p != NULL)
        json_put_string(to, text);
    else
        buf_text(to, "null");
}

static void put_line(struct buf *to, const struct usage_group *g,
                     const struct usage_query *q)
{
    char room[USAGE_DATE];
    buf_byte(to, '{');
    for (int i = 0; i < q->by_n; i++)
        put_text(to, usage_field_name(q->by[i]),
                 usage_line_text(g, q->by[i], room));
    put_counts(to, &g->sums);
    buf_byte(to, '}');
}

static void put_json(struct buf *to, const struct usage_lines *lines,
                     const struct usage_query *q)
{
    char room[USAGE_DATE];
    buf_byte(to, '{');
    put_text(to, "from", usage_date(room, q->from));
    put_text(to, "to", usage_date(room, q->to));
    buf_text(to, ",\"by\":[");
    for (int i = 0; i < q->by_n; i++) {
        buf_text(to, i > 0 ? "," : "");
        json_put_string(to, str_of(usage_field_name(q->by[i])));
    }
    buf_text(to, "],\"rows\":[");
    for (size_t n = 0; n < lines->n; n++) {
        buf_text(to, n > 0 ? "," : "");
        put_line(to, lines->line[n], q);
    }
    buf_text(to, "],\"total\":{");
    put_counts(to, &lines->total);
    buf_text(to, "}}");
}

/* --- all ------------------------------------------------------------------- */

bool usage_report(struct buf *to, struct store *s, const struct usage_query *q,
                  enum usage_format format, struct store_why *why)
{
    struct usage_lines lines;
    bool read = usage_lines_read(&lines, s, q, why);
    if (read && format == USAGE_CSV)
        put_csv(to, &lines, q);
    else if (read)
        put_json(to, &lines, q);
    usage_lines_free(&lines);
    if (read && !buf_ok(to))
        store_say(why, STORE_MEMORY, s->path, NULL);
    return read && buf_ok(to);
}
