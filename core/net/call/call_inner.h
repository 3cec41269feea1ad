/*
** call_inner.h -- what the files of a call tell one another.
**
**     call.c        its life: start, cancel, timers, the end
**     call_error.c  what an error that the provider reported comes to
**     call_reply.c  what comes back, and what it means
**     call_flow.c   who gets it, and how fast
**     call_target.c what its target is told of it
**     call_used.c   what it used
*/
#ifndef NET_CALL_INNER_H
#define NET_CALL_INNER_H

#include "net/call/call.h"

/* call.c */

/* End it, well (FAULT_NONE) or not. `why` is completed with the target's
** name; both it and `body` are copied. */
void call_end(struct call *c, enum fault_kind kind, const char *why);

/* The same with a detail for the log alone (copied). */
void call_end_detailed(struct call *c, enum fault_kind kind, const char *why,
                       str detail);

/* The same for a call that asked nobody, because we are overloaded. */
void call_end_busy(struct call *c, const char *why);

/* End it because nobody vouches for the upstream; both texts are copied. */
void call_end_untrusted(struct call *c, const char *why, str detail);

/* The same with all that is known of it. Texts are in the call's arena. */
void call_finish(struct call *c, const struct fault *fault);

/* "provider/model: why", in the call's arena. */
str call_told(struct call *c, const char *why);

/* The end of a stream that was cut: all is well, but for `why`. */
void call_end_cut(struct call *c, const char *why);

/* What it holds may have changed: see to the hold. */
void call_weigh(struct call *c);

/* The next due time may have come nearer: see to the timer. */
void call_arm(struct call *c);

/* The exchange is over: leave the lane, give its reference back. */
void call_exchange_over(struct call *c);

/* call_error.c */

/* End it with an error that the provider reported. */
void call_end_reported(struct call *c, str error_body);

/* call_reply.c */
extern const struct exchange_events call_events;

/* End a stream that flows because a limit of ours is reached, so that the client has its
** partial text with a proper end. False when there is no honest one: half a
** tool call, or no memory. */
bool call_cut(struct call *c, const char *why);

/* call_used.c: it has ended, and what it was asked with is about to go: guess
** its prompt, if somebody may want to know. */
void call_guess(struct call *c);

/* call_flow.c */

/* Pass bytes on: to what is held and to every reader. */
void call_deliver(struct call *c, str bytes);

/* Tell every reader that it is over. */
void call_deliver_end(struct call *c);

/* Tell every watcher. */
void call_changed(struct call *c);

/* call_target.c: it leaves for the upstream; the head came; a first token came;
** it has ended, with c->fault; it was given up. */
void call_target_sent(struct call *c);
void call_target_heard(struct call *c);
void call_target_begun(struct call *c);
void call_target_ended(struct call *c);
void call_target_left(struct call *c);

#endif
