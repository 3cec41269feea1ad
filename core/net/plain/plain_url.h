/*
** plain_url.h -- where a request goes: a plain http url, taken apart.
**
**     http://models.lan:8000/v1/chat/completions?a=b
**            '--host--' port'---------path----------'
**            '--authority--'
*/
#ifndef NET_PLAIN_URL_H
#define NET_PLAIN_URL_H

#include "base/str.h"

/* All of it borrowed from the url. */
struct plain_url {
    str authority; /* as Host says it: without a port that is 80 */
    str host;      /* an IPv6 address without its brackets */
    int port;
    str path; /* and query; may be empty, and may begin with '?' */
};

/* Take it apart; false when it is not one that we understand to the letter. */
bool plain_url_parse(const char *url, struct plain_url *t);

#endif
