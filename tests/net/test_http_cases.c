/*
** test_http_cases.c -- the cases of tests/data/http against a server, over
** sockets: whole, cut, byte by byte, and in pairs.
**
** The handler here answers everything with a 200, so what counts is how often
** it runs: that is what smuggling would change. Where a case is cut must
** change nothing. Cuts of refused cases, and pairs, are sampled from a fixed
** seed; PERILUNE_LONG=1 takes them all.
*/
#include "net/server_rig.h"

#include <malloc.h>

#include "net/http_cases.h"

#define PROBE      "GET /probe HTTP/1.1\r\nHost: a\r\n\r\n"
#define ALL_GROUPS 10

static const char *const groups[ALL_GROUPS] = {
    "accepts", "request-line",   "host",
    "fields",  "content-length", "transfer-encoding",
    "chunks",  "connection",     "expect",
    "probes"};

/* --- a client and what it hears -------------------------------------------- */

struct heard {
    int status[2 * CASES_WANT + 2];
    int n, hundreds;
    bool ended, junk; /* something that is no reply came */
};

struct client {
    struct rig *r;
    int fd;
    size_t peak; /* of the memory in use */
};

static struct client connect_to(struct rig *r)
{
    r->clients_n = 0; /* the last one has hung up */
    return (struct client){.r = r, .fd = rig_connect(r)};
}

/* By a reset, so that no port waits for latecomers. */
static void leave(struct client *c)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    rig_hang_up(c->r, c->fd);
    world_settle(&c->r->world);
}

static size_t in_use(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 0;
#else
    return mallinfo2().uordblks;
#endif
}

/* Send it all, as the server takes it; it may refuse before the end. */
static void send_all(struct client *c, str bytes)
{
    while (bytes.n > 0) {
        size_t some = bytes.n < 32768 ? bytes.n : 32768;
        ssize_t n = send(c->fd, bytes.p, some, MSG_NOSIGNAL);
        world_settle(&c->r->world);
        c->peak = in_use() > c->peak ? in_use() : c->peak;
        if (n < 0 && errno != EAGAIN)
            return;
        bytes = str_from(bytes, n > 0 ? (size_t)n : 0);
    }
}

static int64_t length_of(str head)
{
    const char *at = memmem(head.p, head.n, "Content-Length: ", 16);
    return at != NULL ? strtol(at + 16, NULL, 10) : 0;
}

/* Cut replies off `text`; `bodyless` is the number of one to HEAD, or -1. */
static void count_replies(struct heard *h, str text, int bodyless)
{
    while (text.n > 0 && h->n < 2 * CASES_WANT + 1) {
        str rest = rig_after_head(text);
        int status = rig_status(text);
        if (status == 0 || rest.p == NULL)
            break;
        str head = {text.p, text.n - rest.n};
        if (status == 100) {
            h->hundreds++;
            text = rest;
            continue;
        }
        size_t body = h->n == bodyless ? 0 : (size_t)length_of(head);
        if (body > rest.n)
            break;
        h->status[h->n++] = status;
        text = str_from(rest, body);
    }
    h->junk = text.n > 0;
}

static struct heard hear(struct client *c, int bodyless)
{
    struct heard h = {.n = 0};
    count_replies(&h, rig_hear(c->r, c->fd), bodyless);
    h.ended = c->r->ended;
    return h;
}

/* --- one case -------------------------------------------------------------- */

static void complain(const struct http_case *c, const char *how, size_t at,
                     const struct heard *h)
{
    printf("#    %s, %s %zu: heard", c->name, how, at);
    for (int i = 0; i < h->n; i++)
        printf(" %d", h->status[i]);
    printf("%s%s\n", h->ended ? " and the end" : "", h->junk ? ", junk" : "");
}

/* As wanted, where the handler's replies are all 200? */
static bool as_wanted(const struct http_case *c, const struct heard *h)
{
    bool fine = h->n == c->want_n && h->ended == c->closed && !h->junk;
    for (int i = 0; fine && i < h->n; i++)
        fine = h->status[i] == (i < c->handled ? 200 : c->want[i]);
    return fine;
}

/* The client goes on where the case lets it. */
static void second_part(struct client *client, const struct http_case *c)
{
    send_all(client, buf_str(&c->then));
    struct heard h = hear(client, -1);
    bool fine = h.n == 1 && h.status[0] == c->after && h.ended == c->closed;
    if (!fine)
        complain(c, "then", 0, &h);
    CHECK(fine);
}

/* Send a case in pieces of `step` bytes, the first of `cut` bytes. */
static void send_case(struct client *client, const struct http_case *c,
                      size_t cut, size_t step)
{
    str rest = buf_str(&c->bytes);
    cut = cut < rest.n ? cut : rest.n;
    send_all(client, (str){rest.p, cut});
    for (rest = str_from(rest, cut); rest.n > 0;) {
        size_t some = step < rest.n ? step : rest.n;
        send_all(client, (str){rest.p, some});
        rest = str_from(rest, some);
    }
    if (c->half)
        shutdown(client->fd, SHUT_WR);
}

static void try_case(struct client *client, const struct http_case *c,
                     size_t cut, size_t step)
{
    struct rig *r = client->r;
    int asked = r->asked;
    send_case(client, c, cut, step);
    struct heard h = hear(client, c->head ? 0 : -1);
    bool ended = c->then.n > 0 && h.n == 0 && !h.ended; /* not yet */
    bool fine = ended || as_wanted(c, &h);
    if (step > 1 && cut >= c->bytes.n)
        fine &= h.hundreds == c->hundred;
    if (c->then.n > 0)
        second_part(client, c);
    if (!fine || r->asked - asked != c->handled)
        complain(c, step == 1 ? "byte by byte" : "cut at", cut, &h);
    CHECK(fine);
    CHECK_INT(r->asked - asked, c->handled);
}

/* An answer is where it belongs, and no byte of the last case came with it. */
static void still_well(struct client *client)
{
    rig_say(client->fd, PROBE);
    CHECK_STR(rig_body(client->r, client->fd), "GET /probe ");
}

/* A case on a connection of its own, or one that other cases left open. */
static void run(struct client *client, const struct http_case *c, size_t cut,
                size_t step)
{
    if (client->fd < 0)
        *client = connect_to(client->r);
    try_case(client, c, cut, step);
    if (!c->closed)
        return;
    leave(client);
    client->fd = -1;
}

/* --- over all of them ------------------------------------------------------ */

typedef void each_case(struct client *client, const struct http_case *c);

static int over_group(const char *group, each_case *each)
{
    struct rig r;
    int n = 0;
    struct buf text = cases_file(group);
    struct json_error error;
    CHECK(json_check(buf_str(&text), &error));
    struct json_walk w = json_walk(json_of(buf_str(&text)));
    rig_open(&r, NULL);
    struct client client = {.r = &r, .fd = -1};
    for (; json_next(&w); n++) {
        struct http_case c = case_of(w.value);
        each(&client, &c);
        case_free(&c);
    }
    if (client.fd >= 0)
        leave(&client);
    rig_close(&r);
    buf_fini(&text);
    CHECK(n > 0);
    return n;
}

static void over_all(each_case *each)
{
    for (int i = 0; i < ALL_GROUPS; i++)
        over_group(groups[i], each);
}

/* --- whole ----------------------------------------------------------------- */

/* T6: no byte sent costs more than a hundred of memory, and 64 KB. */
static void whole(struct client *client, const struct http_case *c)
{
    size_t before = in_use();
    client->peak = 0;
    run(client, c, c->bytes.n, 32768);
    size_t grown = client->peak > before ? client->peak - before : 0;
    size_t allowed = 100 * (c->bytes.n + c->then.n) + 65536;
    if (grown > allowed)
        printf("#    %s: %zu bytes for %zu\n", c->name, grown, c->bytes.n);
    CHECK(grown <= allowed);
    if (client->fd >= 0)
        still_well(client);
}

static void every_case_is_answered_as_it_says(void)
{
    int n = 0;
    for (int i = 0; i < ALL_GROUPS; i++)
        n += over_group(groups[i], whole);
    printf("# %d cases\n", n);
}

static void byte_by_byte(struct client *client, const struct http_case *c)
{
    if (!c->large)
        run(client, c, 0, 1);
}

static void byte_by_byte_changes_nothing(void)
{
    over_all(byte_by_byte);
}

/* --- cut ------------------------------------------------------------------- */

static bool all_of_it(void)
{
    return getenv("PERILUNE_LONG") != NULL;
}

/* Steps from a fixed seed, 1 to `most`. */
static size_t stride(size_t most)
{
    static uint32_t seed = 1;
    seed = seed * 1664525u + 1013904223u;
    return 1 + (seed >> 16) % most;
}

static int cuts;

static void cut_up(struct client *client, const struct http_case *c)
{
    size_t most = c->large ? c->bytes.n / 8 : 1;
    for (size_t at = 1; at < c->bytes.n; at += stride(most)) {
        run(client, c, at, 1 << 20);
        cuts++;
    }
}

static void where_a_case_is_cut_changes_nothing(void)
{
    over_all(cut_up);
    printf("# %d cuts\n", cuts);
}

/* --- pairs ----------------------------------------------------------------- */

#define KEPT 1024
static struct http_case kept[KEPT];
static int kept_n;

/* Two of them in one piece: the replies of both, in order. */
static bool joined(struct http_case *both, const struct http_case *a,
                   const struct http_case *b)
{
    if (!case_good(a) || a->closed || a->half || a->head || a->large ||
        a->then.n > 0 || b->large || b->head || b->then.n > 0 ||
        a->want_n + b->want_n > CASES_WANT)
        return false;
    *both = *b;
    snprintf(both->name, sizeof both->name, "%.55s + %.55s", a->name, b->name);
    buf_init(&both->bytes, 1 << 20);
    buf_add(&both->bytes, buf_str(&a->bytes));
    buf_add(&both->bytes, buf_str(&b->bytes));
    for (int i = 0; i < b->want_n; i++)
        both->want[a->want_n + i] = b->want[i];
    for (int i = 0; i < a->want_n; i++)
        both->want[i] = a->want[i];
    both->want_n += a->want_n;
    both->handled += a->handled;
    return true;
}

static void keep(struct client *client, const struct http_case *c)
{
    (void)client;
    CHECK(kept_n < KEPT);
    struct http_case copy = *c;
    buf_init(&copy.bytes, 1 << 20);
    buf_init(&copy.then, 1 << 20);
    buf_add(&copy.bytes, buf_str(&c->bytes));
    buf_add(&copy.then, buf_str(&c->then));
    kept[kept_n++] = copy;
}

static int try_pairs(struct client *client)
{
    int n = 0;
    for (int i = 0; i < kept_n; i++)
        for (int j = 0; j < kept_n; j += (int)stride(all_of_it() ? 1 : 20)) {
            struct http_case both;
            if (!joined(&both, &kept[i], &kept[j]))
                continue;
            run(client, &both, both.bytes.n, 1 << 20);
            buf_fini(&both.bytes);
            n++;
        }
    return n;
}

static void pairs_do_not_bleed_into_one_another(void)
{
    struct rig r;
    over_all(keep);
    rig_open(&r, NULL);
    struct client client = {.r = &r, .fd = -1};
    printf("# %d pairs\n", try_pairs(&client));
    if (client.fd >= 0)
        leave(&client);
    rig_close(&r);
    while (kept_n > 0)
        case_free(&kept[--kept_n]);
}

TESTS(every_case_is_answered_as_it_says, byte_by_byte_changes_nothing,
      where_a_case_is_cut_changes_nothing, pairs_do_not_bleed_into_one_another)
