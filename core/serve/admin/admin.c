/*
** admin.c -- its tokens, and from connections to errands.
*/
#include "serve/admin/inner.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "run/events.h"

/* --- opening --------------------------------------------------------------- */

static bool is_token(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n >= ADMIN_TOKEN_LEAST && s.n <= ADMIN_TOKEN_MOST;
}

static int take_token(struct admin *a, str token)
{
    if (!is_token(token) || a->tokens_n == ADMIN_TOKENS)
        return ERR_INPUT;
    return mac_of(a->key, token, &a->tokens[a->tokens_n++]) ? 0 : ERR_MEMORY;
}

static int take_tokens(struct admin *a, str lines)
{
    int error = 0;
    while (lines.p != NULL && error == 0) {
        str line = str_split(&lines, '\n');
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n > 0)
            error = take_token(a, line);
    }
    return error == 0 && a->tokens_n == 0 ? ERR_INPUT : error;
}

int admin_open(struct admin **out, const struct admin_setup *setup)
{
    struct admin *a = mem_zero(sizeof *a);
    *out = a;
    if (a == NULL)
        return ERR_MEMORY;
    a->rt = setup->rt;
    a->secret = setup->secret;
    a->clients = clients_of(a->rt->realm);
    int error = a->secret(a->key, sizeof a->key);
    if (error == 0)
        error = take_tokens(a, setup->tokens);
    if (error == 0 && a->clients == NULL)
        error = ERR_MEMORY;
    if (error != 0) {
        admin_close(a);
        *out = NULL;
    }
    return error;
}

void admin_close(struct admin *a)
{
    if (a == NULL)
        return;
    mac_wipe(a, sizeof *a);
    mem_free(a);
}

static bool is_loopback(str host)
{
    return str_starts(host, STR("127.")) || str_eq(host, STR("localhost")) ||
           str_eq(host, STR("[::1]"));
}

void admin_listens(struct admin *a, str address)
{
    char text[400];
    size_t end = address.n;
    while (end > 0 && address.p[end - 1] != ':')
        end--;
    str host = {address.p, end > 0 ? end - 1 : 0};
    snprintf(a->host, sizeof a->host, "%.*s", STR_ARG(host));
    if (is_loopback(host))
        return;
    snprintf(text, sizeof text,
             "the admin API listens on %.*s, where others may reach it, in "
             "plain text; put something before it that speaks TLS, or keep to "
             "127.0.0.1",
             STR_ARG(address));
    event_runtime(a->rt, "admin_exposed", str_of(text));
}

/* --- errands --------------------------------------------------------------- */

static void name_errand(struct errand *e)
{
    unsigned char dice[12];
    world_random(e->admin->rt->world, dice, sizeof dice);
    memcpy(e->id, "adm_", 4);
    str_hex(e->id + 4, dice, sizeof dice);
    e->id[4 + 2 * sizeof dice] = '\0';
}

static void *on_request(void *user, struct conn *conn, struct incoming *in)
{
    struct errand e = {
        .admin = user, .conn = conn, .head = in->head, .body = in->body};
    arena_init(&e.arena);
    name_errand(&e);
    if (door_passes(&e))
        route(&e);
    arena_fini(&e.arena);
    mem_free(in->memory);
    return NULL;
}

/* Nothing of an errand is left when on_request has returned. */
static void on_gone(void *user, void *exchange)
{
    (void)user;
    (void)exchange;
}

static void on_refused(void *user, struct conn *conn, struct refused *what)
{
    audit_unread(user, conn, what);
}

const struct server_handler admin_handler = {.on_request = on_request,
                                             .on_gone = on_gone,
                                             .on_drained = on_gone,
                                             .on_refused = on_refused};
