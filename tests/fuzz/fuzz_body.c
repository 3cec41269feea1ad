/*
** fuzz_body.c -- the body of a request, by its length and in chunks.
**
** An input is a head's framing (a digit line "12\n" for a length, "c\n" for
** chunks) and the bytes that follow. However they are cut, the same comes
** out; and of chunks it is what a second reading says, which is written here
** by the letter of RFC 9112 7.1 and has the whole text before it.
*/
#include "fuzz.h"

#include <regex.h>

#include "wire/http.h"

#define MAX_BODY (64 * 1024)

/* What came of a body. */
struct outcome {
    bool refused, done, overfull;
    size_t used;
    struct buf payload;
};

static struct outcome feed(const struct http_head *head, str in, size_t most)
{
    struct outcome o = {.used = 0};
    struct cuts cuts = cuts_of(in, most);
    struct http_body body;
    str piece;
    buf_init(&o.payload, MAX_BODY);
    http_body_init(&body, head);
    while (!o.refused && !http_body_done(&body) && buf_ok(&o.payload) &&
           cuts_next(&cuts, &piece)) {
        int64_t used = http_body_feed(&body, piece, &o.payload);
        MUST(used == -400 || (used >= 0 && (size_t)used <= piece.n));
        o.refused = used < 0;
        o.used += used > 0 ? (size_t)used : 0;
        MUST(used < 0 || (size_t)used == piece.n || http_body_done(&body) ||
             !buf_ok(&o.payload));
    }
    cuts_end(&cuts);
    o.done = http_body_done(&body);
    o.overfull = !buf_ok(&o.payload);
    MUST(o.overfull || o.refused || body.seen == (int64_t)o.payload.n);
    return o;
}

static void same(const struct outcome *a, const struct outcome *b)
{
    MUST(a->overfull == b->overfull);
    if (a->overfull)
        return;
    MUST(a->refused == b->refused && a->done == b->done);
    if (a->refused)
        return;
    MUST(a->used == b->used);
    MUST(str_eq(buf_str(&a->payload), buf_str(&b->payload)));
}

/* --- a second reading of chunks -------------------------------------------- */

/* A line that ends in CR LF, both removed; false when there is none. */
static bool line_of(str *in, str *line)
{
    char *end = in->n > 0 ? memmem(in->p, in->n, "\r\n", 2) : NULL;
    if (end == NULL)
        return false;
    *line = (str){in->p, (size_t)(end - in->p)};
    *in = str_from(*in, line->n + 2);
    return true;
}

static bool hex_size(str *line, uint64_t *size)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    char text[32] = {0};
    size_t n = 0;
    while (n < line->n && n < 31 && line->p[n] != '\0' &&
           strchr(digits, line->p[n]) != NULL) {
        text[n] = line->p[n];
        n++;
    }
    *line = str_from(*line, n);
    *size = strtoull(text, NULL, 16);
    return n > 0 && n <= 16 && *size <= INT64_MAX;
}

#define BLANKS "[ \t]*"
#define TOKEN  "[-!#$%&'*+.^_`|~0-9A-Za-z]+"
#define QUOTED "\"([^\"\\\\]|\\\\.)*\""

static const char extension[] = "^(" BLANKS ";" BLANKS TOKEN "(" BLANKS
                                "=" BLANKS "(" TOKEN "|" QUOTED "))?)*$";
static const char trailer[] = "^" TOKEN ":";
static const char framing[] = "^(content-length|host|transfer-encoding):";

/* Is the line of that form, and without control bytes? */
static bool is_of(str line, const char *form)
{
    char text[1024];
    regex_t regex;
    if (line.n >= sizeof text)
        return false;
    memcpy(text, line.p, line.n);
    text[line.n] = '\0';
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)text[i] < ' ' && text[i] != '\t')
            return false;
    MUST(regcomp(&regex, form, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0);
    bool fits = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return fits && memchr(text, 0x7f, line.n) == NULL;
}

/* The payload of complete chunked coding at the front of `in`: how many bytes
** it takes, or 0 when it is not complete or not chunked coding. */
static size_t read_chunks(str in, struct buf *payload)
{
    str rest = in, line;
    uint64_t size;
    do {
        if (!line_of(&rest, &line) || !hex_size(&line, &size))
            return 0;
        if (line.n > 0 && !is_of(line, extension))
            return 0;
        if (size > rest.n)
            return 0;
        buf_add(payload, (str){rest.p, (size_t)size});
        rest = str_from(rest, (size_t)size);
        if (size > 0 && (!line_of(&rest, &line) || line.n > 0))
            return 0;
    } while (size > 0);
    do {
        if (!line_of(&rest, &line))
            return 0;
        if (line.n > 0 && (!is_of(line, trailer) || is_of(line, framing)))
            return 0;
    } while (line.n > 0);
    return (size_t)(rest.p - in.p);
}

static void chunks_mean_that(const struct outcome *o, str in)
{
    struct buf payload;
    buf_init(&payload, MAX_BODY);
    size_t n = read_chunks(in, &payload);
    MUST(n == o->used);
    MUST(str_eq(buf_str(&payload), buf_str(&o->payload)));
    buf_fini(&payload);
}

static void length_means_that(const struct outcome *o, int64_t length)
{
    MUST(o->used == (size_t)length);
    MUST(o->payload.n == (size_t)length);
}

/* --- one input ------------------------------------------------------------- */

static void request_body(str in)
{
    struct http_head head = {.length = -1};
    str first = str_split(&in, '\n');
    if (in.p == NULL)
        return;
    head.chunked = str_eq(first, STR("c"));
    if (!head.chunked && (head.length = str_number(first, INT64_MAX)) < 0)
        return;
    struct outcome whole = feed(&head, in, SIZE_MAX);
    struct outcome cut = feed(&head, in, 16), bytes = feed(&head, in, 1);
    same(&whole, &cut);
    same(&whole, &bytes);
    if (whole.done && head.chunked)
        chunks_mean_that(&whole, in);
    else if (whole.done)
        length_means_that(&whole, head.length);
    MUST(head.chunked || !whole.refused);
    buf_fini(&whole.payload);
    buf_fini(&cut.payload);
    buf_fini(&bytes.payload);
}

FUZZ(request_body)
