/*
** job.h -- a job as it lies in the store: work that can wait.
**
**     jobs         id -> record      what is known of it; small, changes
**     job_bodies   id -> packet      what is to be done; until it is done
**     job_results  id -> packet      what came of it; until it is forgotten
**
** A record is an object of JSON. A packet is a list of fields as JSON, a
** newline, and a body as it is. Texts that are read are borrowed from what
** they were read out of, or the arena's.
*/
#ifndef STORE_JOBS_JOB_H
#define STORE_JOBS_JOB_H

#include "base/arena.h"
#include "base/nanos.h"
#include "wire/http.h"

#define JOBS_TABLE        "jobs"
#define JOB_BODIES_TABLE  "job_bodies"
#define JOB_RESULTS_TABLE "job_results"

#define JOB_ID   36  /* bytes of an id: "job_" and 32 digits of chance */
#define JOB_TEXT 256 /* bytes of a queue's name, a key's id, a user, a team */

enum job_state {
    JOB_QUEUED,
    JOB_RUNNING, /* or was, when the process died */
    JOB_DONE,    /* there is a reply */
    JOB_FAILED,  /* there is an error, or none: see why */
    JOB_EXPIRED, /* it waited too long */
    JOB_CANCELLED
};

struct job_record {
    char id[JOB_ID + 1];
    str queue;
    str key, user, team; /* what the client's key proved; absent: nothing */
    enum job_state state;
    /* By the calendar. */
    nanos created, expires; /* waiting, it is given up then */
    nanos due;              /* not before */
    int tries;              /* so often it was begun */
    int deaths;             /* so often in a row it never came to an end */
    int status;             /* of the last answer; 0: there was none */
    size_t size;            /* bytes of its packet */
    const char *why;        /* FAILED without a packet: a code; or NULL */
};

/* "queued", "running", ... */
const char *job_state_name(enum job_state state);

/* Has it come to an end? */
bool job_over(enum job_state state);

/* Append it as JSON; and read it. False: it is no record. `id` is the key. */
void job_write(const struct job_record *job, struct buf *to);
bool job_read(str id, str json, struct arena *arena, struct job_record *job);

struct job_packet {
    struct http_field *fields;
    int fields_n;
    str body;
};

/* Append a packet; and read one. False: it is none, or there is no memory. */
void job_pack(const struct job_packet *packet, struct buf *to);
bool job_unpack(str from, struct arena *arena, struct job_packet *packet);

#endif
