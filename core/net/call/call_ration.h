/*
** call_ration.h -- what a call took of its provider's ration and of its model's.
** Part of a call.
*/
#ifndef NET_CALL_RATION_H
#define NET_CALL_RATION_H

#include "meter/limit/limiter.h"

#define CALL_RATIONS 2

struct call_ration {
    int taken;                                 /* of the tickets */
    struct limit_ticket tickets[CALL_RATIONS]; /* the provider's first */
    int64_t tokens;                            /* as estimated */
    nanos asked;  /* when it first did; 0: not yet */
    nanos turn;   /* that it waits for; 0: none */
    bool refused; /* there was too little */
};

#endif
