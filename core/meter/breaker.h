/*
** breaker.h -- is it worth asking, or has it failed too often just now?
**
**     closed --failures--> open --time--> half-open --well--> closed
**                            ^                |
**                            '------bad-------'
**
** Closed, everybody passes and what came of it is counted: so many failures
** in a row open it, or too large a share of failures in a rolling window. Open,
** nobody passes until its time is over. Then exactly one passes, the probe,
** whoever asks and from whatever thread; the others wait for its outcome.
**
** Who passes gets a ticket, and says with it what came of it. A ticket is good
** for the state it was given in, so what began before the breaker opened says
** nothing afterwards. A probe that nothing is heard of loses its right after
** `rules.probe`, and the next who asks is the probe.
**
** The time is brought in, monotonic, in nanos; so are the rules, which may
** change from one call to the next; of windows the larger holds while there is
** something in it. [any thread]
*/
#ifndef METER_BREAKER_H
#define METER_BREAKER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/nanos.h"

#define BREAKER_SLICES 10 /* of the window */

struct breaker_rules {
    int failures;    /* in a row that open it; 0: any number is fine */
    double rate;     /* share of the window that opens it; 0: any is fine */
    int least;       /* outcomes in a window before their share counts */
    nanos window;    /* over which the share is looked at */
    nanos open;      /* for so long at first; twice as long each time again */
    nanos open_most; /* but never longer; after so long a calm, as at first */
    nanos probe;     /* for so long the outcome of a probe is waited for */
};

/* 5 in a row, or half of at least 20 in 30 s; for 30 s, up to 5 min. */
extern const struct breaker_rules breaker_usual;

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker_slice {
    int64_t nth; /* which width of time since the clock's origin */
    int all, bad;
};

struct breaker {
    pthread_mutex_t lock; /* of all the rest */
    enum breaker_state state;
    uint64_t ticket; /* of this state; a new one with each change */
    int in_row;      /* failures since the last that went well */
    int trips;       /* opened so often without a calm between */
    bool probing;    /* the one probe is out */
    nanos until;     /* open: until then; probing: for so long */
    nanos changed;   /* when it came into this state */
    nanos width;     /* of a slice, as the window was last */
    struct breaker_slice slices[BREAKER_SLICES];
};

/* What a breaker looks like at a moment. */
struct breaker_view {
    enum breaker_state state;
    int in_row, trips;
    nanos wait;    /* until it is worth asking again; 0: now */
    nanos changed; /* when it came into this state */
};

/* What came of a call that had passed. */
enum breaker_sign { BREAKER_WELL, BREAKER_BAD, BREAKER_NOTHING };

struct breaker_word {
    uint64_t ticket;
    enum breaker_sign sign;
    nanos now;
    uint32_t
        dice; /* any number: the open time is lengthened by a share of it */
};

#define BREAKER_FORCED UINT64_MAX /* a ticket; see breaker_tell */

/* A closed one; and the end of one. */
void breaker_init(struct breaker *b);
void breaker_fini(struct breaker *b);

/* A ticket, or 0: nobody passes now. *view says how it stands afterwards. True
** in *changed when this call changed the state (to half-open). */
uint64_t breaker_enter(struct breaker *b, const struct breaker_rules *rules,
                       nanos now, struct breaker_view *view, bool *changed);

/* Say what came of it. NOTHING counts for nothing; a probe's right to pass goes
** to the next who asks. With the ticket BREAKER_FORCED, of one who asked all
** the same, WELL closes an open breaker and nothing else counts. True when this
** call changed the state, and *view says to what. */
bool breaker_tell(struct breaker *b, const struct breaker_rules *rules,
                  const struct breaker_word *word, struct breaker_view *view);

/* A call that had passed has begun well: whatever comes of it, the upstream is
** there. Ends a row of failures; closes for the probe, whose ticket becomes
** that of the closed state. True when this call changed the state. */
bool breaker_begun(struct breaker *b, uint64_t *ticket, nanos now);

/* How it stands. */
void breaker_look(struct breaker *b, nanos now, struct breaker_view *view);

#endif
