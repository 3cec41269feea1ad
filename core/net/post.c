/*
** post.c -- an exchange, a timer, and a place in a list.
*/
#include "net/post.h"

#include "base/err.h"
#include "base/mem.h"
#include "net/transport.h"

#define PATIENCE (10 * NANOS_S)

struct post {
    struct post *next, **at;
    struct world *world;
    struct exchange exchange;
    struct timer timer;
    int status;
    bool starting, over; /* it may have ended before it was started */
    struct post_ask ask;
    char memory[]; /* the url, the body */
};

#define OWNER(member, p) \
    ((struct post *)(void *)((char *)(p)-offsetof(struct post, member)))

static void forget(struct post *p)
{
    timer_stop(p->world, &p->timer);
    *p->at = p->next;
    if (p->next != NULL)
        p->next->at = p->at;
    mem_free(p);
}

static void on_connected(struct exchange *x)
{
    (void)x;
}

static void on_head(struct exchange *x, int status,
                    const struct http_field *fields, int n)
{
    (void)fields, (void)n;
    OWNER(exchange, x)->status = status;
}

static void on_body(struct exchange *x, str bytes)
{
    (void)x, (void)bytes;
}

static void on_done(struct exchange *x, enum exchange_end end, str detail)
{
    struct post *p = OWNER(exchange, x);
    (void)detail;
    p->ask.done(p->ask.user, end == EXCHANGE_OK ? p->status : 0);
    p->over = true;
    if (!p->starting)
        forget(p);
}

static const struct exchange_events events = {.connected = on_connected,
                                              .head = on_head,
                                              .body = on_body,
                                              .done = on_done};

static void on_due(struct timer *t)
{
    struct post *p = OWNER(timer, t);
    exchange_cancel(world_transport(p->world), &p->exchange);
    p->ask.done(p->ask.user, 0);
    forget(p);
}

static struct post *make(const struct post_ask *ask)
{
    str url = ask->url, body = ask->body;
    struct post *p = mem_zero(sizeof *p + url.n + 1 + body.n);
    if (p == NULL)
        return NULL;
    memcpy(p->memory, url.p, url.n);
    memcpy(p->memory + url.n + 1, body.p, body.n);
    p->ask = *ask;
    p->exchange.url = p->memory;
    p->exchange.body = (str){p->memory + url.n + 1, body.n};
    return p;
}

int post_send(struct world *world, struct post **list,
              const struct post_ask *ask)
{
    static const struct http_field fields[] = {
        {{"content-type", 12}, {"application/json", 16}},
        {{"user-agent", 10}, {"perilune", 8}}};
    struct post *p = make(ask);
    if (p == NULL)
        return ERR_MEMORY;
    p->world = world;
    p->timer.fire = on_due;
    p->exchange.events = &events;
    p->exchange.headers = fields;
    p->exchange.headers_n = 2;
    p->next = *list;
    p->at = list;
    if (p->next != NULL)
        p->next->at = &p->next;
    *list = p;
    timer_start(world, &p->timer, world_now(world) + PATIENCE);
    p->starting = true;
    int error = exchange_start(world_transport(world), &p->exchange);
    p->starting = false;
    if (error != 0 || p->over)
        forget(p);
    return error;
}

int post_count(struct post *const *list)
{
    int n = 0;
    for (const struct post *p = *list; p != NULL; p = p->next)
        n++;
    return n;
}

void post_end_all(struct post **list)
{
    while (*list != NULL) {
        struct post *p = *list;
        exchange_cancel(world_transport(p->world), &p->exchange);
        forget(p);
    }
}
