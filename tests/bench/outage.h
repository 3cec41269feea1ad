/*
** outage.h -- an upstream goes away in the middle of a run, and what clients
** see of it.
**
**     before   | meanwhile        | after
**     ---------+------------------+---------> t
**            killed             turned: the last request that met the dead one
**                               should have left
**
** Who did without it shows a sign in the head of the reply. A reply that was
** whole before the kill belongs to `before`. All is settled when the last reply
** to one that met the dead upstream is whole: of one that went silent, later
** than all has turned, by the time that it is waited for.
*/
#ifndef BENCH_OUTAGE_H
#define BENCH_OUTAGE_H

#include <stdbool.h>

#include "samples.h"

/* One reply after the kill. */
struct outage_reply {
    int64_t since; /* when its request left, or should have */
    int64_t ended;
};

struct outage {
    long pid;   /* who goes away; 0: nobody */
    long after; /* ms from the window's beginning */
    bool stops; /* it is stopped, and holds its connections; else killed */
    const char *sign; /* in the head of a reply that needed no first upstream */
    /* Private from here on. */
    int64_t killed, turned, settled; /* when; 0: not yet */
    long signs;                      /* replies that showed it */
    struct samples before;
    struct outage_reply *replies;
    size_t n, cap;
};

/* Strike, if it is time; the window began at `began`. */
void outage_strike(struct outage *o, int64_t began, int64_t now);

/* A reply with this head is whole. */
void outage_note(struct outage *o, const struct outage_reply *reply,
                 const char *head);

/* Did any reply show that the upstream is done without? Also true where none
** goes away. */
bool outage_showed(const struct outage *o);

/* Print the figures as members of a JSON object, a comma after each; nothing
** where no upstream goes away. */
void outage_tell(struct outage *o);

#endif
