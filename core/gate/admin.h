/*
** admin.h -- what `perilune serve` is told of the admin API: where it listens,
** and who may use it.
*/
#ifndef GATE_ADMIN_H
#define GATE_ADMIN_H

#include <stddef.h>

#define ADMIN_ADDRESS 300
#define ADMIN_TEXT    2048 /* of all tokens */

struct admin_options {
    char address[ADMIN_ADDRESS]; /* host:port; "": off */
    const char *file;            /* of tokens, or NULL */
    char tokens[ADMIN_TEXT];     /* one a line; to be wiped once it is open */
};

/* "9090" is that port of 127.0.0.1; any other host is said in full. NULL, or
** what is wrong with it. */
const char *admin_set_address(struct admin_options *o, const char *value);

/* Gather the tokens: of the file, and of PERILUNE_ADMIN_TOKEN, which nobody finds
** in the environment any more, whether there is an admin API or not. 0; or -1
** and `error` says what is wrong. */
int admin_find_tokens(struct admin_options *o, char *error, size_t size);

#endif
