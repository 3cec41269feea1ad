/*
** sim_reply.h -- what a simulated upstream says: its bytes, without the time.
**
**     stream   role, word, word, ..., finish, [usage,] [DONE]
**     whole    one chat.completion
**
** A reply is worked out from the request and the script alone. Nothing is
** kept but the answer's text; events are made one at a time, in order.
*/
#ifndef NET_SIM_REPLY_H
#define NET_SIM_REPLY_H

#include "base/buf.h"
#include "net/sim.h"

struct sim_reply {
    bool stream, usage;
    str model;       /* raw JSON; points into the request */
    struct buf text; /* what the answer is made of */
    int words;       /* of the answer; the text may be longer or shorter */
    bool cut;        /* max_tokens was less than the answer */
    int64_t prompt;  /* tokens of the request, an estimate */
    int64_t created;
    uint64_t id;
    size_t at; /* how far in the text the events are */
};

/* Read the request. `number` counts the requests of this world. ERR_INPUT
** when the body is not a JSON object; ERR_MEMORY. Needs sim_reply_fini in
** any case. `body` must stay. */
int sim_reply_init(struct sim_reply *r, const struct sim_script *script,
                   str body, uint64_t number);
void sim_reply_fini(struct sim_reply *r);

/* How many events a stream has, and how many of them go before its finish. */
int sim_reply_events(const struct sim_reply *r);
int sim_reply_spoken(const struct sim_reply *r);

/* Which of them says what it took; -1: none does. */
int sim_reply_usage_event(const struct sim_reply *r);

/* Append event k = 0, 1, ... */
void sim_reply_event(struct sim_reply *r, int k, struct buf *out);

/* Append the reply in one piece. */
void sim_reply_whole(struct sim_reply *r, struct buf *out);

/* The status a script answers with; `illegible`: no request can be read. */
int sim_reply_status(const struct sim_script *script, bool illegible);

/* Append an error body, with a code or what is usual for the status (absent);
** an error event; and a page of HTML. */
void sim_reply_error(int status, str code, struct buf *out);
void sim_reply_error_event(struct buf *out);
void sim_reply_garbage(struct buf *out);

#endif
