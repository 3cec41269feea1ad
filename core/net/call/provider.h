/*
** provider.h -- where models live, and how one of them is asked.
**
** A provider is an address, a key and a dialect; a target is one model of a
** provider with the patience we have for it. Both are made when a policy is
** loaded. They are counted, since a call may outlive the policy version that
** started it.
*/
#ifndef NET_PROVIDER_H
#define NET_PROVIDER_H

#include "base/arena.h"
#include "base/nanos.h"
#include "meter/retry_budget.h"
#include "net/call/fault.h"
#include "net/call/keys.h"
#include "net/call/lane.h"
#include "net/sim.h"
#include "wire/dialect.h"

#define PROVIDER_HEADERS 24
#define PROVIDER_VIA     STR("Via") /* the header that names us */

struct provider {
    int refs;
    struct arena arena; /* holds all its texts; wiped when it goes */
    str name;
    str url;      /* "https://api.openai.com/v1", without a slash at the end */
    str endpoint; /* url and the dialect's path, zero-terminated */
    str key_name; /* what to set when the key is missing, for the message */
    bool keyless; /* needs a key and has none */
    bool http2, ask_usage;
    bool runs_on;     /* it goes on, and charges, when we hang up */
    str limit_as;     /* see struct build */
    int64_t max_out;  /* tokens of an answer where somebody pays; 0: not said */
    size_t max_reply; /* bytes of a reply */
    const struct dialect *dialect;
    struct lane *lane;
    struct retry_budget *retries; /* shared by name; NULL: no bound */
    int concurrency, queue; /* of the lane, once this is in force; 0 = any */
    nanos queue_wait;       /* longest wait for a turn; 0 = any */
    struct provider *next;  /* of the same policy version */
    struct sim_script *sim; /* a simulated upstream, or NULL */
    int sim_failures;       /* how often sim has failed already */
    /* The whole header section of a request, for a reply of either form. */
    struct http_field headers[PROVIDER_HEADERS];
    int headers_n;
    struct keys keys;
    int open_n; /* the first of them are known to everybody; the rest, a key
                ** and what the policy added, are nobody's business */
};

/* How long to wait, and for what. */
struct patience {
    nanos connect;    /* to a standing connection */
    nanos first;      /* stream: to the first token */
    nanos idle;       /* stream: between two events */
    nanos total;      /* to the end */
    bool total_holds; /* `total` bounds a stream that flows, too */
};

/* An empty provider with one reference, or NULL. */
struct provider *provider_new(void);
void provider_keep(struct provider *p);

/* Give up a reference; the last one wipes the key and frees. NULL is fine. */
void provider_release(struct provider *p);

/* Add a header to every request; copied. ERR_LIMIT when there are too many,
** ERR_INPUT when name or value may not stand in a header. */
int provider_header(struct provider *p, str name, str value);

/* Does a text hold part of one of this provider's keys, eight bytes in a row of
** what its own headers say? */
bool provider_hides(const struct provider *p, str text);

#endif
