/*
** fault.h -- why an upstream call gave no reply: a closed set of kinds.
**
** Every outcome of an attempt is one of these, so that policies, tests, logs
** and the client's error all speak of the same thing. A fault's texts belong
** to whoever made it (the call's arena, or static).
*/
#ifndef NET_FAULT_H
#define NET_FAULT_H

#include "base/nanos.h"
#include "net/transport.h"
#include "wire/dialect.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_RATE_LIMITED,
    FAULT_QUOTA_EXHAUSTED, /* a 429 that waiting does not cure */
    FAULT_OVERLOADED,
    FAULT_CONTEXT_TOO_LONG,
    FAULT_CONTENT_FILTERED,
    FAULT_BAD_REQUEST,
    FAULT_AUTH, /* our key is missing or was refused */
    FAULT_NOT_FOUND,
    FAULT_SERVER_ERROR,
    FAULT_TIMEOUT_CONNECT,
    FAULT_TIMEOUT_FIRST,
    FAULT_TIMEOUT_IDLE,
    FAULT_TIMEOUT_TOTAL,
    FAULT_NETWORK,
    FAULT_BROKEN_STREAM,
    FAULT_MALFORMED,
    FAULT_DEADLINE, /* the request's time over all attempts is up */
    FAULT_REJECTED, /* the policy did not accept the reply */
    FAULT_BUDGET,
    FAULT_POLICY, /* the policy itself raised, or returned nonsense */
    FAULT_KINDS
};

struct fault {
    enum fault_kind kind;
    int status;      /* for a client that gets this fault as its answer */
    int retry_after; /* seconds; > 0: nobody was asked, the client may retry */
    nanos wait;      /* > 0: the provider asks us to wait so long at least */
    bool again;      /* another attempt at the same target may help */
    bool ran;        /* it may have run there, and may be billed */
    bool firm;       /* known by a status or a code that speaks of the key or
                     ** the account: not by words, which may be the client's
                     ** own, nor by a 403, which may be of the model alone */
    str message;     /* for people: what happened; no secrets, no addresses */
    str detail;      /* more, for the log alone; may be absent */
    str body;        /* the provider's own error body, or absent */
};

/* "rate_limited", and so on; FAULT_NONE is "none". */
const char *fault_name(enum fault_kind kind);

/* The kind of that name, or FAULT_KINDS. */
enum fault_kind fault_of(str name);

/* The word it leaves in the path: the name, "timeout" for every timeout. */
const char *fault_word(enum fault_kind kind);

/* The status a client gets for it. */
int fault_status(enum fault_kind kind);

/* Would another attempt at the same target make sense? */
bool fault_passing(enum fault_kind kind);

/* Does it lie in the request or the key, so that the same target would fail
** again on the same content? (LANGUAGE rule 15) */
bool fault_lasting(enum fault_kind kind);

/* Does it end the ladder unless the policy says otherwise? (rule 9) */
bool fault_refuses(enum fault_kind kind);

/* What an error is. */
struct verdict {
    enum fault_kind kind;
    int status; /* for the client, where it is not the kind's; or 0 */
    bool firm;  /* see struct fault */
    bool again; /* see struct fault */
};

/* Judge an error: the status (0 for an error event inside a stream) and what
** the provider said; absent texts are fine. */
struct verdict fault_judge(int status, const struct upstream_error *e);

/* How long a client should wait before it comes again; 0: nobody knows. Known
** of those who turn requests away for a time. */
nanos fault_comeback(const struct fault *fault);

/* Does the provider turn such a request away before it runs? */
bool fault_turned_away(enum fault_kind kind);

/* The kind of an exchange that ended by itself. */
enum fault_kind fault_of_end(enum exchange_end end);

#endif
