/*
** sim_head.h -- the header fields of a simulated upstream.
*/
#ifndef NET_SIM_HEAD_H
#define NET_SIM_HEAD_H

#include "net/sim.h"

#define SIM_HEAD_FIELDS  32
#define SIM_HEAD_NUMBERS 8

/* The fields of a head, and room for the numbers among them. */
struct sim_head {
    struct http_field fields[SIM_HEAD_FIELDS];
    int n;
    char numbers[SIM_HEAD_NUMBERS][24];
    int numbers_n;
};

/* Make the head of a reply; it borrows from the script, and from itself. */
void sim_head_make(struct sim_head *head, const struct sim_script *script,
                   int status, const char *type);

#endif
