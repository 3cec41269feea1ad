/*
** dialect.h -- one provider protocol: how to ask in it and how to read it.
**
**     client's body --build--> upstream's body
**     reply bytes --sse_next--> event(): relay, drop, error, malformed
**                                   |
**                                  tap: usage, finish, first, terminal
**
** Everything outside speaks of usage, first tokens, ends and errors; only the
** files behind this table know what they look like. A dialect keeps no state:
** what is learnt of a reply is in its tap, and bodies stay bytes.
*/
#ifndef WIRE_DIALECT_H
#define WIRE_DIALECT_H

#include "base/buf.h"
#include "base/str.h"
#include "wire/mould.h"
#include "wire/spoken.h"
#include "wire/sse.h"
#include "wire/usage.h"

struct json_map;

#define TAP_IDS 8 /* tool calls of a reply whose ids are remembered */

/* What has been learnt of a reply while its bytes went by. All zero at the
** start; no ownership. */
struct tap {
    struct usage usage;
    struct spoken spoken; /* of all choices: text, reasoning, tool calls */
    uint64_t open;  /* choices that began and have not finished, a bit each */
    uint64_t calls; /* those that began a tool call */
    bool crowded;   /* there is a choice past the 64th */
    int ids_n;
    uint64_t ids[TAP_IDS]; /* of tool calls, as turns_id has them */
    char finish[24]; /* finish_reason of the first choice that had one; "" */
    bool first;      /* text, tool call, reasoning or a finish was seen; a role
                     ** or a ping does not count */
    bool terminal;   /* the dialect's terminal event was seen */
    bool failed;     /* an error was seen where a reply should be */
    struct mould mould; /* cast by event(): what fits it needs no event(), it
                        ** is to be relayed */
};

/* What to do with an event, or with a whole reply. */
enum event_verdict {
    EVENT_RELAY,    /* pass it on as it is */
    EVENT_DROP,     /* usage only, and the client did not ask for it */
    EVENT_ERROR,    /* the provider reports an error inside a 200 */
    EVENT_MALFORMED /* not of this dialect: HTML, garbage, cut JSON */
};

/* What the client's body says about the form of the reply. */
struct asked {
    bool stream;
    bool usage; /* stream_options.include_usage */
};

/* How the upstream's body is to differ from the client's. */
struct build {
    str body;             /* the client's: an object that passed json_check */
    struct json_map *map; /* of `body`, or NULL */
    str model;            /* the upstream's name of the model */
    str system;           /* instructs in place of the client's; absent: keep */
    str messages;         /* JSON in place of the client's; absent: keep */
    int64_t max_tokens;   /* in place of the client's limit; 0: keep */
    int64_t bound;        /* the only limit there is to be; 0: none asked */
    str limit_as;         /* what the provider calls that; absent: by model */
    bool ask_usage;       /* the provider knows stream_options.include_usage */
};

/* An error as we tell it. Absent `param` and `code` are null. */
struct error_shape {
    str message, type, param, code;
};

/* An error as a provider told it, as far as it did; `details` is JSON. */
struct upstream_error {
    str message, type, code, details;
};

/* A reply made here. */
struct written {
    str id;          /* "chatcmpl-..." */
    str model;       /* as the client shall see it */
    str text;        /* what the assistant says */
    int64_t created; /* seconds since 1970 */
    struct asked as; /* whole or streamed; with a usage event or without */
};

struct dialect {
    const char *name; /* "openai" */
    const char *path; /* below the provider's url: "/chat/completions" */

    /* Append the upstream's body to `out`: the client's bytes but for the
    ** model, what `in` overrides, and our own control fields, which leave.
    ** 0; ERR_INPUT if the body is not an object (or `messages` not an array
    ** when `system` is given); ERR_LIMIT if `out` failed. */
    int (*build)(const struct build *in, struct buf *out);

    /* Learn from one event of a stream. Returns an event_verdict. */
    int (*event)(struct tap *tap, const struct sse_event *event,
                 bool usage_asked);

    /* Learn from a whole reply's body. EVENT_RELAY, _ERROR or _MALFORMED. */
    int (*whole)(struct tap *tap, str body);

    /* The nth (0, 1, ...) piece of answer text in an event's data or in a
    ** whole reply, either of which passed json_check: *choice is the choice
    ** it belongs to, the decoded text is appended to `text`. False when there
    ** are no more. Empty texts do not count. */
    bool (*content)(str data, int nth, int *choice, struct buf *text);

    /* Append `data` to `out` with the text of `choice` replaced by `text`. A
    ** choice without text gets one unless `text` is empty; without that
    ** choice `data` is copied. */
    void (*recontent)(str data, int choice, str text, struct buf *out);

    /* Read an error body, or an error event's data; true if it holds one.
    ** Texts are slices of `data` or lie in `scratch`, which must be able to
    ** hold data.n bytes more and must not grow while they are used. */
    bool (*error_of)(str data, struct upstream_error *e, struct buf *scratch);

    /* Append an error body; an error event; a whole reply or stream. */
    void (*put_error)(struct buf *out, const struct error_shape *e);
    void (*put_error_event)(struct buf *out, const struct error_shape *e);
    const char *no_memory_event; /* what can be said when that needs too much */
    void (*put_reply)(struct buf *out, const struct written *w);

    /* Append the end of a stream that we cut: `text` as the last of `choice`,
    ** in the mould of the event data `data`, with finish_reason
    ** "content_filter", and the terminal event. */
    void (*put_cut)(struct buf *out, str data, int choice, str text);

    /* Append an event's data without what it says, for put_end. False, and
    ** nothing appended, when there is none. */
    bool (*frame)(str data, struct buf *out);

    /* Append the end of a stream cut by time: each choice of `open` (by bits)
    ** finishes with "length"; the usage, or NULL; the terminal event. */
    void (*put_end)(struct buf *out, str frame, uint64_t open,
                    const struct usage *usage);
};

/* OpenAI chat completions, and everything that says it is compatible. */
extern const struct dialect dialect_openai;

#endif
