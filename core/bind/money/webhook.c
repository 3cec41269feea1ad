/*
** webhook.c -- p.webhook: a table, sent as JSON to somebody who wants to know.
**
** Nobody waits for it. Its address may hold a secret, so no message shows it.
*/
#include "bind/bind.h"

#include "base/err.h"
#include "net/post.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/sandbox.h"

#define WEBHOOK_TYPE "perilune.webhook"
#define AT_A_TIME    64

static void tell(struct runtime *rt, const char *why)
{
    event_runtime(rt, "webhook_failed", str_of(why));
}

static void sent(void *user, int status)
{
    char room[80];
    struct buf why = {.p = room, .cap = sizeof room, .max = sizeof room};
    if (status >= 200 && status < 300)
        return;
    if (status == 0)
        buf_text(&why, "a webhook gave no answer");
    else
        buf_print(&why, "a webhook answered %d", status);
    event_runtime(user, "webhook_failed", buf_str(&why));
}

/* webhook(url): an address, as a text or a secret -> a webhook; or nil, where
** there is no such secret */
static int new_webhook(lua_State *L)
{
    str url = bind_secret_value(L, 1, &generation_of(L)->arena);
    if (url.p == NULL)
        return 0;
    str *hook = lua_newuserdatauv(L, sizeof *hook, 0);
    *hook = url;
    luaL_setmetatable(L, WEBHOOK_TYPE);
    return 1;
}

/* webhook_send(webhook, v): what can be told as JSON */
static int send(lua_State *L)
{
    const str *url = luaL_checkudata(L, 1, WEBHOOK_TYPE);
    struct runtime *rt = generation_of(L)->rt;
    str body = bind_encode(L, 2);
    if (rt->world->replays) {
        event_runtime(rt, "webhook", body);
        return 0;
    }
    if (post_count(&rt->posts) >= AT_A_TIME) {
        tell(rt, "a webhook was not sent: too many are under way");
        return 0;
    }
    struct post_ask ask = {*url, body, sent, rt};
    int error = post_send(rt->world, &rt->posts, &ask);
    if (error != 0)
        tell(rt, error == ERR_INPUT
                     ? "a webhook was not sent: its address is none"
                     : "a webhook was not sent: no memory");
    return 0;
}

static const luaL_Reg functions[] = {
    {"webhook", new_webhook},
    {"webhook_send", send},
    {NULL, NULL},
};

void bind_webhook(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = WEBHOOK_TYPE});
    luaL_setfuncs(L, functions, 0);
}
