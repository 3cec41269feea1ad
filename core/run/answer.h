/*
** answer.h -- saying something to the client.
**
** Every way to answer a request, each of which ends it: at once, or when the
** live reply has flowed. Only one is ever taken.
*/
#ifndef RUN_ANSWER_H
#define RUN_ANSWER_H

#include "run/reply.h"

/* Relay a call's reply, through a filter if there is one. */
void answer_live(struct request *r, const struct live *live);

/* Say what the policy wrote. */
void answer_written(struct request *r, const struct written_reply *w);

/* Say again what was said to the first who asked this. */
struct idem_answer;
void answer_kept(struct request *r, const struct idem_answer *a);

/* The last failure, in the client's dialect, with its status. */
void answer_fault(struct request *r, const struct fault *fault);

/* An error of ours. `code` may be absent; texts are copied. */
void answer_error(struct request *r, int status, const struct error_shape *e);

/* The gateway stops: an error, or the end of a stream with an error event. */
void answer_shutdown(struct request *r);

/* The error type that goes with a status: "invalid_request_error", ... */
str answer_error_type(int status);

#endif
