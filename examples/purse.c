/*
** purse.c -- a program that pays for its questions out of a purse of its own.
**
** The policy has a price and a budget; every reply says in its head what it
** cost, to the nano-dollar. When the purse is empty the gateway refuses, and
** says until when. What was spent is in the store: run it again, and the purse
** is as it was left.
**
**     question --> answered, 0.003055000 usd --> ... --> 429, until tomorrow
*/
#include <stdio.h>
#include <string.h>

#include "perilune.h"

static const char policy[] =
    "local p = require 'perilune'\n"
    "p.provider('talker', { sim = { tokens = 300 } })\n"
    "p.prices { ['talker/any'] = { input = 2.5, output = 10 } }\n"
    "return { p.budget('purse', '0.01 usd/day'), 'talker/any' }\n";

static const char question[] =
    "{\"model\": \"any\", \"max_tokens\": 300,"
    " \"messages\": [{\"role\": \"user\", \"content\": \"Go on.\"}]}";

enum { MOST = 100 }; /* questions */

struct shopper {
    perilune *gateway;
    int asked, status;
};

static int ask(struct shopper *s);

static void head(void *user, int status, const peri_header *headers, size_t n)
{
    struct shopper *s = user;
    s->status = status;
    for (size_t i = 0; i < n && status == 200; i++)
        if (strcmp(headers[i].name, "x-perilune-cost-usd") == 0)
            printf("answer %d cost %s usd\n", s->asked, headers[i].value);
}

static int chunk(void *user, const char *bytes, size_t len)
{
    struct shopper *s = user;
    if (s->status == 429)
        printf("status 429: %.*s\n", (int)len, bytes);
    return PERI_GO;
}

/* Another one, as long as there is money. */
static void done(void *user, int outcome)
{
    struct shopper *s = user;
    if (outcome != PERI_DONE || s->status != 200 || ask(s) != 0)
        peri_stop(s->gateway, 0);
}

static int ask(struct shopper *s)
{
    peri_request request = {
        .size = sizeof request,
        .body = question,
        .body_len = strlen(question),
    };
    peri_sink sink = {
        .size = sizeof sink,
        .user = s,
        .head = head,
        .chunk = chunk,
        .done = done,
    };
    if (s->asked == MOST)
        return PERI_ELIMIT;
    s->asked++;
    return peri_submit(s->gateway, &request, &sink, NULL);
}

int main(void)
{
    struct shopper shopper = {.asked = 0};
    peri_options options = {
        .size = sizeof options, .store = "purse.data", /* the purse's */
    };
    int error = peri_open(&shopper.gateway, &options);
    if (error != 0) {
        fprintf(stderr, "purse: %s\n", peri_strerror(error));
        return 1;
    }
    error = peri_load_text(shopper.gateway, "purse", policy, strlen(policy));
    if (error == 0)
        error = ask(&shopper);
    if (error == 0)
        error = peri_run(shopper.gateway);
    if (error != 0)
        fprintf(stderr, "purse: %s\n", peri_error(shopper.gateway));
    peri_close(shopper.gateway);
    return error != 0;
}
