/*
** curl_setting.h -- what the tests of the curl transport begin with: a world,
** a mock upstream and two callers.
*/
#ifndef TESTS_NET_CURL_SETTING_H
#define TESTS_NET_CURL_SETTING_H

#include "mock_upstream.h"

static struct world *w;
static struct mock mock;
static struct caller caller, other;

#define QUESTION STR("{\"model\":\"m\"}")
#define BIG      ((size_t)8 << 20)

static inline void begin(void (*serve)(struct mock *))
{
    CHECK_INT(real_open(&w, NULL, NULL, NULL), 0);
    mock_open(&mock, serve);
    caller_init(&caller, w, mock.port, QUESTION);
}

static inline void finish(void)
{
    caller_fini(&caller);
    real_close(w);
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
