/*
** post.h -- something sent that nobody waits for: a webhook.
**
** A POST of JSON whose reply is read and thrown away. It owns what it sends, and
** ends by itself, in its time at the latest.
*/
#ifndef NET_POST_H
#define NET_POST_H

#include "net/world.h"

struct post;

/* What is sent where. */
struct post_ask {
    str url, body; /* copied */
    /* How it went, once, unless post_end_all comes first; status 0: there was no
    ** reply. */
    void (*done)(void *user, int status);
    void *user;
};

/* Send. `list` is where posts under way are kept. 0; ERR_INPUT: no url that can be
** asked; ERR_MEMORY. Then done is not called. */
int post_send(struct world *world, struct post **list,
              const struct post_ask *ask);

/* How many are under way. */
int post_count(struct post *const *list);

/* Hang up on all of a list, at the end of a runtime. */
void post_end_all(struct post **list);

#endif
