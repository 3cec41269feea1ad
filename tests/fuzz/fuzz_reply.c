/*
** fuzz_reply.c -- what an upstream may answer, through a transport and a call.
**
** Everything is real but the network: connect() is ours and gives the transport
** one end of a socket pair. An input is the raw bytes that the upstream sends
** before it closes. A whole reply and a stream are asked for, each once in one
** piece and once cut: the same must come of it. Then the next question is
** asked, with a good reply: nothing of the input may be in what it hears.
**
** All of it twice: through our own client of plain text, and through libcurl,
** which is asked where a provider is said to speak HTTP/2.
*/
#include "fuzz.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "net/call/call.h"
#include "net/real.h"
#include "slow_reply.h"
#include "slow_sse.h"
#include "taps.h"

#define TURNS 2000

static struct world *world;
static struct provider *provider;
static int peer = -1; /* the upstream's end of the last connection */

/* In libc's place. */
__attribute__((visibility("default"))) int connect(int fd,
                                                   __CONST_SOCKADDR_ARG address,
                                                   socklen_t n)
{
    int ends[2];
    (void)address, (void)n;
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    MUST(dup2(ends[0], fd) == fd);
    close(ends[0]);
    if (peer >= 0)
        close(peer);
    peer = ends[1];
    return 0;
}

/* --- one who reads --------------------------------------------------------- */

struct outcome {
    struct reader reader; /* first */
    struct buf heard;
    int ends;
    enum fault_kind kind;
    int status;
    struct tap tap;
    bool event_stream;
};

static void on_bytes(struct reader *r, str bytes)
{
    struct outcome *o = (struct outcome *)r;
    MUST(o->ends == 0);
    buf_add(&o->heard, bytes);
}

static void on_end(struct reader *r, const struct fault *fault)
{
    struct outcome *o = (struct outcome *)r;
    o->ends++;
    o->kind = fault->kind;
}

/* --- one exchange ---------------------------------------------------------- */

/* Turn the loop until `what`. */
#define TURN_UNTIL(what)                                   \
    for (int turns = 0; turns < TURNS && !(what); turns++) \
    real_step(world, turns < TURNS / 2 ? 0 : NANOS_MS)

/* The upstream has been asked, or the call gave up. */
static bool is_asked(const struct call *c)
{
    return c->state != CALL_CONNECTING || !c->exchanging;
}

static bool was_read(void)
{
    int unread = 0;
    return ioctl(peer, SIOCOUTQ, &unread) != 0 || unread == 0;
}

/* Of a connection that is used again the next question must be seen. */
static void read_question(void)
{
    char junk[4096];
    while (recv(peer, junk, sizeof junk, MSG_DONTWAIT) > 0)
        continue;
}

static struct call *ask(bool stream, struct outcome *o)
{
    struct question q = {
        .provider = provider,
        .model = STR("gpt-x"),
        .body = stream ? STR("{\"stream\":true,\"messages\":[]}")
                       : STR("{\"messages\":[]}"),
        .asked = {.stream = stream},
        .deadline = world_now(world) + 60 * NANOS_S,
    };
    *o = (struct outcome){.reader = {.bytes = on_bytes, .end = on_end}};
    buf_init(&o->heard, 1 << 20);
    struct call *c = call_start(world, &q);
    MUST(c != NULL);
    call_attach(c, &o->reader);
    TURN_UNTIL(is_asked(c));
    MUST(is_asked(c) && peer >= 0);
    read_question();
    return c;
}

/* Send it piece by piece, whether it is still listened to or not. */
static void answer(const struct call *c, struct cuts *cuts)
{
    str piece;
    while (cuts_next(cuts, &piece)) {
        if (send(peer, piece.p, piece.n, MSG_NOSIGNAL) != (ssize_t)piece.n)
            break;
        TURN_UNTIL(!c->exchanging || was_read());
        real_step(world, 0);
    }
    cuts_end(cuts);
}

/* A connection stays open if the reply was over before: what came too much is
** then there when the next question is asked. */
static void play(str in, bool stream, size_t most, struct outcome *o)
{
    struct call *c = ask(stream, o);
    struct cuts cuts = cuts_of(in, most);
    answer(c, &cuts);
    if (c->exchanging)
        shutdown(peer, SHUT_WR);
    TURN_UNTIL(!c->exchanging);
    MUST(!c->exchanging && c->state == CALL_ENDED && o->ends == 1);
    if (!stream && o->kind == FAULT_NONE)
        buf_add(&o->heard, call_held(c));
    o->status = c->status;
    o->tap = c->tap;
    o->event_stream = c->event_stream;
    call_release(c);
}

/* Not HTTP, or ended too early: which of them is said may depend on how the
** bytes came, and matters to nobody. */
static bool is_broken(enum fault_kind kind)
{
    return kind == FAULT_NETWORK || kind == FAULT_MALFORMED ||
           kind == FAULT_BROKEN_STREAM;
}

/* Where lines end differently from one another, a cut may move an LF. */
static void same_events(str a, str b)
{
    struct slow_sse in_a, in_b;
    slow_sse(a, &in_a);
    slow_sse(b, &in_b);
    MUST(str_eq(buf_str(&in_a.events), buf_str(&in_b.events)));
    buf_fini(&in_a.events);
    buf_fini(&in_b.events);
}

static void same(const struct outcome *a, const struct outcome *b)
{
    MUST(a->kind == b->kind || (is_broken(a->kind) && is_broken(b->kind)));
    MUST(a->status == b->status);
    MUST(a->kind != FAULT_NONE || taps_agree(&a->tap, &b->tap));
    if (a->event_stream)
        same_events(buf_str(&a->heard), buf_str(&b->heard));
    else
        MUST(str_eq(buf_str(&a->heard), buf_str(&b->heard)));
}

#define GOOD_BODY "{\"choices\":[],\"id\":\"good\"}"
#define GOOD      "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n" GOOD_BODY

/* What came before stays out of the next answer. */
static void the_next_is_untouched(void)
{
    struct outcome o;
    play(STR(GOOD), false, SIZE_MAX, &o);
    MUST(o.kind == FAULT_NONE);
    MUST(str_eq(buf_str(&o.heard), STR(GOOD_BODY)));
    buf_fini(&o.heard);
}

static void whole_means_that(str in, const struct outcome *o)
{
    struct buf body;
    buf_init(&body, 1 << 20);
    MUST(slow_reply(in, &body));
    MUST(str_eq(buf_str(&body), buf_str(&o->heard)));
    buf_fini(&body);
}

/* libcurl 7.88 looks at a read as at a C string after each header line: if a
** line begins with NUL, the rest of what was read with it is forgotten. So how
** it was cut decides what is forgotten, and nothing of ours sees it. */
static bool loses_bytes(str in)
{
    return provider->http2 && memmem(in.p, in.n, "\n", 2) != NULL;
}

/* A whole reply with bytes behind it. In one piece with its end they make it
** malformed; coming later they meet a connection that waits, which is shut. */
static bool says_too_much(str in)
{
    bool whole = false;
    for (size_t n = 1; n < in.n && !whole; n++) {
        struct buf body;
        buf_init(&body, 1 << 20);
        whole = slow_reply((str){in.p, n}, &body);
        buf_fini(&body);
    }
    return whole;
}

static bool may_differ(str in, const struct outcome *a, const struct outcome *b)
{
    bool one_is_well = (a->kind == FAULT_NONE) != (b->kind == FAULT_NONE);
    return loses_bytes(in) || (one_is_well && says_too_much(in));
}

static void both_ways(str in, bool stream)
{
    struct outcome whole, cut;
    play(in, stream, SIZE_MAX, &whole);
    play(in, stream, 1 + in.n / 8, &cut);
    if (!may_differ(in, &whole, &cut))
        same(&whole, &cut);
    if (!stream && whole.kind == FAULT_NONE)
        whole_means_that(in, &whole);
    buf_fini(&whole.heard);
    buf_fini(&cut.heard);
}

static void begin(bool libcurl)
{
    MUST(real_open(&world, NULL, NULL, NULL) == 0);
    provider = provider_new();
    MUST(provider != NULL);
    provider->name = STR("mock");
    provider->endpoint = STR("http://127.0.0.1:1/v1/chat/completions");
    provider->dialect = &dialect_openai;
    provider->max_reply = 1 << 20;
    provider->http2 = libcurl;
}

static void finish(void)
{
    MUST(provider->refs == 1);
    provider_release(provider);
    real_close(world);
    close(peer);
    peer = -1;
}

static void reply(str in)
{
    for (int libcurl = 0; libcurl < 2; libcurl++) {
        begin(libcurl);
        both_ways(in, false);
        the_next_is_untouched();
        both_ways(in, true);
        the_next_is_untouched();
        finish();
    }
}

FUZZ(reply)
