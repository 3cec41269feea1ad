/*
** depot.h -- jobs that wait, for all runtimes of a realm: work that is done later.
**
**     put --> [ queued ] --take--> [ running ] --end--> done | failed
**                 ^                     |
**                 '-------again---------'          expired, cancelled
**
** What is known of each job is in memory, and in the store (store/jobs/job.h),
** which is first to hear of every change that a client is told of, but for one that
** he cancels: the depot of a process that was killed is read from there. One process
** has a store, so who runs which job is known in memory alone. A job that was
** running when the process died runs again; one that has never come to an end in
** JOB_DEATHS runs is given up.
**
** Time: a job's moments are by the calendar, for they outlive the process;
** waiting is by the monotonic clock. [any thread; of a hand: its own]
*/
#ifndef RUN_JOBS_DEPOT_H
#define RUN_JOBS_DEPOT_H

#include "run/jobs/hand.h"
#include "run/realm/realm.h"
#include "store/jobs/job.h"

#define JOB_DEATHS    3
#define JOB_MOST_BODY ((size_t)24 << 20) /* bytes of a packet */

struct jobs_queue;

/* How a queue is run. */
struct queue_rules {
    nanos first, longest; /* windows between two tries of a job */
    nanos expires, keep;  /* waiting at most; what came of it, so long */
    int most, at_once;    /* jobs that wait or run; that run */
    size_t room;          /* bytes of all its jobs */
};
extern const struct queue_rules queue_usual;

/* The depot of a realm, open: what the store has of jobs is known. NULL, and
** why. It is opened once; who is refused may try again. */
struct depot *depot_of(struct realm *r, struct world *world,
                       struct store_why *why);

/* That of a realm, if somebody has opened it; or NULL. */
struct depot *depot_found(struct realm *r);

/* The queue of that name, under these rules from now on; NULL without memory. */
struct jobs_queue *depot_queue(struct depot *d, str name,
                               const struct queue_rules *rules);

enum put_word { PUT_GIVEN, PUT_MOST, PUT_ROOM, PUT_LARGE, PUT_STORE };

struct job_offer {
    struct jobs_queue *queue;
    str key, user, team; /* see struct job_record */
    struct job_packet packet;
    nanos wait; /* at least, before it is begun */
};

/* Hand a job to the store. GIVEN: order->id is its id, the order is under way, and
** its `then` calls depot_stored. Else nothing has happened and the order is freed;
** of STORE, *result says why. */
enum put_word depot_put(struct hand *hand, const struct job_offer *offer,
                        struct order *order, enum store_result *result);

/* The store has it, or not; `wanted`: somebody will be told. Else it is taken back. */
void depot_stored(struct hand *hand, const char *id, enum store_result result,
                  bool wanted);

/* A job that is to be done now, for this hand to run; false: there is none. The
** texts of *job are good until it is again or over. */
bool depot_take(struct hand *hand, struct job_record *job);

/* Note in the store that it is begun; false: refused, and the order is freed. */
bool depot_begin(struct order *order, const char *id);

/* What there is to do. STORE_MISSING, STORE_DAMAGED: it is gone; of others it may
** be read later. */
enum store_result depot_body(struct hand *hand, const char *id,
                             struct arena *arena, struct job_packet *packet);

/* It came to nothing this time, so it waits for its next window, and for `wait` at
** least. Status 0: it was stopped, which is no try, and waits for `wait` alone. One
** that somebody has cancelled is over. */
void depot_again(struct hand *hand, const char *id, int status, nanos wait);

/* It is over: what came of it, or (packet NULL) why there is nothing. */
struct job_end {
    enum job_state state;
    int status;
    const struct job_packet *packet;
    const char *why;
};
void depot_end(struct hand *hand, const char *id, const struct job_end *end);

/* Has somebody cancelled it while this hand ran it? */
bool depot_cancelled(struct hand *hand, const char *id);

/* When there is something to look at again, by the monotonic clock. */
nanos depot_next(struct depot *d, nanos now);

/* Who asks for a job: what his key says. */
struct job_caller {
    str key, user, team;
};

/* What a client may know of a job. */
struct job_view {
    enum job_state state;
    char queue[JOB_TEXT + 1];
    nanos created, expires;
    int tries, status;
    const char *why;
    bool replied; /* there is a result */
    nanos eta;    /* until it is done, as far as anybody can tell */
};

/* See one: false where there is none of this caller's. */
bool depot_see(struct depot *d, str id, const struct job_caller *caller,
               nanos now, struct job_view *view);

/* Append it as JSON: {"id":"job_...","object":"job","status":"queued",...}. */
void depot_describe(const struct job_view *view, str id, struct buf *to);

/* So much time in whole seconds, one at least. */
int64_t depot_seconds(nanos time);

/* What came of one that is over; results as of depot_body. */
enum store_result depot_result(struct hand *hand, str id, struct arena *arena,
                               struct job_packet *packet);

/* End one that is not over, and tell whoever runs it; false as for depot_see. */
bool depot_cancel(struct hand *hand, str id, const struct job_caller *caller,
                  struct job_view *view);

/* How many wait and run. */
void depot_count(struct depot *d, int *waiting, int *running);

#endif
