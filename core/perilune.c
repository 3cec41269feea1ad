/*
** perilune.c -- one runtime for a host program: open, load, run, stop.
**
** Everything belongs to the owner's thread; what may come from any thread is
** carried here by world_post. Stopping is a small conversation: the server
** accepts no more, what runs may finish, then the loop is left.
*/
#include "perilune_inner.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stack.h"
#include "bind/bind.h"
#include "run/realm/realm.h"
#include "run/realm/tokenizers.h"
#include "tool/tool.h"

#define LOOK_EVERY    (10 * NANOS_MS) /* while draining */
#define DEFAULT_STORE "./perilune.data"
#define FAREWELL      NANOS_S /* for the last bytes, after the grace is over */

_Static_assert(PERI_EMEMORY == ERR_MEMORY && PERI_EINPUT == ERR_INPUT &&
                   PERI_ELIMIT == ERR_LIMIT && PERI_ESYSTEM == ERR_SYSTEM &&
                   PERI_EPOLICY == ERR_POLICY && PERI_EMISSING == ERR_MISSING &&
                   PERI_ESTATE == ERR_STATE,
               "the codes are published under the same numbers");

static int fail(perilune *s, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(perilune *s, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(s->error, sizeof s->error, format, args);
    va_end(args);
    return code;
}

const char *peri_error(const perilune *s)
{
    return s->error;
}

const char *peri_strerror(int code)
{
    switch (code) {
    case PERI_OK:
        return "all is well";
    case PERI_EMEMORY:
        return "no memory";
    case PERI_EINPUT:
        return "what was given is wrong";
    case PERI_ELIMIT:
        return "larger, or more, than allowed";
    case PERI_ESYSTEM:
        return "the operating system refused";
    case PERI_EPOLICY:
        return "the policy does not load";
    case PERI_EMISSING:
        return "there is no such thing";
    case PERI_ESTATE:
        return "not now";
    default:
        return "an unknown code";
    }
}

const char *peri_version(void)
{
    return PERI_VERSION;
}

/* --- opening --------------------------------------------------------------- */

/* A host compiled against an older header hands in a shorter struct: what it
** does not have is zero, the default. */
static peri_options options_of(const peri_options *opt)
{
    peri_options all = {.size = sizeof all};
    if (opt != NULL)
        memcpy(&all, opt, opt->size < sizeof all ? opt->size : sizeof all);
    return all;
}

static void take_limits(perilune *s, const peri_options *opt)
{
    struct limits *l = &s->rt.limits;
    if (opt->deadline > 0)
        l->deadline = nanos_of(opt->deadline);
    if (opt->policy_cpu > 0)
        l->cpu = nanos_of(opt->policy_cpu);
    if (opt->policy_heap > 0)
        l->heap = opt->policy_heap;
    if (opt->max_requests > 0)
        l->requests = opt->max_requests;
    if (opt->max_body > l->memory / 4)
        l->memory = 4 * opt->max_body;
    if (opt->max_memory > 0)
        l->memory = opt->max_memory;
    s->rt.hold.max = l->memory;
    s->limits = (struct server_limits){
        .max_body = opt->max_body,
        .header_timeout = nanos_of(opt->header_timeout),
        .idle_timeout = nanos_of(opt->idle_timeout),
        .max_conns = opt->max_connections,
    };
    s->rt.no_inotify = opt->no_inotify != 0;
    s->rt.require_key = opt->require_key != 0;
}

static void on_drain(struct timer *t);
static void begin_stop(struct nudge *n);

/* A folder that was named is there for a reason. */
static int find_tokenizers(struct runtime *rt, const char *folder,
                           const char *store)
{
    struct tokenizers *t = tokenizers_open(rt->realm, folder, store);
    rt->tokenizers = t;
    if (t == NULL)
        return ERR_MEMORY;
    bool any = folder == NULL || tokenizers_has(t, ENCODING_O200K) ||
               tokenizers_has(t, ENCODING_CL100K);
    return any ? 0 : ERR_MISSING;
}

static int open_admin(perilune *s, const char *tokens)
{
    if (s->limits.max_body == 0 || s->limits.max_body > ADMIN_MAX_BODY)
        s->limits.max_body = ADMIN_MAX_BODY;
    s->limits.max_conns = ADMIN_MAX_CONNS;
    return admin_open(&s->admin, &(struct admin_setup){.rt = &s->rt,
                                                       .tokens = str_of(tokens),
                                                       .secret = real_secret});
}

static int open_server(perilune *s, const peri_options *opt)
{
    int error =
        opt->admin_tokens != NULL ? open_admin(s, opt->admin_tokens) : 0;
    if (error != 0)
        return error;
    struct server_setup setup = {
        .world = s->world,
        .loop = real_loop(s->world),
        .limits = &s->limits,
        .handler = s->admin != NULL ? &admin_handler : &service_handler,
        .join = opt->join_listeners != 0,
        .hold = &s->rt.hold,
        .user = s->admin != NULL ? (void *)s->admin : &s->service};
    return server_open(&s->server, &setup);
}

static int open_parts(perilune *s, const peri_options *opt)
{
    int error = real_open(&s->world, opt->loop, opt->log, opt->user);
    if (error != 0)
        return error;
    const char *store = opt->store != NULL ? opt->store : DEFAULT_STORE;
    error = runtime_init(&s->rt, s->world, store);
    if (error == 0)
        error = find_tokenizers(&s->rt, opt->tokenizers, store);
    if (error != 0)
        return error;
    realm_keep(s->rt.realm,
               &(struct store_options){
                   .path = store,
                   .durability = opt->store_power ? STORE_POWER : STORE_PROCESS,
                   .most = opt->max_store});
    s->rt.bind = &bind_lua;
    s->rt.source.library = arena_copy(&s->rt.arena, str_of(opt->library));
    take_limits(s, opt);
    s->service.rt = &s->rt;
    admission_init(&s->service);
    booking_init(&s->service, opt->usage_days);
    jobs_open(&s->service);
    s->drain.fire = on_drain;
    s->stop.run = begin_stop;
    atomic_store(&s->stop_grace, NANOS_NEVER);
    submissions_init(s);
    return open_server(s, opt);
}

int peri_open(perilune **out, const peri_options *opt)
{
    *out = NULL;
    peri_options all = options_of(opt);
    perilune *s = mem_zero(sizeof *s);
    if (s == NULL)
        return PERI_EMEMORY;
    s->own_loop = all.loop == NULL;
    pthread_mutex_init(&s->lock, NULL);
    int error = open_parts(s, &all);
    if (error != 0)
        peri_close(s);
    else
        *out = s;
    return error;
}

static void stop_all(perilune *s)
{
    while (s->rt.live != NULL)
        request_stop(s->rt.live, OUTCOME_SHUTDOWN);
}

void peri_close(perilune *s)
{
    if (s == NULL)
        return;
    if (s->threaded) {
        peri_stop(s, 0);
        pthread_join(s->thread, NULL);
    }
    if (s->world != NULL) {
        real_catch_up(s->world); /* late words free what they carry */
        stop_all(s);
        submissions_close(s);
        server_close(s->server);
        admin_close(s->admin);
        timer_stop(s->world, &s->drain);
        if (s->service.rt != NULL) {
            jobs_close(&s->service);
            booking_fini(&s->service);
            admission_fini(&s->service);
        }
        if (s->rt.world != NULL)
            runtime_fini(&s->rt);
        real_close(s->world);
    }
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

/* --- the policy ------------------------------------------------------------ */

static int load(perilune *s, struct policy_source source)
{
    source.library = s->rt.source.library;
    int error = runtime_load(&s->rt, &source);
    if (error == ERR_POLICY && !buf_ok(&s->rt.load_error))
        error = ERR_MEMORY; /* not even for the reason */
    if (error == ERR_POLICY)
        return fail(s, error, "%.*s", STR_ARG(buf_str(&s->rt.load_error)));
    return error != 0 ? fail(s, error, "%s", peri_strerror(error)) : 0;
}

int peri_load(perilune *s, const char *path)
{
    if (path == NULL)
        return load(s,
                    (struct policy_source){.name = STR("policies/default.lua"),
                                           .builtin = true});
    return load(s, (struct policy_source){.name = str_of(path)});
}

int peri_load_text(perilune *s, const char *name, const char *text, size_t len)
{
    if (name == NULL || text == NULL)
        return fail(s, PERI_EINPUT, "a policy needs a name and a text");
    return load(
        s, (struct policy_source){.name = str_of(name), .text = {text, len}});
}

int peri_files(perilune *s, void (*fn)(void *user, const char *path),
               void *user)
{
    if (s->rt.watch == NULL)
        return fail(s, PERI_ESTATE, "there is no policy yet");
    watch_each(s->rt.watch, fn, user);
    return 0;
}

int peri_listen(perilune *s, const char *address, int *port)
{
    int taken;
    const char *why = "";
    int error = server_listen(s->server, str_of(address),
                              port != NULL ? port : &taken, &why);
    if (error != 0)
        return fail(s, error, "cannot listen on %s: %s", address, why);
    if (s->admin != NULL)
        admin_listens(s->admin, str_of(address));
    return 0;
}

/* --- the loop -------------------------------------------------------------- */

int peri_run(perilune *s)
{
    if (!s->own_loop)
        return fail(s, PERI_ESTATE, "this runtime is on your loop; run that");
    if (!peri_stopped(s))
        real_run(s->world);
    return 0;
}

int peri_step(perilune *s, double wait)
{
    real_step(s->world, nanos_of(wait));
    return 0;
}

static void *run_thread(void *arg)
{
    perilune *s = arg;
    real_run(s->world);
    return NULL;
}

int peri_start(perilune *s)
{
    if (!s->own_loop || s->threaded)
        return fail(s, PERI_ESTATE, "it has a loop that runs elsewhere");
    if (stack_thread(&s->thread, run_thread, s) != 0)
        return fail(s, PERI_ESYSTEM, "no thread can be started");
    s->threaded = true;
    return 0;
}

int peri_post(perilune *s, void (*fn)(void *), void *user)
{
    return world_post(s->world, fn, user);
}

/* --- stopping -------------------------------------------------------------- */

static bool all_done(const perilune *s)
{
    return s->rt.live == NULL && server_busy(s->server) == 0 &&
           atomic_load(&s->submitted) == 0;
}

static void leave(perilune *s)
{
    atomic_store(&s->stopped, 1);
    if (s->own_loop)
        real_break(s->world);
}

static void on_drain(struct timer *t)
{
    perilune *s = (void *)((char *)t - offsetof(perilune, drain));
    nanos now = world_now(s->world);
    if (!s->grace_over && now >= s->grace_until) {
        s->grace_over = true;
        s->grace_until = now + FAREWELL;
        stop_all(s);
    }
    if (all_done(s) || (s->grace_over && now >= s->grace_until))
        leave(s);
    else
        timer_start(s->world, &s->drain, now + LOOK_EVERY);
}

/* May run again: a second peri_stop can be less patient. */
static void begin_stop(struct nudge *n)
{
    perilune *s = (void *)((char *)n - offsetof(perilune, stop));
    nanos until = world_now(s->world) + atomic_load(&s->stop_grace);
    bool first = s->grace_until == 0;
    if (first || (!s->grace_over && until < s->grace_until))
        s->grace_until = until;
    if (first) {
        s->service.draining = true;
        server_drain(s->server);
    }
    timer_start(s->world, &s->drain, world_now(s->world));
}

void peri_stop(perilune *s, double grace)
{
    long long wanted = nanos_of(grace > 0 ? grace : 0);
    long long least = atomic_load(&s->stop_grace);
    while (wanted < least &&
           !atomic_compare_exchange_weak(&s->stop_grace, &least, wanted))
        continue;
    world_nudge(s->world, &s->stop);
}

int peri_stopped(const perilune *s)
{
    return atomic_load(&s->stopped);
}

/* --- the command line ------------------------------------------------------ */

static bool is_command_name(const char *name)
{
    return *name != '\0' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

int peri_command(const char *name, int argc, char *const *argv,
                 const peri_terminal *terminal)
{
    peri_terminal all = {.size = sizeof all};
    memcpy(&all, terminal,
           terminal->size < sizeof all ? terminal->size : sizeof all);
    struct tool tool = {
        .bind = &bind_lua,
        .library = all.library,
        .out = all.out,
        .user = all.user,
        .store = all.store != NULL ? all.store : DEFAULT_STORE,
        .colour = all.colour != 0,
    };
    return is_command_name(name) ? tool_run(&tool, name, argc, argv) : 2;
}
