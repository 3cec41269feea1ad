/*
** serve.c -- one runtime per worker, each on a thread of its own.
**
** All listen on the same addresses and the kernel spreads the connections.
** Signals are taken by the main thread alone, with sigtimedwait, so no handler
** ever runs: the first SIGTERM drains, a second one ends what is left.
**
** What could fail for want of a right is done first: sockets are bound, the
** log is opened, the policy is loaded. Then the doors are closed (harden.h),
** and only after that threads start and clients are let in.
*/
#include "gate/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gate/harden.h"
#include "gate/logqueue.h"
#include "gate/loopguard.h"
#include "gate/options.h"
#include "perilune.h"

#define LARGE_BLOCK (256 * 1024)
#define SPARE       (3 * 1024 * 1024)
#define MUCH        ((size_t)4 << 20)

struct gateway {
    struct options options;
    struct logqueue *log;
    int log_fd;                          /* ours to close; -1 = none */
    perilune *workers[MOST_WORKERS + 1]; /* the admin API comes last */
    int n;
    int admin_port; /* 0: there is none */
    int ports[MOST_LISTENERS];
};

/* --- the log --------------------------------------------------------------- */

static int open_log(struct gateway *g)
{
    const char *log = g->options.log;
    int fd = STDOUT_FILENO;
    if (strcmp(log, "none") == 0)
        return 0;
    if (strcmp(log, "-") != 0) {
        fd = g->log_fd =
            open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (fd < 0) {
            fprintf(stderr, "perilune: cannot write the log to %s: %s\n", log,
                    strerror(errno));
            return -1;
        }
    }
    g->log = logqueue_open(fd);
    if (g->log == NULL)
        fprintf(stderr, "perilune: no memory for the log\n");
    return g->log != NULL ? 0 : -1;
}

/* --- the workers ----------------------------------------------------------- */

/* "host:port" with the port that was taken in place of 0. */
static void with_port(char *to, size_t cap, const char *address, int port)
{
    const char *colon = strrchr(address, ':');
    int host = colon != NULL ? (int)(colon - address) + 1 : 0;
    snprintf(to, cap, "%.*s%d", host, address, port);
}

static int listen_all(struct gateway *g, perilune *worker)
{
    for (int i = 0; i < g->options.listeners; i++) {
        char address[300];
        snprintf(address, sizeof address, "%s", g->options.listen[i]);
        if (g->ports[i] != 0)
            with_port(address, sizeof address, g->options.listen[i],
                      g->ports[i]);
        int error = peri_listen(worker, address, &g->ports[i]);
        if (error != 0)
            return error;
    }
    return 0;
}

static int tell_unopened(const struct gateway *g, int error)
{
    if (error == PERI_EMISSING && g->options.tokenizers != NULL)
        fprintf(stderr,
                "perilune: --tokenizers %s: neither o200k_base.tiktoken nor "
                "cl100k_base.tiktoken is there; make tokenizers fetches them\n",
                g->options.tokenizers);
    else
        fprintf(stderr, "perilune: a worker cannot be opened: %s\n",
                peri_strerror(error));
    return error;
}

static int open_worker(struct gateway *g)
{
    struct peri_options options = {
        .size = sizeof options,
        .store = g->options.store,
        .library = g->options.library,
        .tokenizers = g->options.tokenizers,
        .max_body = g->options.max_body,
        .max_requests = g->options.max_requests,
        .max_memory = g->options.max_memory,
        .max_store = g->options.max_store,
        .store_power = g->options.power,
        .deadline = g->options.deadline,
        .require_key = g->options.require_key,
        .usage_days = g->options.usage_days,
        .join_listeners = g->n > 0,
        .log = g->log != NULL ? logqueue_add : NULL,
        .user = g->log,
    };
    perilune *worker;
    int error = peri_open(&worker, &options);
    if (error != 0)
        return tell_unopened(g, error);
    g->workers[g->n++] = worker;
    error = peri_load(worker, g->options.policy);
    if (error == 0)
        error = listen_all(g, worker);
    if (error != 0)
        fprintf(stderr, "perilune: %s\n", peri_error(worker));
    return error;
}

/* --- the admin API ----------------------------------------------------------- */

static int tell_no_admin(int error)
{
    if (error == PERI_EINPUT)
        fprintf(stderr,
                "perilune: a token of the admin API has 32 to 256 printable "
                "characters without spaces, one a line, at most four; make "
                "one: openssl rand -hex 32\n");
    else
        fprintf(stderr, "perilune: the admin API cannot be opened: %s\n",
                peri_strerror(error));
    return error;
}

/* A runtime of its own: it may wait for the disk while the workers go on. */
static int open_admin(struct gateway *g)
{
    struct admin_options *admin = &g->options.admin;
    struct peri_options options = {
        .size = sizeof options,
        .store = g->options.store,
        .max_store = g->options.max_store,
        .store_power = g->options.power,
        .admin_tokens = admin->tokens,
        .log = g->log != NULL ? logqueue_add : NULL,
        .user = g->log,
    };
    perilune *worker;
    int error = peri_open(&worker, &options);
    explicit_bzero(admin->tokens, sizeof admin->tokens);
    if (error != 0)
        return tell_no_admin(error);
    g->workers[g->n++] = worker;
    error = peri_listen(worker, admin->address, &g->admin_port);
    if (error != 0)
        fprintf(stderr, "perilune: --admin: %s\n", peri_error(worker));
    return error;
}

/* --- the jail -------------------------------------------------------------- */

/* A sanitizer looks at files, and at its own threads, that we never would. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define MOST_FILES 1024

struct files {
    char *paths[MOST_FILES];
    int n, at;
};

static void note_file(void *user, const char *path)
{
    struct files *f = user;
    if (f->n < MOST_FILES && (f->paths[f->n] = strdup(path)) != NULL)
        f->n++;
}

static const char *next_file(void *user)
{
    struct files *f = user;
    return f->at < f->n ? f->paths[f->at++] : NULL;
}

/* The policy is loaded and tells what it reads; no thread runs yet. */
static void close_doors(struct gateway *g)
{
    static struct files files;
    if (g->options.jail == JAIL_OFF || SANITIZED)
        return;
    peri_files(g->workers[0], note_file, &files);
    const char *store =
        g->options.store != NULL ? g->options.store : "./perilune.data";
    mkdir(store, 0700); /* what is not there cannot be let through the fence */
    fence_files(store, next_file, &files);
    while (files.n > 0)
        free(files.paths[--files.n]);
    jail_calls(g->options.jail);
}

static int open_workers(struct gateway *g)
{
    while (g->n < g->options.workers)
        if (open_worker(g) != 0)
            return -1;
    if (g->options.admin.address[0] != '\0' && open_admin(g) != 0)
        return -1;
    close_doors(g);
    return 0;
}

static int start_threads(struct gateway *g)
{
    if (g->log != NULL && logqueue_start(g->log) != 0) {
        fprintf(stderr, "perilune: no thread for the log\n");
        return -1;
    }
    for (int i = 0; i < g->n; i++)
        if (peri_start(g->workers[i]) != 0) {
            fprintf(stderr, "perilune: %s\n", peri_error(g->workers[i]));
            return -1;
        }
    return 0;
}

/* It serves; so a policy that is no file is one that is linked in. */
static const char *origin(const char *policy)
{
    return access(policy, F_OK) == 0 ? "" : " (built in)";
}

static void greet(const struct gateway *g)
{
    char address[300];
    const char *policy =
        g->options.policy != NULL ? g->options.policy : "policies/default.lua";
    const char *from =
        g->options.policy != NULL ? origin(policy) : " (built in)";
    with_port(address, sizeof address, g->options.listen[0], g->ports[0]);
    fprintf(stderr,
            "perilune %s listens on http://%s with %d worker%s, policy %s%s. "
            "Try:\n\n"
            "  curl -N http://%s/v1/chat/completions -H 'content-type: "
            "application/json' -d '{\"model\": \"sim/moon\", \"stream\": true, "
            "\"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}]}'\n"
            "\n",
            peri_version(), address, g->options.workers,
            g->options.workers == 1 ? "" : "s", policy, from, address);
    if (g->admin_port == 0)
        return;
    with_port(address, sizeof address, g->options.admin.address, g->admin_port);
    fprintf(stderr, "The admin API is at http://%s/admin/keys.\n", address);
}

/* --- memory ---------------------------------------------------------------- */

/* A large block goes back to the system when it is freed. Left alone, malloc
** would keep ever larger ones for the next time. At the end of its heap it
** keeps some room: with less, what bodies and streams are held in was given
** back and faulted in again for each of them, up to a fifth of what they cost.
** The allocator belongs to the process, so the library may say none of this. */
static void bound_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    mallopt(M_TRIM_THRESHOLD, SPARE);
}

/* What a wave of requests used stays with malloc, below the few blocks that
** are in use still. Once most of it is free, it goes back. */
static void give_memory_back(void)
{
    static size_t given; /* what was free when it last did */
    struct mallinfo2 is = mallinfo2();
    if (is.fordblks < MUCH || is.fordblks / 2 < is.uordblks ||
        is.fordblks == given)
        return;
    malloc_trim(0);
    given = is.fordblks;
}

/* --- the end --------------------------------------------------------------- */

static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a write that fails */
}

static void stop(struct gateway *g, double grace)
{
    for (int i = 0; i < g->n; i++)
        peri_stop(g->workers[i], grace);
}

static int all_stopped(const struct gateway *g)
{
    for (int i = 0; i < g->n; i++)
        if (!peri_stopped(g->workers[i]))
            return 0;
    return 1;
}

static void wait_for_the_end(struct gateway *g, const sigset_t *signals)
{
    static const struct timespec a_moment = {0, 20 * 1000000L};
    static const struct timespec a_while = {5, 0};
    while (sigtimedwait(signals, NULL, &a_while) < 0)
        give_memory_back();
    stop(g, g->options.grace);
    while (!all_stopped(g))
        if (sigtimedwait(signals, NULL, &a_moment) > 0)
            stop(g, 0);
}

static void close_all(struct gateway *g)
{
    for (int i = 0; i < g->n; i++)
        peri_close(g->workers[i]);
    logqueue_close(g->log);
    if (g->log_fd >= 0)
        close(g->log_fd);
}

/* As many connections as we are allowed. */
static void take_descriptors(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int serve(int argc, char **argv)
{
    static struct gateway g = {.log_fd = -1};
    sigset_t signals;
    loopguard_set();
    harden_keys();
    int told = options_read(&g.options, argc, argv);
    if (told > 0)
        return command("help", 1, (char *[]){"serve"});
    if (told < 0) {
        fprintf(stderr, "perilune: %s\n", g.options.error);
        return 2;
    }
    block_signals(&signals);
    bound_memory();
    take_descriptors();
    harden_process();
    int status =
        open_log(&g) == 0 && open_workers(&g) == 0 && start_threads(&g) == 0
            ? 0
            : 1;
    if (status == 0) {
        greet(&g);
        wait_for_the_end(&g, &signals);
    }
    close_all(&g);
    return status;
}
