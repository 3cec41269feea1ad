/*
** options.h -- what `perilune serve` was told, by flags and environment.
**
** A flag wins over its environment variable, which wins over the default.
** --listen, PERILUNE_LISTEN; --workers, PERILUNE_WORKERS; and so on.
*/
#ifndef GATE_OPTIONS_H
#define GATE_OPTIONS_H

#include <stddef.h>

#include "gate/admin.h"
#include "gate/harden.h"

#define MOST_LISTENERS 16
#define MOST_WORKERS   256

struct options {
    const char *listen[MOST_LISTENERS]; /* host:port */
    int listeners;
    int workers;
    const char *store, *policy, *library, *log, *tokenizers;
    struct admin_options admin;
    enum jail jail;
    double grace;    /* seconds */
    double deadline; /* seconds of a request, over all attempts; 0 = default */
    size_t max_body, max_memory, max_store; /* bytes; 0 = default */
    int power;                              /* what the store survives */
    int max_requests;                       /* 0 = default */
    int require_key;                        /* from clients, always */
    int usage_days;                         /* that usage is kept; 0 = not */
    char listen_text[1024];
    char error[256]; /* why options_read failed */
};

/* Read them. 0; 1 when --help was asked for; -1 and o->error. */
int options_read(struct options *o, int argc, char **argv);

#endif
