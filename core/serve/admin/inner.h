/*
** inner.h -- what the files of the admin API tell one another.
*/
#ifndef SERVE_ADMIN_INNER_H
#define SERVE_ADMIN_INNER_H

#include "base/arena.h"
#include "base/mac.h"
#include "run/realm/clients.h"
#include "serve/admin/admin.h"
#include "store/keys/keeper.h"
#include "wire/json.h"

struct admin {
    struct runtime *rt;
    int (*secret)(void *to, size_t n);
    struct clients *clients;    /* the realm's */
    unsigned char key[MAC_KEY]; /* of the marks below, and of no others */
    struct mac tokens[ADMIN_TOKENS];
    int tokens_n;
    char host[256]; /* that it was told to listen on */
    nanos told;     /* when a wrong token was last logged */
    int untold;     /* wrong ones since */
};

/* One request, answered before on_request returns. */
struct errand {
    struct admin *admin;
    struct conn *conn; /* NULL: it has been answered */
    const struct http_head *head;
    str body, token;
    struct json root; /* of a body that has been read */
    struct arena arena;
    char id[32]; /* how the log calls it; the client is told */
};

/* reply.c: answer with JSON, or in another form. */
void errand_json(struct errand *e, int status, str body);
void errand_text(struct errand *e, const char *kind, str body);

/* reply.c: refuse; logged. `extra` is a field more, or NULL. Texts are copied. */
struct no {
    int status;
    const char *code;
    str message, param;
    const struct http_field *extra;
};
void errand_no(struct errand *e, const struct no *no);

/* door.c: may whoever this is ask? False: it has been answered. */
bool door_passes(struct errand *e);

/* routes.c: find what is asked for, and do it. */
void route(struct errand *e);

/* keys.c: GET and POST /admin/keys, GET, PATCH and DELETE /admin/keys/{id},
** POST /admin/keys/{id}/rotate. */
void keys_list(struct errand *e, str id);
void keys_add(struct errand *e, str id);
void keys_show(struct errand *e, str id);
void keys_change(struct errand *e, str id);
void keys_revoke(struct errand *e, str id);
void keys_rotate(struct errand *e, str id);

/* usage.c: GET /admin/usage */
void usage_show(struct errand *e, str none);

/* query.c: the next parameter of `rest`, decoded in the arena; the value is
** absent where there is no '='. False: that was all. */
bool query_next(struct errand *e, str *rest, str *name, str *value);

/* budgets.c: GET /admin/budgets */
void budgets_list(struct errand *e, str none);

/* record.c: what the members of a body say goes into the key; texts lie in the
** arena. False: it has been answered. */
bool record_take(struct errand *e, struct client_key *key);

/* record.c: append a key as it is told, with the mark of its text. */
void record_put(struct buf *to, const struct client_key *key,
                const struct mac *mark, nanos now);

/* record.c: append what a key has spent of its budgets, `"spending":[...]`. */
void record_put_spending(struct buf *to, const struct client_key *key,
                         struct runtime *rt);

/* audit.c: log that something was changed, and by whom: `mark` is that of the
** token, under the secret of the keys. */
void audit_change(struct errand *e, const char *what, str key,
                  const char mark[9]);

/* audit.c: log that something was refused. */
void audit_refused(struct errand *e, const struct no *no);

/* audit.c: the same for a wrong token: one line a second at most, with how many
** there were. */
void audit_wrong_token(struct errand *e);

/* audit.c: and for what could not even be read. */
void audit_unread(struct admin *a, struct conn *conn,
                  const struct refused *what);

#endif
