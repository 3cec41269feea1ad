/*
** admin.h -- the admin API: clients' keys over HTTP, on a listener of its own.
**
**     connection -> door (host, origin, token) -> route -> reply, at once
**
** A runtime that is opened with tokens serves this and nothing else; its thread
** serves nobody else either, so it may wait for the disk. It shares its realm
** with the gateways of the same store: what it changes holds from their next
** request on.
**
** Whoever calls has a token, in "Authorization: Bearer". It may do anything here.
** Tokens are kept as marks under a secret of the process, and compared in the
** same time whatever differs. Browsers are kept out: a Host that is a name of
** somebody else's, or any Origin, is refused, and nothing says that a page may
** read an answer.
*/
#ifndef SERVE_ADMIN_ADMIN_H
#define SERVE_ADMIN_ADMIN_H

#include "net/http/server.h"
#include "run/runtime.h"

#define ADMIN_TOKEN_LEAST 32 /* characters */
#define ADMIN_TOKEN_MOST  256
#define ADMIN_TOKENS      4
#define ADMIN_MAX_BODY    (64 * 1024)
#define ADMIN_MAX_CONNS   100

struct admin;

struct admin_setup {
    struct runtime *rt;
    str tokens; /* one a line; blank lines are none */
    int (*secret)(void *to,
                  size_t n); /* n bytes of chance fit for one, or not */
};

/* 0; ERR_INPUT: there is no token, too many, or one that is none; ERR_MEMORY,
** ERR_SYSTEM. */
int admin_open(struct admin **out, const struct admin_setup *setup);

/* Nobody calls any more. NULL is fine. */
void admin_close(struct admin *a);

/* It listens on "host:port": a name in it is a Host that may be asked for, and
** one that others can reach is told in the log. */
void admin_listens(struct admin *a, str address);

/* The callbacks for a server whose `user` is an admin. */
extern const struct server_handler admin_handler;

#endif
