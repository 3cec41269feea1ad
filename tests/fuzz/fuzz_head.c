/*
** fuzz_head.c -- the head of a request.
**
** Whatever comes: what is found lies in the bytes given and is made of what
** may stand there; nothing is decided on a part of a head that the whole of it
** would decide otherwise; what follows a head changes nothing; and a head
** that is written anew from what was found is found to say the same.
*/
#include "fuzz.h"

#include "wire/http.h"

static struct http_head head, again;

static void fields_are_fields(const struct http_head *h, str in)
{
    MUST(h->fields_n >= 0 && h->fields_n <= HTTP_MAX_FIELDS);
    for (int i = 0; i < h->fields_n; i++) {
        MUST(lies_in(h->fields[i].name, in));
        MUST(lies_in(h->fields[i].value, in));
        MUST(http_name_ok(h->fields[i].name));
        MUST(http_value_ok(h->fields[i].value));
    }
}

static int count(const struct http_head *h, str name)
{
    int n = 0;
    for (int i = 0; i < h->fields_n; i++)
        n += str_eq_nocase(h->fields[i].name, name);
    return n;
}

/* A name or an address and a port, in nothing that could be read otherwise. */
static void host_is_plain(str host)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-._~:[]"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t port = host.n;
    for (size_t i = 0; i < host.n; i++)
        MUST(host.p[i] != '\0' && strchr(good, host.p[i]) != NULL);
    while (port > 0 && host.p[port - 1] != ':' && host.p[port - 1] != ']')
        port--;
    if (port == 0 || host.p[port - 1] == ']')
        return;
    MUST(port > 1);
    MUST(port == host.n || str_number(str_from(host, port), 65535) >= 0);
    bool six = host.p[0] == '[';
    MUST(!six || host.p[port - 2] == ']');
    MUST(six || str_find(host, ':') == port - 1);
}

/* What smuggling would need is not there. */
static void framing_is_plain(const struct http_head *h)
{
    int lengths = count(h, STR("content-length"));
    int codings = count(h, STR("transfer-encoding"));
    MUST(lengths + codings <= 1);
    MUST(h->chunked == (codings == 1));
    MUST((h->length >= 0) == (lengths == 1));
    MUST(h->minor == 1 || !h->chunked);
    MUST(count(h, STR("host")) == 1 || h->minor == 0);
    host_is_plain(http_field(h, STR("host")));
    MUST(!h->expect || h->chunked || h->length > 0);
}

static void target_is_one(const struct http_head *h, str in)
{
    MUST(lies_in(h->method, in) && http_name_ok(h->method));
    MUST(lies_in(h->target, in) && h->target.n <= HTTP_MAX_TARGET);
    MUST(str_starts(h->path, STR("/")) || str_eq(h->path, STR("*")));
    for (size_t i = 0; i < h->target.n; i++)
        MUST(h->target.p[i] > ' ' && h->target.p[i] != 0x7f);
}

static str put(char **at, str s)
{
    char *to = *at;
    memcpy(to, s.p, s.n);
    *at += s.n;
    return (str){to, s.n};
}

/* Spelled in the plainest way it says the same. */
static void can_be_said_again(const struct http_head *h)
{
    size_t room = h->method.n + h->target.n + 16;
    for (int i = 0; i < h->fields_n; i++)
        room += h->fields[i].name.n + h->fields[i].value.n + 4;
    char *text = malloc(room), *at = text;
    MUST(text != NULL);
    put(&at, h->method);
    put(&at, STR(" "));
    put(&at, h->target);
    put(&at, h->minor == 1 ? STR(" HTTP/1.1\r\n") : STR(" HTTP/1.0\r\n"));
    for (int i = 0; i < h->fields_n; i++) {
        put(&at, h->fields[i].name);
        put(&at, STR(": "));
        put(&at, h->fields[i].value);
        put(&at, STR("\r\n"));
    }
    put(&at, STR("\r\n"));
    size_t n = (size_t)(at - text);
    if (n <= HTTP_MAX_HEAD) {
        MUST(http_parse(&again, (str){text, n}) == (int)n);
        MUST(str_eq(again.path, h->path) && str_eq(again.query, h->query));
        MUST(again.fields_n == h->fields_n && again.length == h->length);
        MUST(again.chunked == h->chunked && again.expect == h->expect);
        MUST(again.keep_alive == h->keep_alive);
    }
    free(text);
}

/* A part of the input never says what the whole does not. */
static void parts_agree(str in, int whole)
{
    struct cuts cuts = cuts_of(in, in.n < 256 ? 1 : 1 + in.n / 64);
    for (size_t n = 0;;) {
        char *part = malloc(n > 0 ? n : 1);
        MUST(part != NULL);
        memcpy(part, in.p, n);
        int said = http_parse(&again, (str){part, n});
        free(part);
        MUST(said <= 0 ? said == 0 || whole < 0 : said == whole);
        MUST(said != 0 || n < in.n || whole == 0);
        str piece;
        if (!cuts_next(&cuts, &piece))
            break;
        n += piece.n;
    }
}

static void request_head(str in)
{
    int n = http_parse(&head, in);
    MUST(n <= 0 || (size_t)n <= in.n);
    MUST(n >= 0 || (n <= -400 && n > -600));
    parts_agree(in, n);
    if (n <= 0)
        return;
    MUST(http_parse(&again, (str){in.p, (size_t)n}) == n);
    MUST(n <= HTTP_MAX_HEAD && in.p[n - 1] == '\n' && in.p[n - 2] == '\r');
    fields_are_fields(&head, in);
    framing_is_plain(&head);
    target_is_one(&head, in);
    can_be_said_again(&head);
}

FUZZ(request_head)
