/*
** pick.h -- which of several targets is asked next.
**
** Whoever asks brings how each of them stands, and gets the place of one, or
** PICK_NONE when none may be asked any more. Nothing is remembered here but a
** turn that several workers share; where chance is wanted it comes out of the
** turn's number, so a run repeats to the byte. Equals take turns. Pure.
** [any thread]
*/
#ifndef METER_PICK_H
#define METER_PICK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICK_MOST 64 /* candidates, one bit each */
#define PICK_NONE (-1)

enum pick_by {
    PICK_ROUND_ROBIN,
    PICK_WEIGHTED,
    PICK_LEAST_BUSY,
    PICK_LATENCY, /* the better of two at random */
    PICK_HEADROOM,
    PICK_HASH,     /* rendezvous: each key has its own order of them */
    PICK_PRIORITY, /* the first one */
    PICK_COST,     /* the cheapest; of equals the least load */
    PICK_BYS
};

struct candidate {
    double weight; /* > 0: its share of the work beside the others' */
    double busy;   /* calls on their way, and failures of late */
    double load;   /* nanos to a first token x calls on their way */
    double share;  /* of its limits that is left, 0 to 1 */
    double cost;   /* of what is asked; INFINITY: nobody knows */
    uint64_t name; /* a hash of its name */
};

/* What all workers share: whose turn it is. Zeroed at first. */
struct pick_turn {
    atomic_uint_fast64_t n;
};

struct pick {
    enum pick_by by;
    const struct candidate *of;
    int n;         /* at most PICK_MOST */
    uint64_t may;  /* a bit for each that may be picked */
    uint64_t key;  /* PICK_HASH: a hash of the key */
    uint64_t turn; /* see pick_next_turn */
};

/* The next turn; for a new request, not for its second choice. */
uint64_t pick_next_turn(struct pick_turn *turn);

/* The place of the one to ask, or PICK_NONE. */
int pick_one(const struct pick *p);

/* "round_robin", ...; and the way of that name, or PICK_BYS. */
const char *pick_name(enum pick_by by);
enum pick_by pick_of(const char *name);

/* A hash for keys and names (64-bit FNV-1a, mixed). */
uint64_t pick_hash(const char *bytes, size_t n);

#endif
