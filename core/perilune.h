/*
** perilune.h -- an LLM gateway as a library. This file is the authority: what
** does not stand here is not published.
**
** SHAPE     A `perilune` is one runtime: one event loop, one policy in force
**           (a Lua state) and the requests passing through it. Want more
**           cores? Open more runtimes: they share the realm, the named state
**           of one store path.
**
**           A request goes in by peri_submit(), or through a socket by
**           peri_listen(); it meets the policy and comes out through a sink:
**           head once, chunk any number of times, done exactly once and
**           always last.
**
** THREADS   Functions marked [any] may be called from any thread. The rest
**           belong to the owner: the thread running the loop, or the opening
**           thread while no loop runs. peri_post() carries work to the owner.
**           Callbacks run on the owner with no lock held and may call anything
**           here except close, run, step and start.
**
** MEMORY    What you pass in is copied before the call returns. What you are
**           handed is borrowed, and valid until your callback returns.
**
** ERRORS    int results are 0, or negative: a PERI_E* code. peri_strerror()
**           says it in words; peri_error() says what was wrong and where,
**           except for functions marked [any], which leave it alone. The
**           library never prints, never exits, installs no signal handlers.
**
** UNITS     time: seconds (double). sizes: bytes.
**
** ABI       Every struct starts with `size`; set it to sizeof. Zero in any
**           other field means "the default". Fields are appended, never moved
**           or removed; codes are never renumbered; sinks may see new codes.
*/
#ifndef PERILUNE_H
#define PERILUNE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PERI_VERSION "0.1.0"

#if defined(__GNUC__)
#define PERI_API __attribute__((visibility("default")))
#else
#define PERI_API
#endif

#define PERI_OK       0
#define PERI_EMEMORY  (-1) /* no memory */
#define PERI_EINPUT   (-2) /* what was given is wrong */
#define PERI_ELIMIT   (-3) /* larger, or more, than allowed */
#define PERI_ESYSTEM  (-4) /* the operating system refused */
#define PERI_EPOLICY  (-5) /* the policy does not load */
#define PERI_EMISSING (-6) /* there is no such thing */
#define PERI_ESTATE   (-7) /* not now */

typedef struct perilune perilune;
typedef uint64_t peri_id; /* of a request; never used again, never 0 */
struct ev_loop;

/* How a runtime is opened. */
typedef struct peri_options {
    size_t size;          /* sizeof(peri_options) */
    struct ev_loop *loop; /* yours (libev), or NULL: one of its own */
    const char *store;    /* where named state lives; the runtimes of one path
                             share it. Made when first needed.
                             [./perilune.data] */
    const char *library;  /* a folder with lua/ and policies/ that overrides
                             the linked-in Lua files [none] */
    /* Whole lines of JSON, without the newline; must not block. [dropped] */
    void (*log)(void *user, const char *line, size_t len);
    void *user;            /* handed to log */
    size_t max_body;       /* bytes of a request [64 MiB] */
    double deadline;       /* seconds of a request, over all attempts [120] */
    double policy_cpu;     /* processor seconds of one request's policy [0.1] */
    size_t policy_heap;    /* bytes of a policy's Lua heap [64 MiB] */
    double header_timeout; /* seconds for a request's head [10] */
    double idle_timeout;   /* seconds between two requests [75] */
    int max_connections;   /* at a time [10,000] */
    int no_inotify;        /* 1: notice edits by stat, not by inotify */
    int join_listeners;    /* 1: peri_listen takes its place beside others on
                              the address; 0: it must be free */
    int max_requests;      /* in flight at a time; one more gets a 503
                              [10,000] */
    size_t max_memory;     /* bytes of bodies held at a time; what does not fit
                              gets a 503. Four times max_body, at least, or the
                              largest will not. [256 MiB, or that] */
    size_t max_store;      /* bytes the store may grow to [4 GiB] */
    int store_power;       /* 1: what is stored outlives a loss of power, and
                              waits for the disk. 0: it outlives the process */
    const char *tokenizers; /* the folder of o200k_base.tiktoken and
                               cl100k_base.tiktoken, by which tokens are counted
                               exactly. [STORE/tokenizers, then
                               share/perilune/tokenizers in /usr/local and /usr;
                               without a file they are estimated] */
    int require_key; /* 1: a client needs a key (perilune keys) even where there
                        is none yet. 0: from the first one on */
    int usage_days; /* days for which the store keeps who has used what (perilune
                        usage) [0: it does not] */
    const char *admin_tokens; /* not NULL: this runtime is no gateway but the
                                 admin API of its store, and needs no policy;
                                 peri_listen says where, and peri_submit is
                                 PERI_ESTATE. Who may use it: tokens of 32 to
                                 256 printable characters without spaces, one a
                                 line, four at most. PERI_EINPUT: they are none.
                                 Give it a thread of its own: it waits for the
                                 disk [a gateway] */
} peri_options;

typedef struct peri_header {
    const char *name, *value; /* zero-terminated */
} peri_header;

/* A request. */
typedef struct peri_request {
    size_t size;
    const char *method; /* ["POST"] */
    const char *path;   /* ["/v1/chat/completions"] */
    const peri_header *headers;
    size_t headers_len;
    const char *body;
    size_t body_len;
} peri_request;

/* How a request ended. */
#define PERI_DONE      0 /* whole: a reply or an error, see the status */
#define PERI_BROKEN    1 /* the reply broke off after its head */
#define PERI_CANCELLED 2 /* by peri_cancel */
#define PERI_STOPPED   3 /* by peri_stop or peri_close */

/* What chunk returns. */
#define PERI_GO    0
#define PERI_PAUSE 1 /* no more until peri_resume; the upstream waits too */

/* Where a reply goes. Each may be NULL. */
typedef struct peri_sink {
    size_t size;
    void *user;
    void (*head)(void *user, int status, const peri_header *headers, size_t n);
    int (*chunk)(void *user, const char *bytes, size_t len);
    void (*done)(void *user, int outcome); /* once, last */
} peri_sink;

/* One figure. Names are Prometheus's: "perilune_requests_total". */
typedef struct peri_metric {
    const char *name;
    const char *help; /* one sentence */
    double value;
    int counter; /* 1: only grows; 0: goes up and down */
} peri_metric;

/* Open a runtime; `opt` may be NULL. On failure *out is NULL. */
PERI_API int peri_open(perilune **out, const peri_options *opt);

/* End every request at once (PERI_STOPPED) and free everything. NULL is
** fine. Joins the thread of peri_start. */
PERI_API void peri_close(perilune *s);

/* The last error in words; "" when there was none. Valid until the next call
** on this runtime. */
PERI_API const char *peri_error(const perilune *s);

/* [any] A code in words. */
PERI_API const char *peri_strerror(int code);

/* [any] The library's version at run time; PERI_VERSION is the header's. */
PERI_API const char *peri_version(void);

/* Put the policy in the file `path` in force: at once, or change nothing and
** return PERI_EPOLICY (peri_error says file, line and why). The file, and all
** it reads, is watched: an edit rules the next request. "policies/NAME.lua"
** means the ready policy of that name, linked in, when there is no such file.
** NULL: policies/default.lua, linked in. */
PERI_API int peri_load(perilune *s, const char *path);

/* The same for a policy that is no file; `name` stands in its messages. */
PERI_API int peri_load_text(perilune *s, const char *name, const char *text,
                            size_t len);

/* Hand over every path that the last load read or looked for: the policy, what
** it requires and reads, files that hold keys; for hosts that fence themselves
** in. PERI_ESTATE before the first load. */
PERI_API int peri_files(perilune *s, void (*fn)(void *user, const char *path),
                        void *user);

/* [any] Submit a request. *id (may be NULL) is its id. The sink's callbacks
** come on the owner's thread, from the loop, not from within this call.
** PERI_EMEMORY, PERI_ELIMIT for a body over max_body. */
PERI_API int peri_submit(perilune *s, const peri_request *req,
                         const peri_sink *sink, peri_id *id);

/* [any] Give a request up: its upstream call is hung up on, its done is told
** PERI_CANCELLED. An id whose request has ended is ignored. */
PERI_API void peri_cancel(perilune *s, peri_id id);

/* [any] After PERI_PAUSE: more, please. */
PERI_API void peri_resume(perilune *s, peri_id id);

/* Serve HTTP on "host:port", "[v6]:port", ":port" or "port". Port 0 takes a
** free one, told in *port (may be NULL). Several runtimes may listen on one
** address, all but the first with join_listeners: the system spreads the
** connections. */
PERI_API int peri_listen(perilune *s, const char *address, int *port);

/* Run the loop on this thread until peri_stop has drained it. Not for a
** runtime on a loop of yours: run that. */
PERI_API int peri_run(perilune *s);

/* Run the loop for one turn, waiting at most `wait` seconds for something to
** do; for hosts with a loop of another kind. */
PERI_API int peri_step(perilune *s, double wait);

/* Run the loop on a new thread, which owns the runtime until peri_close. */
PERI_API int peri_start(perilune *s);

/* [any] Stop accepting, let requests finish for `grace` seconds, end the rest
** (PERI_STOPPED), then make peri_run return. */
PERI_API void peri_stop(perilune *s, double grace);

/* [any] Run fn(user) on the owner's thread. */
PERI_API int peri_post(perilune *s, void (*fn)(void *), void *user);

/* [any] 1 when peri_stop has been called and nothing is left to do. */
PERI_API int peri_stopped(const perilune *s);

/* [any] Hand over every figure, one by one, on the calling thread. */
PERI_API int peri_metrics(perilune *s,
                          void (*fn)(void *user, const peri_metric *m),
                          void *user);

/* Where a subcommand prints. */
typedef struct peri_terminal {
    size_t size;
    const char *library; /* as in peri_options */
    /* Stream 1 is for results, 2 for errors. */
    void (*out)(void *user, int stream, const char *text, size_t len);
    void *user;
    int colour;        /* 1: what stream 1 shows may be coloured [0] */
    const char *store; /* as in peri_options */
} peri_terminal;

/* Run a subcommand of the program, such as "check" or "test", that is written
** in Lua (lua/cli). Returns its exit status; 2 when there is none of that
** name. */
PERI_API int peri_command(const char *name, int argc, char *const *argv,
                          const peri_terminal *terminal);

#ifdef __cplusplus
}
#endif

#endif
