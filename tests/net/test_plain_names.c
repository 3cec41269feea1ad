/*
** test_plain_names.c -- names, their addresses, and which of them is reached.
**
** This program's own getaddrinfo stands in front of the system's and answers
** with numbers that stand in the name: "2.1.test" is 127.0.0.2 and 127.0.0.1,
** in this order; an "s" before a number is ::1 instead. The mock upstream is
** at 127.0.0.1 alone.
*/
#include "transport_setting.h"

#include <netdb.h>
#include <sched.h>

#include "net/plain/names.h"

static atomic_int lookups;
static atomic_bool may_answer;

static struct addrinfo *address_of(const char *label)
{
    struct addrinfo *a = calloc(1, sizeof *a + sizeof(union address));
    union address *at = (union address *)(a + 1);
    a->ai_addr = &at->any;
    a->ai_family = *label == 's' ? AF_INET6 : AF_INET;
    a->ai_addrlen = *label == 's' ? sizeof at->v6 : sizeof at->v4;
    at->any.sa_family = (sa_family_t)a->ai_family;
    if (*label == 's')
        at->v6.sin6_addr = in6addr_loopback;
    else
        at->v4.sin_addr.s_addr =
            htonl(INADDR_LOOPBACK - 1 + (unsigned)(*label - '0'));
    return a;
}

__attribute__((visibility("default"))) int getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **found)
{
    (void)service, (void)hints;
    atomic_fetch_add(&lookups, 1);
    while (!atomic_load(&may_answer))
        sched_yield();
    for (; strchr(host, '.') != NULL; host = strchr(host, '.') + 1) {
        *found = address_of(host);
        found = &(*found)->ai_next;
    }
    return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *a)
{
    for (struct addrinfo *next; a != NULL; a = next) {
        next = a->ai_next;
        free(a);
    }
}

static void begin_at(const char *host)
{
    atomic_store(&lookups, 0);
    atomic_store(&may_answer, true);
    begin(serve_many);
    snprintf(caller.url, sizeof caller.url, "http://%s:%d/", host, mock.port);
}

/* --- which address ----------------------------------------------------------- */

static void when_an_address_refuses_the_next_one_is_tried(void)
{
    begin_at("2.3.s.1.test");
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    finish();
}

static void when_all_refuse_there_is_no_connection(void)
{
    begin_at("2.3.test");
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_CONNECT);
    CHECK(strstr(caller.detail, "2.3.test") != NULL);
    CHECK(strstr(caller.detail, "refused") != NULL);
    finish();
}

static void localhost_is_asked_of_nobody(void)
{
    begin_at("localhost");
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(atomic_load(&lookups), 0);
    finish();
}

/* A listener whose queue is full: it says nothing to who comes. */
struct mute {
    int listener, filler[3];
};

static void mute_open(struct mute *m, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 2);
    a.sin_port = htons((uint16_t)port);
    m->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(m->listener, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(listen(m->listener, 0), 0);
    for (int i = 0; i < 3; i++) {
        m->filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(m->filler[i], (struct sockaddr *)&a, sizeof a);
    }
}

static void mute_close(struct mute *m)
{
    for (int i = 0; i < 3; i++)
        close(m->filler[i]);
    close(m->listener);
}

static void an_address_that_says_nothing_does_not_hold_up_the_next(void)
{
    struct mute mute;
    begin_at("3.1.test");
    mute_open(&mute, mock.port);
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    finish();
    mute_close(&mute);
}

static void who_waits_for_a_connection_may_leave(void)
{
    struct mute mute;
    begin_at("3.test");
    mute_open(&mute, mock.port);
    CHECK_INT(caller_start(&caller), 0);
    for (int i = 0; i < 10; i++)
        real_step(w, NANOS_MS);
    CHECK_INT(caller.connected + caller.ends, 0);
    caller_cancel(&caller);
    finish();
    mute_close(&mute);
}

/* --- remembering ------------------------------------------------------------- */

static void a_name_is_looked_up_once(void)
{
    begin_at("1.test");
    ask(&caller);
    caller_init(&other, w, mock.port, QUESTION);
    snprintf(other.url, sizeof other.url, "http://1.TEST:%d/", mock.port);
    ask(&other);
    CHECK_INT(other.end, EXCHANGE_OK);
    CHECK_INT(atomic_load(&mock.accepts), 2);
    CHECK_INT(atomic_load(&lookups), 1);
    caller_fini(&other);
    finish();
}

static void who_asks_meanwhile_waits_for_the_same_answer(void)
{
    begin_at("1.test");
    atomic_store(&may_answer, false);
    caller_init(&other, w, mock.port, QUESTION);
    memcpy(other.url, caller.url, sizeof other.url);
    CHECK_INT(caller_start(&caller), 0);
    CHECK_INT(caller_start(&other), 0);
    TURN_UNTIL(w, atomic_load(&lookups) == 1);
    for (int i = 0; i < 10; i++)
        real_step(w, NANOS_MS);
    atomic_store(&may_answer, true);
    TURN_UNTIL(w, caller.ends + other.ends == 2);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(other.end, EXCHANGE_OK);
    CHECK_INT(atomic_load(&lookups), 1);
    caller_fini(&other);
    finish();
}

/* --- their order ------------------------------------------------------------- */

struct listener {
    struct asker asker; /* first */
    int times, n;
    char families[16];
};

static void hear(struct asker *a, const struct addresses *known,
                 const char *why)
{
    struct listener *l = (struct listener *)a;
    l->times++;
    CHECK((known == NULL) == (why != NULL));
    l->n = known != NULL ? known->n : 0;
    for (int i = 0; i < l->n; i++)
        l->families[i] = known->at[i].any.sa_family == AF_INET6 ? '6' : '4';
}

/* What is heard of a host, each address by its family. */
static str hear_of(struct names *names, struct listener *l, const char *host)
{
    *l = (struct listener){.asker.told = hear};
    names_ask(names, str_of(host), &l->asker);
    TURN_UNTIL(w, l->times == 1);
    return str_of(l->families);
}

static void families_take_turns_and_eight_are_enough(void)
{
    struct names *names;
    struct listener l;
    begin_at("1.test");
    CHECK_INT(names_open(&names, w), 0);
    CHECK_STR(hear_of(names, &l, "s.s.s.1.2.test"), "64646");
    CHECK_STR(hear_of(names, &l, "1.2.3.s.test"), "4644");
    CHECK_STR(hear_of(names, &l, "1.1.1.1.1.1.1.1.1.1.test"), "44444444");
    CHECK_STR(hear_of(names, &l, "::1"), "6");
    CHECK_STR(hear_of(names, &l, "127.0.0.1"), "4");
    CHECK_STR(hear_of(names, &l, "a.localhost"), "64");
    CHECK_INT(atomic_load(&lookups), 3);
    finish();
    names_close(names);
}

static void many_names_are_remembered_but_not_all(void)
{
    struct names *names;
    struct listener l;
    char host[32];
    begin_at("1.test");
    CHECK_INT(names_open(&names, w), 0);
    long before = mem_live();
    for (int i = 0; i < 200; i++) {
        snprintf(host, sizeof host, "1.n%d", i);
        CHECK_STR(hear_of(names, &l, host), "4");
    }
    CHECK(mem_live() - before <= 64);
    finish();
    names_close(names);
}

TESTS(when_an_address_refuses_the_next_one_is_tried,
      when_all_refuse_there_is_no_connection, localhost_is_asked_of_nobody,
      an_address_that_says_nothing_does_not_hold_up_the_next,
      who_waits_for_a_connection_may_leave, a_name_is_looked_up_once,
      who_asks_meanwhile_waits_for_the_same_answer,
      families_take_turns_and_eight_are_enough,
      many_names_are_remembered_but_not_all)
