/*
** your_loop.c -- the gateway as a guest on the host's own libev loop.
**
** Nothing blocks and nobody polls: the host's timer ticks while an answer
** streams in. On the way the host pauses the answer for a few ticks (and with
** it the upstream), lets it go on, and in the end gives it up half-way, which
** the upstream sees as a hang-up.
**
**     chunk, chunk --PERI_PAUSE--> tick tick tick --peri_resume--> chunk ...
**                                                 ... --peri_cancel--> done
*/
#include <ev.h>
#include <stdio.h>
#include <string.h>

#include "perilune.h"

/* A model that never runs out of words, one every 20 ms. */
static const char policy[] =
    "local p = require 'perilune'\n"
    "p.provider('talker', { sim = { tokens = 100000, rate = 50 } })\n"
    "return 'talker/any'\n";

static const char question[] =
    "{\"model\": \"any\", \"stream\": true,"
    " \"messages\": [{\"role\": \"user\", \"content\": \"Go on.\"}]}";

enum { PAUSE_AT = 3, REST = 5, ENOUGH = 8 }; /* chunks, ticks, chunks */

struct host {
    struct ev_loop *loop;
    perilune *gateway;
    peri_id id;
    ev_timer ticker;
    int ticks, chunks;
    int resting; /* ticks until the answer may go on; 0 = it flows */
    int outcome;
};

static void tick(struct ev_loop *loop, ev_timer *w, int events)
{
    struct host *h = w->data;
    (void)loop;
    (void)events;
    h->ticks++;
    if (h->resting > 0 && --h->resting == 0) {
        printf("go on\n");
        peri_resume(h->gateway, h->id);
    }
}

static void head(void *user, int status, const peri_header *headers, size_t n)
{
    (void)user;
    printf("status %d\n", status);
    for (size_t i = 0; i < n; i++)
        if (strcmp(headers[i].name, "x-perilune-path") == 0)
            printf("path: %s\n", headers[i].value);
}

static int chunk(void *user, const char *bytes, size_t len)
{
    struct host *h = user;
    (void)bytes;
    (void)len;
    printf("chunk %d\n", ++h->chunks);
    if (h->chunks == ENOUGH)
        peri_cancel(h->gateway, h->id);
    if (h->chunks != PAUSE_AT)
        return PERI_GO;
    printf("pause for %d ticks\n", REST);
    h->resting = REST;
    return PERI_PAUSE;
}

static void done(void *user, int outcome)
{
    struct host *h = user;
    h->outcome = outcome;
    ev_break(h->loop, EVBREAK_ALL);
}

static int ask(struct host *h)
{
    peri_request request = {
        .size = sizeof request,
        .body = question,
        .body_len = strlen(question),
    };
    peri_sink sink = {
        .size = sizeof sink,
        .user = h,
        .head = head,
        .chunk = chunk,
        .done = done,
    };
    int error = peri_load_text(h->gateway, "talker", policy, strlen(policy));
    return error != 0 ? error
                      : peri_submit(h->gateway, &request, &sink, &h->id);
}

int main(void)
{
    struct host h = {.loop = ev_default_loop(0), .outcome = -1};
    peri_options options = {.size = sizeof options, .loop = h.loop};
    if (peri_open(&h.gateway, &options) != 0)
        return 1;
    ev_timer_init(&h.ticker, tick, 0, 0.01);
    h.ticker.data = &h;
    ev_timer_again(h.loop, &h.ticker);
    int error = ask(&h);
    if (error == 0)
        ev_run(h.loop, 0);
    else
        fprintf(stderr, "your_loop: %s\n", peri_error(h.gateway));
    printf("%s\n", h.outcome == PERI_CANCELLED ? "cancelled" : "not cancelled");
    printf("the host %s\n", h.ticks >= REST ? "ticked on" : "stood still");
    ev_timer_stop(h.loop, &h.ticker);
    peri_close(h.gateway);
    return error != 0 || h.outcome != PERI_CANCELLED;
}
