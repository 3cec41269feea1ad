/*
** names.c -- look-ups on threads of their own, and what they found.
**
**     owner                         bureau (locked)            threads
**     names_ask --> entry --> look-up ------------------> getaddrinfo
**     on_found  <-- nudge <-- found, in a list <----------------'
**
** Who asks for a name that is being looked up waits for the same answer, so
** there are never more threads than names. The bureau outlives the owner for
** as long as a look-up is under way, whose result is then thrown away.
*/
#include "net/plain/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"

#define REMEMBERED (60 * NANOS_S)
#define ENTRIES    64 /* names remembered, at most */
#define HOST_MAX   256
#define STACK      ((size_t)1 << 20)

/* What a thread works on, and gives back. */
struct lookup {
    struct bureau *bureau;
    struct lookup *next; /* among those that were found */
    int error;           /* of getaddrinfo */
    struct addresses found;
    char host[HOST_MAX];
};

struct bureau {
    pthread_mutex_t lock;
    struct nudge nudge;
    struct world *world; /* NULL: the owner has gone; all under lock */
    struct lookup *found;
    int refs; /* the owner, and each look-up */
    struct names *names;
};

/* A name that is remembered, or being looked up. */
struct entry {
    struct entry *next;
    struct asker *askers;
    bool looking;
    nanos until;
    struct addresses known;
    char host[HOST_MAX];
};

struct names {
    struct world *world;
    struct bureau *bureau;
    struct entry *entries; /* the latest first */
    int entries_n;
};

/* --- on a look-up's thread -------------------------------------------------- */

static void leave(struct bureau *b)
{
    int left = --b->refs;
    pthread_mutex_unlock(&b->lock);
    if (left > 0)
        return;
    pthread_mutex_destroy(&b->lock);
    mem_free(b);
}

/* The next address of the given family, from *at on; NULL: no more. */
static const struct addrinfo *next_of(const struct addrinfo **at, bool six)
{
    for (; *at != NULL; *at = (*at)->ai_next) {
        const struct addrinfo *a = *at;
        bool fits = a->ai_family == (six ? AF_INET6 : AF_INET) &&
                    a->ai_addrlen <= sizeof(union address);
        if (fits) {
            *at = a->ai_next;
            return a;
        }
    }
    return NULL;
}

/* Families take turns, so that one that leads nowhere costs one try; the one
** that the system puts first begins (RFC 8305 4). */
static void collect(struct addresses *to, const struct addrinfo *list)
{
    const struct addrinfo *fours = list, *sixes = list, *a;
    bool six = list != NULL && list->ai_family == AF_INET6;
    for (int missed = 0; missed < 2 && to->n < NAMES_ADDRESSES; six = !six) {
        a = next_of(six ? &sixes : &fours, six);
        missed = a == NULL ? missed + 1 : 0;
        if (a != NULL)
            memcpy(&to->at[to->n++], a->ai_addr, a->ai_addrlen);
    }
}

static void *look_up(void *arg)
{
    struct lookup *l = arg;
    struct bureau *b = l->bureau;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    l->error = getaddrinfo(l->host, NULL, &wanted, &list);
    if (l->error == 0) {
        collect(&l->found, list);
        freeaddrinfo(list);
    }
    pthread_mutex_lock(&b->lock);
    if (b->world == NULL) {
        mem_free(l);
    } else {
        l->next = b->found;
        b->found = l;
        world_nudge(b->world, &b->nudge);
    }
    leave(b);
    return NULL;
}

/* Signals stay with the host's threads. */
static bool start_thread(struct lookup *l)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, old;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    bool started = pthread_create(&thread, &attr, look_up, l) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return started;
}

static bool start_lookup(struct names *n, const char *host)
{
    struct bureau *b = n->bureau;
    struct lookup *l = mem_zero(sizeof *l);
    if (l == NULL)
        return false;
    l->bureau = b;
    memcpy(l->host, host, strlen(host) + 1);
    pthread_mutex_lock(&b->lock);
    b->refs++;
    pthread_mutex_unlock(&b->lock);
    if (start_thread(l))
        return true;
    mem_free(l);
    pthread_mutex_lock(&b->lock);
    leave(b);
    return false;
}

/* --- what is remembered ------------------------------------------------------ */

/* Who is told may ask anew, and the entry be forgotten meanwhile. */
static void tell_all(struct entry *e, const char *why)
{
    struct addresses copy = e->known;
    struct asker *list = e->askers, *a;
    e->askers = NULL;
    if (list != NULL)
        list->at = &list;
    while ((a = list) != NULL) {
        names_cancel(a);
        a->told(a, why == NULL ? &copy : NULL, why);
    }
}

static struct entry **find(struct names *n, const char *host)
{
    struct entry **at = &n->entries;
    while (*at != NULL && strcasecmp((*at)->host, host) != 0)
        at = &(*at)->next;
    return at;
}

/* Forget the one that nobody has wanted for longest. */
static void make_place(struct names *n)
{
    struct entry **oldest = NULL;
    if (n->entries_n < ENTRIES)
        return;
    for (struct entry **at = &n->entries; *at != NULL; at = &(*at)->next)
        if (!(*at)->looking)
            oldest = at;
    if (oldest == NULL)
        return; /* all are being looked up: then there are a few more */
    struct entry *gone = *oldest;
    *oldest = gone->next;
    n->entries_n--;
    mem_free(gone);
}

/* The entry of that name, now the first; NULL when there is no memory. */
static struct entry *entry_of(struct names *n, const char *host)
{
    struct entry **at = find(n, host);
    struct entry *e = *at;
    if (e != NULL) {
        *at = e->next;
    } else {
        make_place(n);
        e = mem_zero(sizeof *e);
        if (e == NULL)
            return NULL;
        memcpy(e->host, host, strlen(host) + 1);
        n->entries_n++;
    }
    e->next = n->entries;
    n->entries = e;
    return e;
}

static void found(struct names *n, const struct lookup *l)
{
    struct entry *e = *find(n, l->host);
    if (e == NULL)
        return;
    bool good = l->error == 0 && l->found.n > 0;
    e->looking = false;
    e->known = l->found;
    e->until = good ? world_now(n->world) + REMEMBERED : 0;
    const char *why = l->error != 0 ? gai_strerror(l->error) : "no address";
    tell_all(e, good ? NULL : why);
}

static void on_found(struct nudge *nudge)
{
    struct bureau *b =
        (struct bureau *)((char *)nudge - offsetof(struct bureau, nudge));
    pthread_mutex_lock(&b->lock);
    struct lookup *l = b->found;
    b->found = NULL;
    pthread_mutex_unlock(&b->lock);
    for (struct lookup *next; l != NULL; l = next) {
        next = l->next;
        found(b->names, l);
        mem_free(l);
    }
}

/* --- asking ------------------------------------------------------------------ */

static bool is_localhost(str host)
{
    static const char name[] = ".localhost";
    size_t n = sizeof name - 1;
    return str_eq_nocase(host, STR("localhost")) ||
           (host.n > n &&
            str_eq_nocase(str_from(host, host.n - n), STR(".localhost")));
}

/* A number, or this host (RFC 6761 6.3). */
static bool is_known(str host, const char *text, struct addresses *to)
{
    union address *a = &to->at[0];
    if (is_localhost(host)) {
        to->n = 2;
        a[0].v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                        .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        a[1].v4 = (struct sockaddr_in){.sin_family = AF_INET};
        a[1].v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return true;
    }
    to->n = 1;
    a->v4 = (struct sockaddr_in){.sin_family = AF_INET};
    if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1)
        return true;
    a->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    return inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1;
}

static void wait_for(struct entry *e, struct asker *a)
{
    a->next = e->askers;
    a->at = &e->askers;
    if (a->next != NULL)
        a->next->at = &a->next;
    e->askers = a;
}

void names_ask(struct names *n, str host, struct asker *a)
{
    char text[HOST_MAX];
    struct addresses known;
    if (host.n >= HOST_MAX) {
        a->told(a, NULL, "the name is too long");
        return;
    }
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (is_known(host, text, &known)) {
        a->told(a, &known, NULL);
        return;
    }
    struct entry *e = entry_of(n, text);
    if (e == NULL) {
        a->told(a, NULL, "no memory");
    } else if (!e->looking && e->until > world_now(n->world)) {
        known = e->known;
        a->told(a, &known, NULL);
    } else if (e->looking || start_lookup(n, text)) {
        e->looking = true;
        wait_for(e, a);
    } else {
        a->told(a, NULL, "no thread to look it up");
    }
}

void names_cancel(struct asker *a)
{
    if (a->at == NULL)
        return;
    *a->at = a->next;
    if (a->next != NULL)
        a->next->at = a->at;
    a->at = NULL;
}

int names_open(struct names **out, struct world *w)
{
    struct names *n = mem_zero(sizeof *n);
    struct bureau *b = mem_zero(sizeof *b);
    if (n == NULL || b == NULL) {
        mem_free(n);
        mem_free(b);
        return ERR_MEMORY;
    }
    *n = (struct names){.world = w, .bureau = b};
    *b = (struct bureau){
        .nudge.run = on_found, .world = w, .refs = 1, .names = n};
    pthread_mutex_init(&b->lock, NULL);
    *out = n;
    return 0;
}

void names_close(struct names *n)
{
    struct entry *e;
    struct lookup *l;
    if (n == NULL)
        return;
    while ((e = n->entries) != NULL) {
        n->entries = e->next;
        mem_free(e);
    }
    struct bureau *b = n->bureau;
    pthread_mutex_lock(&b->lock);
    b->world = NULL;
    while ((l = b->found) != NULL) {
        b->found = l->next;
        mem_free(l);
    }
    leave(b);
    mem_free(n);
}
