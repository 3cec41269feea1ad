/*
** transport_setting.h -- what the tests of a transport begin with: a world, a
** mock upstream and two callers.
**
** Both transports that reach real upstreams pass the same tests. What includes
** this says `#define OVER_CURL` first, or gets the one that the world chooses.
*/
#ifndef TESTS_NET_TRANSPORT_SETTING_H
#define TESTS_NET_TRANSPORT_SETTING_H

#include "mock_upstream.h"
#include "net/curl.h"

static struct world *w;
static struct mock mock;
static struct caller caller, other;

#define QUESTION STR("{\"model\":\"m\"}")
#define BIG      ((size_t)8 << 20)

static inline void begin(void (*serve)(struct mock *))
{
    CHECK_INT(real_open(&w, NULL, NULL, NULL), 0);
#ifdef OVER_CURL
    CHECK_INT(curl_transport_open(&over, w, real_loop(w)), 0);
#endif
    mock_open(&mock, serve);
    caller_init(&caller, w, mock.port, QUESTION);
}

static inline void close_world(void)
{
    curl_transport_close(over);
    over = NULL;
    real_close(w);
}

static inline void finish(void)
{
    caller_fini(&caller);
    close_world();
    mock_close(&mock);
}

static inline void ask(struct caller *c)
{
    CHECK_INT(caller_start(c), 0);
    CHECK_INT(c->connected + c->heads + c->ends, 0); /* nothing from inside */
    TURN_UNTIL(w, c->ends > 0);
    CHECK_INT(c->ends, 1);
}

/* Read requests and never answer. */
static inline void serve_silence(struct mock *m)
{
    for (int fd; (fd = mock_accept(m)) >= 0;) {
        mock_request(m, fd);
        mock_until_gone(m, fd);
    }
}

/* Answer one request of each connection. */
static inline void serve_many(struct mock *m)
{
    for (int fd; (fd = mock_accept(m)) >= 0;) {
        mock_request(m, fd);
        mock_send(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                      "Content-Length: 2\r\n\r\nhi");
        mock_until_gone(m, fd);
    }
}

#endif
