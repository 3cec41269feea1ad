/*
** lane.h -- how many calls to one provider may run at a time.
**
**     lane_enter --> [ waiting: at most `queue` ] --> [ inside: `limit` ] -->
**          '-----> full: nobody waits whose turn would come too late
**
** A lane is the queue in front of a provider: as many calls as its limit are
** on their way, the others wait in the order they came, and who finds the
** queue full is told so at once. It belongs to the runtime and is found by
** the provider's name, so that it outlives a reload of the policy. One
** thread.
*/
#ifndef NET_LANE_H
#define NET_LANE_H

#include "base/str.h"

/* One that wants to pass. Embed it; zero it. */
struct lane_pass {
    void (*go)(struct lane_pass *); /* it is its turn now */
    struct lane_pass *next, **at;   /* private */
    bool waiting, inside;           /* read only */
};

enum lane_entry {
    LANE_INSIDE, /* it is its turn */
    LANE_WAITS,  /* go() will be called */
    LANE_FULL    /* too many wait already: it has not entered */
};

struct lane {
    struct lane *next;
    int limit; /* passes inside at a time; 0 = any number */
    int queue; /* passes that may wait; 0 = any number */
    int inside, waiting;
    bool admitting; /* private: one loop admits, however deep we are */
    struct lane_pass *first, **last;
    size_t name_len;
    char name[];
};

/* The lane of that name in *lanes, made when there is none; NULL when there
** is no memory. */
struct lane *lane_open(struct lane **lanes, str name);

/* New limits hold at once; they stop nobody who is inside or waits. */
void lane_limit(struct lane *lane, int limit, int queue);

/* Enter, or wait for one's turn, or hear that there is no use in waiting. */
enum lane_entry lane_enter(struct lane *lane, struct lane_pass *pass);

/* Leave, or give up waiting. Whoever is next goes. */
void lane_leave(struct lane *lane, struct lane_pass *pass);

/* Free a list of lanes that nobody is in any more. */
void lane_free_all(struct lane *lanes);

#endif
