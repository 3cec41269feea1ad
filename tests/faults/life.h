/*
** life.h -- what a life is made of: a runtime behind a socket, its clients, and
** a part of it that can be put to torture.
**
** There is one runtime at a time, beside it perhaps the admin API of its store;
** `turn` lets both go on. What the runtimes do is counted, what the test does is
** not.
*/
#ifndef TESTS_FAULTS_LIFE_H
#define TESTS_FAULTS_LIFE_H

#include "perilune.h"
#include "shim.h"

#define PATIENCE 20000 /* turns of the loop, of a millisecond at most */

enum life_traits {
    LIFE_OPENS = 1,  /* the tortured part opens the runtime */
    LIFE_STORES = 2, /* it begins with a store that is not there yet */
    LIFE_POWER = 4,  /* what is stored waits for the disk */
    LIFE_USAGE = 8,  /* the store keeps who has used what */
    LIFE_ADMIN = 16, /* the admin API is there, too */
    LIFE_FLAT = 32, /* what could be sent in pieces is, and has no point here */
};

/* One life: the policy it begins with, what happens before the tortured part,
** that part, and how it must be in the end, when nothing fails any more. */
struct scenario {
    const char *name, *policy;
    void (*before)(void);
    void (*tortured)(void);
    int traits;
    long rarer;          /* its calls are many, and dear: fewer of them fail */
    void (*after)(void); /* NULL: all that is wanted is asked of every life */
};

/* They end with one without a name. */
extern const struct scenario plain_lives[], money_lives[];

/* Start the upstream and make a folder; 0, or -1. Before any thread. */
int lives_begin(void);
void lives_end(void);

/* Live it, under the plan: the calls that the tortured part made. *wrongs grows
** by what was wrong, which is printed. */
long live(const struct scenario *s, const struct fault_plan *plan, int *wrongs);

/* --- what scenarios are written with --------------------------------------- */

#define TORTURED(call) (fault_mine(1), (call), fault_mine(0))

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define WHOLE    "{\"model\":\"any\"," MESSAGES "}"
#define STREAM   "{\"model\":\"any\",\"stream\":true," MESSAGES "}"

#define UP      "p.provider('up', { url = 'http://127.0.0.1:@/v1' }) "
#define PATIENT ", first = '3s', total = '4s' } "
#define PLAIN   UP "return p.model { 'up/m'" PATIENT

extern struct fault_plan life_plan;
extern perilune *peri; /* NULL: it did not open, or was closed */
extern int port, admin_port;

/* What says who asks, a line of the head with its CR LF; "" at first. */
extern char life_bearer[300];

/* Something was not as it must be. */
void wrong(const char *what);

/* Open what the scenario wants, and close it: a PERI_* code. */
int open_all(void);
void close_all(void);

/* One turn. What fails for ever is mended after a while, else nothing could be
** served. */
void turn(void);

/* Put a policy into its file. "@" is where the upstream is. */
void edit(const char *policy);

/* Was there a line with this in the log of this life? */
int said(const char *what);

/* Run `perilune ARGS` on the store of this life, uncounted; what it printed on
** stream 1 is in `to`. */
void command(const char *name, int argc, char *const *argv, char to[256]);

/* A client, and what it got. */
struct client {
    int fd; /* -1 = none */
    size_t n;
    int ended; /* the answer is whole, or the connection closed */
    char bytes[65536];
};
extern struct client got;

void client_connect(struct client *c, int to_port);
void client_close(struct client *c);
/* "POST /path", more lines of the head, each with its CR LF, and a body. */
void client_send(struct client *c, const char *what, const char *more,
                 const char *body);
void client_read(struct client *c);
/* Turn until the answer has ended; its status, 0 for a closed connection. */
int client_await(struct client *c);

#define CHAT "POST /v1/chat/completions"

/* A whole request, by `got`; its status. */
int ask_at(int to_port, const char *what, const char *more, const char *body);
int request(const char *body);
/* The same; a stream that says it is one must have its end. */
void stream(const char *body);

void ask_whole(void);
void ask_stream(void);
void nothing(void);
void open_it(void);
void close_it(void);

#endif
