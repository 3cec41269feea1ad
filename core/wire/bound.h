/*
** bound.h -- what a call can take at most, before it is asked.
**
**     prompt   <= bytes that go upstream + the template + what is declared
**     answers  <= n x the limit that is written into the request
**
** A token is a byte at least, so a text is never more tokens than bytes. What
** bytes do not bound (pictures, sounds, files, tools the provider runs, what
** it keeps) is charged at a declared maximum, or else has no bound. The same
** holds for every member nobody here knows: a client may write anything, and
** some service somewhere takes it for more choices or a dearer model.
**
** Pure: no allocation but what decoding a text takes; owns nothing.
*/
#ifndef WIRE_BOUND_H
#define WIRE_BOUND_H

#include "base/buf.h"
#include "kernel/tokens/tokens.h"
#include "wire/json.h"

#define BOUND_OUT       4096   /* tokens of an answer when nobody says more */
#define BOUND_OUT_MOST  131072 /* no client's own limit counts for more */
#define BOUND_REFUSE    (-1)   /* a maximum: it may not be asked at all */
#define BOUND_MOST_SAID INT64_C(1000000000000) /* no declaration says more */

/* What bytes do not bound. */
enum bound_kind {
    BOUND_IMAGE,
    BOUND_AUDIO, /* heard or spoken */
    BOUND_VIDEO,
    BOUND_FILE,
    BOUND_TOOL,       /* one that the provider runs: web search and others */
    BOUND_KEPT,       /* a conversation or prompt that the provider keeps */
    BOUND_PREDICTION, /* tokens that were predicted wrongly are charged */
    BOUND_OTHER,      /* a member that is not known here */
    BOUND_KINDS
};

/* Maxima in tokens, each of one thing of its kind, or BOUND_REFUSE. Those whose
** bit (by kind) is not in `said` are the defaults: see bound_default. */
struct bound_most {
    uint32_t said;
    int64_t of[BOUND_KINDS];
};

/* What the walk over a body came to, when nothing in it had to be declared: then
** that holds for every model. All zero: nothing yet. Whoever keeps it sees to it
** that it is used with one body. */
struct bound_seen {
    bool known, thinks;
    int64_t tools, answers, limit;
};

/* What is to be asked. */
struct bound_ask {
    struct json body;   /* the client's, with its map */
    str system;         /* as in struct build; absent: the client's own */
    str messages;       /* as in struct build; absent: the client's own */
    int64_t max_tokens; /* as in struct build; 0: the client's own */
    str model;          /* the upstream's name of the model */
    int64_t max_out;    /* said for the model: no answer has more; 0: not said,
                         ** BOUND_OUT holds for who names no limit */
    const struct bound_most *most; /* NULL: the defaults */
    struct bound_seen *seen; /* of this body; NULL: to be walked each time */
};

/* Tokens, at most. All zero: no bound was asked. */
struct bound {
    int64_t input;    /* of the prompt, whatever it is charged as */
    int64_t each;     /* of each answer; this is written into the request */
    int64_t answers;  /* n */
    int64_t besides;  /* output whatever the limit: predictions, thoughts */
    bool client_said; /* `each` is the client's (or the policy's) own number */
    bool thinks;      /* it may have thoughts that it does not show */
};

/* Why there is no bound. Texts lie in the body or are static. */
struct bound_why {
    enum bound_kind kind; /* BOUND_KINDS: `name` is not what it must be */
    str name;             /* the member, or the type of a part or tool */
};

/* The bound by bytes. 0; ERR_INPUT when there is none, and *why says so. */
int bound_of(const struct bound_ask *ask, struct bound *bound,
             struct bound_why *why);

/* A tighter bound->input, counted: texts of messages are counted in t's
** encoding, all else stays bytes, and there is a margin. Never larger than
** `bound` has it, and that when t has no encoding or something went wrong
** (t->error). May take a while: see t->look. */
int64_t bound_counted(const struct bound_ask *ask, const struct bound *bound,
                      struct tokens *t);

/* Tokens of all answers together; INT64_MAX when it is more than fits. */
int64_t bound_output(const struct bound *bound);

/* "image", "audio", "video", "file", "tool", "kept", "prediction", "other". */
const char *bound_name(enum bound_kind kind);

/* The maximum of one thing of a kind that nobody declared, for this model. */
int64_t bound_default(enum bound_kind kind, str model);

/* Append a sentence for the client: what, and what to do. */
void bound_put_why(const struct bound_why *why, struct buf *to);

/* Does the model think without showing it? Then what is seen of an answer does
** not say what it takes. */
bool bound_hides(str model);

/* Does the model know its limit as max_completion_tokens alone? */
bool bound_renames(str model);

#endif
