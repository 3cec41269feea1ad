/*
** inner.h -- what the files of this room tell one another.
*/
#ifndef SERVE_INNER_H
#define SERVE_INNER_H

#include "serve/service.h"

/* The value of a field of the arrival; absent when there is none. */
str arrival_field(const struct arrival *a, str name);

/* Answer with a JSON body, and with an error; the arrival is over then. */
void arrival_json(struct arrival *a, int status, str body);
void arrival_error(struct arrival *a, int status, const struct error_shape *e);

/* The same with one more field in the head. */
void arrival_error_with(struct arrival *a, int status,
                        const struct error_shape *e, struct http_field extra);

/* Answer with 503, and when to try again. */
void arrival_busy(struct arrival *a, str message);

/* entry.c: may it come in? Fills a->caller; false: it has been answered. */
bool entry_passes(struct service *s, struct arrival *a);
void entry_leave(struct arrival *a);

/* entry.c: the same for a job that was given with the key of this id (absent:
** with none). */
bool entry_admits_job(struct service *s, struct arrival *a, str key_id);

/* identity.c: who asks. Fills a->id; r->id, user, session, feature. */
void identify_arrival(struct service *s, struct arrival *a, char room[64]);
void identify_request(struct request *r, const struct arrival *a,
                      str user_in_body);

/* chat.c: POST /chat/completions */
struct request *chat_take(struct service *s, struct arrival *a);

/* lookalike.c: the one of these names that others may take a raw name for, or
** NULL; and the names we look at in a body, a message, a part of its content. */
const char *lookalike(str raw, const char *const *names);
extern const char *const lookalike_body[], *const lookalike_message[],
                                               *const lookalike_part[];

/* models.c: GET /models, GET /models/{id} */
void models_list(struct service *s, struct arrival *a);
void models_one(struct service *s, struct arrival *a, str id);

/* health.c: GET /, /healthz, /readyz */
void health_root(struct service *s, struct arrival *a);
void health_full(struct service *s, struct arrival *a);
void health_ready(struct service *s, struct arrival *a);

/* hops.c: refuse (true) an arrival that has been here before; and where a
** request has been, for its next upstream. Absent: nowhere. */
bool hops_refused(struct service *s, struct arrival *a);
str hops_before(struct request *r, const struct arrival *a);

/* idempotency.c: the client's key for this arrival, when the policy in force
** lets clients have one. False: it is none, and the arrival has been answered. */
struct idempotency_key {
    char text[256];
    size_t n; /* 0: there is none */
};
bool idempotency_reads(struct arrival *a, const struct generation *g,
                       struct idempotency_key *key);

/* See to it that the request is run once, if that is wanted. False: no memory. */
bool idempotency_wants(struct request *r, const struct arrival *a,
                       const struct idempotency_key *key);

/* journal.c: see to it that the request is logged and counted at its end. */
void journal_open(struct request *r);

/* Log and count an arrival that is refused before it becomes a request. The
** peer is told only of one that could not be read, which says nothing else. */
void journal_refused(const struct arrival *a, int status,
                     const struct error_shape *e, str peer);

#endif
