/*
** curl_transfer.c -- one request through libcurl, and what may go wrong.
**
** libcurl repeats a request by itself when a reused connection dies before
** the first byte of a reply, though the upstream may have run it. So a second
** attempt to send within one transfer, which the pre-request callback sees,
** is refused: every arrival at an upstream is one exchange_start. That guard
** is all it takes, so the body may be given to libcurl as a block, which then
** leaves in one write with the head.
**
** An easy handle carries one exchange: libcurl before 8.1.1 remembers where the
** last header line of a reply was, and has a folded line that begins the next
** reply on that handle continue it, though its memory is free by then. What is
** kept is the parsed target, which would cost more than the handle.
**
** Chunks are decoded here. libcurl takes "5 or so" for a size and any byte that
** is a line feed for a line's end, and calls back for each; so it is told to
** pass them on as they are, and only finds out where the reply ends.
**
** Pausing is a flag: the next bytes find it set and libcurl is told to hold
** them back, and then stops reading by itself.
*/
#include "net/curl_inner.h"

#include "base/defence.h"
#include "base/mem.h"

#define TRANSFERS_KEPT 64
#define CONNECTION_AGE 55L /* seconds; upstreams tend to close at 60 */
#define RECEIVE_BYTES  16384L
#define ADDED_FIELDS   3
#define REPEAT         "the connection died before a reply"

/* --- what libcurl calls while a transfer runs ----------------------------- */

void curl_transfer_judge(struct transfer *t, enum exchange_end end,
                         const char *why)
{
    t->judged = true;
    t->end = end;
    t->why = why;
}

/* The connection stands. Being here again means that libcurl repeats. */
static int on_ready(void *arg, char *ip, char *our_ip, int port, int our_port)
{
    struct transfer *t = arg;
    (void)ip, (void)our_ip, (void)port, (void)our_port;
    if (t->x == NULL)
        return CURL_PREREQFUNC_ABORT;
    if (t->connected) {
        curl_transfer_judge(t, EXCHANGE_CLOSED, REPEAT);
        return CURL_PREREQFUNC_ABORT;
    }
    t->connected = true;
    t->x->events->connected(t->x);
    return t->x != NULL ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static void give_head(struct transfer *t)
{
    MEM_UNSET struct http_field fields[REPLY_HEAD_FIELDS];
    int n = reply_head_fields(&t->head, fields);
    t->headed = true;
    http_body_chunked(&t->chunks);
    t->x->events->head(t->x, t->head.status, fields, n);
    reply_head_fini(&t->head);
}

/* Lines after the head are trailers: dropped. */
static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    if (t->x == NULL)
        return 0;
    if (t->headed)
        return size * n;
    switch (reply_head_line(&t->head, (str){p, size * n})) {
    case REPLY_HEAD_MORE:
        return size * n;
    case REPLY_HEAD_WHOLE:
        give_head(t);
        return t->x != NULL ? size * n : 0;
    case REPLY_HEAD_LIMIT:
        curl_transfer_judge(t, EXCHANGE_LIMIT, "the reply's head is too large");
        return 0;
    case REPLY_HEAD_PROTOCOL:
        curl_transfer_judge(t, EXCHANGE_PROTOCOL,
                            "the reply's head is malformed");
        return 0;
    case REPLY_HEAD_MEMORY:
        curl_transfer_judge(t, EXCHANGE_MEMORY,
                            "no memory for the reply's head");
        return 0;
    }
    return 0;
}

/* One engine, one buffer: it goes round with whoever is being read. */
void curl_transfer_flush(struct engine *e)
{
    struct transfer *t = e->gathering;
    if (t == NULL)
        return;
    struct buf bytes = e->gathered; /* the callback may gather anew */
    e->gathering = NULL;
    buf_init(&e->gathered, CURL_GATHERED_MAX);
    e->depth++;
    if (t->x != NULL && bytes.n > 0)
        t->x->events->body(t->x, buf_str(&bytes));
    e->depth--;
    if (e->gathered.p != NULL) {
        buf_fini(&bytes);
        return;
    }
    buf_clear(&bytes);
    e->gathered = bytes;
}

/* A 304 has no body, whatever its head says. */
static bool in_chunks(const struct transfer *t)
{
    return t->head.chunked && t->head.status != 304 && DEFENCE(reply_chunks);
}

/* Some of the body: false if it cannot go on. What came before the fault is
** still handed up. */
static bool gather(struct transfer *t, str bytes)
{
    struct engine *e = t->engine;
    int64_t used = (int64_t)bytes.n;
    e->gathering = t;
    if (in_chunks(t))
        used = http_body_feed(&t->chunks, bytes, &e->gathered);
    else
        buf_add(&e->gathered, bytes);
    if (!buf_ok(&e->gathered))
        curl_transfer_judge(t, EXCHANGE_MEMORY, "no memory for the reply");
    else if (used < 0)
        curl_transfer_judge(t, EXCHANGE_PROTOCOL,
                            "a chunk of the reply is malformed");
    else if ((size_t)used < bytes.n)
        curl_transfer_judge(t, EXCHANGE_PROTOCOL,
                            "bytes follow the end of the reply");
    return !t->judged;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    struct engine *e = t->engine;
    if (e->gathering != t || e->gathered.n + size * n > CURL_GATHERED_MAX)
        curl_transfer_flush(e);
    if (t->x == NULL || !t->headed)
        return 0;
    if (t->paused) {
        t->held = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    return gather(t, (str){p, size * n}) ? size * n : 0;
}

/* --- preparing an easy handle --------------------------------------------- */

static const struct {
    CURLoption option;
    long value;
} always[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1}, /* else a cancel joins the resolver's thread */
    {CURLOPT_POST, 1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_HTTP_TRANSFER_DECODING, 0},      /* but its end is found */
    {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE}, /* no keys to a proxy */
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    {CURLOPT_PATH_AS_IS, 1},
    {CURLOPT_MAXAGE_CONN, CONNECTION_AGE},
    {CURLOPT_BUFFERSIZE, RECEIVE_BYTES},
    {CURLOPT_TCP_NODELAY, 1},
    {CURLOPT_TCP_KEEPALIVE, 1},
};

/* A new handle, and what is the same for all of them. Timeouts are the
** caller's; libcurl keeps its own 300 s for connecting. */
static bool set_up(struct transfer *t)
{
    CURL *easy = t->easy = curl_easy_init();
    if (easy == NULL)
        return false;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        curl_easy_setopt(easy, always[i].option, always[i].value);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_ready);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_SHARE, t->engine->share);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, curl_socket_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t->engine);
    if (!DEFENCE(reply_chunks))
        curl_easy_setopt(easy, CURLOPT_HTTP_TRANSFER_DECODING, 1L);
    if (!DEFENCE(no_redirects))
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == 0;
}

static bool has_tls(const char *url)
{
    return strncasecmp(url, "https:", 6) == 0;
}

static char *copy_of(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = mem_alloc(n);
    return copy != NULL ? memcpy(copy, text, n) : NULL;
}

static void forget_target(struct transfer *t)
{
    curl_url_cleanup(t->target);
    mem_free(t->url);
    t->target = NULL;
    t->url = NULL;
}

static bool parse_target(struct transfer *t, const char *url)
{
    forget_target(t);
    t->url = copy_of(url);
    t->target = curl_url();
    if (t->url != NULL && t->target != NULL &&
        curl_url_set(t->target, CURLUPART_URL, url, CURLU_PATH_AS_IS) == 0)
        return true;
    forget_target(t);
    return false;
}

/* Where it goes: mostly where it went the last time. libcurl would parse the
** text, and write it anew, for every request; a parsed one is only copied, and
** the text beside it saves it the writing. A proxy of the environment may
** carry TLS, but never read a key. */
static bool set_target(struct transfer *t, const char *url)
{
    bool plain = DEFENCE(no_clear_proxy) && !has_tls(url);
    if ((t->url == NULL || strcmp(t->url, url) != 0) && !parse_target(t, url))
        return false;
    const char *direct = plain ? "*" : NULL;
    return curl_easy_setopt(t->easy, CURLOPT_NOPROXY, direct) == 0 &&
           curl_easy_setopt(t->easy, CURLOPT_URL, t->url) == 0 &&
           curl_easy_setopt(t->easy, CURLOPT_CURLU, t->target) == 0;
}

/* What this request says. libcurl borrows the fields and the body. */
static void set_request(struct transfer *t)
{
    CURL *easy = t->easy;
    const struct exchange *x = t->x;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->fields);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.n);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->body.n > 0 ? x->body.p : "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     x->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, x->http2 ? 1L : 0L);
}

/* libcurl's own spelling: "Name: value", "Name;" to send an empty value and
** "Name:" not to send the field it would add itself. */
static char *put_field(struct curl_slist *node, char *at, str name,
                       const char *sep, str value)
{
    size_t sep_len = strlen(sep);
    node->data = at;
    memcpy(at, name.p, name.n);
    memcpy(at + name.n, sep, sep_len);
    if (value.n > 0)
        memcpy(at + name.n + sep_len, value.p, value.n);
    at += name.n + sep_len + value.n;
    *at = '\0';
    return at + 1;
}

/* What libcurl would add by itself, and must not. */
static const char *const unwanted[ADDED_FIELDS] = {"Expect", "Accept",
                                                   "Content-Type"};

static bool put_fields(struct transfer *t)
{
    const struct exchange *x = t->x;
    size_t n = (size_t)x->headers_n, text = 64;
    for (size_t i = 0; i < n; i++)
        text += x->headers[i].name.n + x->headers[i].value.n + 3;
    struct curl_slist *list =
        mem_alloc((n + ADDED_FIELDS) * sizeof *list + text);
    if (list == NULL)
        return false;
    struct curl_slist *node = list;
    char *at = (char *)(list + n + ADDED_FIELDS);
    for (size_t i = 0; i < n; i++) {
        str value = str_trim(x->headers[i].value);
        at = put_field(node++, at, x->headers[i].name, value.n > 0 ? ": " : ";",
                       value);
    }
    for (size_t i = 0; i < ADDED_FIELDS; i++)
        if (!exchange_has(x, str_of(unwanted[i])))
            at = put_field(node++, at, str_of(unwanted[i]), ":", STR_NONE);
    for (node[-1].next = NULL, node--; node > list; node--)
        node[-1].next = node;
    t->fields = list;
    return true;
}

/* --- transfers: made, kept, ended ----------------------------------------- */

static void transfer_free(struct transfer *t)
{
    forget_target(t);
    mem_free(t);
}

static struct transfer *take(struct engine *e)
{
    struct transfer *t = e->kept;
    if (t == NULL)
        return mem_zero(sizeof *t);
    e->kept = t->next;
    e->kept_n--;
    return t;
}

static void link_live(struct transfer *t)
{
    struct engine *e = t->engine;
    t->live_next = e->live;
    t->live_at = &e->live;
    if (t->live_next != NULL)
        t->live_next->live_at = &t->live_next;
    e->live = t;
}

static void unlink_live(struct transfer *t)
{
    *t->live_at = t->live_next;
    if (t->live_next != NULL)
        t->live_next->live_at = t->live_at;
}

struct transfer *curl_transfer_new(struct engine *e, struct exchange *x)
{
    struct transfer *t = take(e);
    if (t == NULL)
        return NULL;
    t->engine = e;
    t->x = x;
    reply_head_init(&t->head);
    link_live(t);
    t->head.http2 = x->http2 && has_tls(x->url);
    if (set_up(t) && put_fields(t) && set_target(t, x->url)) {
        set_request(t);
        return t;
    }
    curl_transfer_retire(t);
    return NULL;
}

/* It serves nobody any more: keep what it knows of its target for the next. */
void curl_transfer_retire(struct transfer *t)
{
    struct engine *e = t->engine;
    if (e->gathering == t) {
        e->gathering = NULL;
        buf_clear(&e->gathered);
    }
    if (t->added)
        curl_multi_remove_handle(e->multi, t->easy);
    unlink_live(t);
    reply_head_fini(&t->head);
    curl_easy_cleanup(t->easy);
    mem_free(t->fields);
    *t = (struct transfer){.url = t->url, .target = t->target, .next = e->kept};
    if (e->kept_n == TRANSFERS_KEPT) {
        transfer_free(t);
        return;
    }
    e->kept = t;
    e->kept_n++;
}

void curl_transfer_free_kept(struct engine *e)
{
    for (struct transfer *next, *t = e->kept; t != NULL; t = next) {
        next = t->next;
        transfer_free(t);
    }
    e->kept = NULL;
}

static enum exchange_end end_before_reply(CURLcode code)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, HTTP/7 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_HTTP2:
    case CURLE_BAD_FUNCTION_ARGUMENT: /* its word for a line that is no field */
        return EXCHANGE_PROTOCOL;
    case CURLE_OUT_OF_MEMORY: /* libcurl's word for an endless line, too */
        return EXCHANGE_LIMIT;
    default:
        return EXCHANGE_CLOSED;
    }
}

static enum exchange_end end_before_connection(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return EXCHANGE_RESOLVE;
    case CURLE_PEER_FAILED_VERIFICATION:
        return EXCHANGE_UNTRUSTED;
    default:
        return EXCHANGE_CONNECT;
    }
}

/* libcurl found an end: did we? */
static bool whole(const struct transfer *t)
{
    return !in_chunks(t) || http_body_done(&t->chunks);
}

static enum exchange_end end_of(const struct transfer *t, CURLcode code)
{
    if (t->judged)
        return t->end;
    if (t->headed && code == CURLE_OK)
        return whole(t) ? EXCHANGE_OK : EXCHANGE_PROTOCOL;
    if (t->connected && !t->headed)
        return end_before_reply(code);
    if (code == CURLE_OUT_OF_MEMORY)
        return EXCHANGE_MEMORY;
    if (t->headed)
        return EXCHANGE_BROKEN;
    return end_before_connection(code);
}

static const char *detail_of(const struct transfer *t, CURLcode code)
{
    if (t->why != NULL)
        return t->why;
    if (code == CURLE_OK && !t->headed)
        return "closed before the end of the head";
    if (code == CURLE_OK)
        return whole(t) ? "" : "the last chunk is malformed";
    return t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
}

/* The end of a transfer that was not cancelled. */
void curl_transfer_finish(struct transfer *t, CURLcode code)
{
    if (t->engine->gathering == t)
        curl_transfer_flush(t->engine);
    struct exchange *x = t->x;
    if (x == NULL)
        return; /* cancelled meanwhile: it is in todo */
    if (t->added)
        curl_multi_remove_handle(t->engine->multi, t->easy);
    t->added = false;
    t->x = NULL;
    x->impl = NULL;
    x->events->done(x, end_of(t, code), str_of(detail_of(t, code)));
    curl_transfer_retire(t);
}
