/*
** test_resolver.c -- a name server that hangs stops nobody else.
**
** This program's own getaddrinfo stands in front of the system's: names that
** end in ".hang" are not answered until the test lets go.
*/
#include <dlfcn.h>
#include <netdb.h>
#include <sched.h>
#include <time.h>

#include "mock_upstream.h"
#include "net/curl.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool released; /* all three under lock */
static int hanging, resumed;

typedef int resolve(const char *, const char *, const struct addrinfo *,
                    struct addrinfo **);

/* Not for ever, so that whoever waits for us fails and does not hang too. */
static void hang(void)
{
    struct timespec give_up;
    clock_gettime(CLOCK_REALTIME, &give_up);
    give_up.tv_sec += 10;
    pthread_mutex_lock(&lock);
    hanging++;
    while (!released && pthread_cond_timedwait(&changed, &lock, &give_up) == 0)
        ;
    resumed++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

__attribute__((visibility("default"))) int getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **found)
{
    union {
        void *object;
        resolve *function;
    } real = {dlsym(RTLD_NEXT, "getaddrinfo")};
    size_t n = host != NULL ? strlen(host) : 0;
    if (n > 8 && strcmp(host + n - 8, ".invalid") == 0)
        return EAI_NONAME;
    if (n > 5 && strcmp(host + n - 5, ".hang") == 0) {
        hang();
        return EAI_AGAIN;
    }
    return real.function(host, service, hints, found);
}

static int hanging_now(void)
{
    pthread_mutex_lock(&lock);
    int n = hanging - resumed;
    pthread_mutex_unlock(&lock);
    return n;
}

/* Let the resolvers go and wait until they have left our code. */
static void release(void)
{
    pthread_mutex_lock(&lock);
    released = true;
    pthread_cond_broadcast(&changed);
    while (resumed < hanging)
        pthread_cond_wait(&changed, &lock);
    released = false;
    pthread_mutex_unlock(&lock);
}

static void serve_hi(struct mock *m)
{
    int fd = mock_accept(m);
    while (mock_request(m, fd))
        mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    close(fd);
}

static struct world *w;
static struct mock mock;
static struct caller stuck, lucky;

static bool over_curl;

static void begin(const char *url)
{
    CHECK_INT(real_open(&w, NULL, NULL, NULL), 0);
    if (over_curl)
        CHECK_INT(curl_transport_open(&over, w, real_loop(w)), 0);
    mock_open(&mock, serve_hi);
    caller_init(&stuck, w, mock.port, STR("{}"));
    caller_init(&lucky, w, mock.port, STR("{}"));
    stuck.x.url = url;
}

static void finish(void)
{
    caller_fini(&stuck);
    caller_fini(&lucky);
    curl_transport_close(over);
    over = NULL;
    real_close(w);
    mock_close(&mock);
}

/* The thread that looked a name up frees what it found for nobody: let it. */
static void let_it_end(long blocks)
{
    for (int i = 0; i < 10000000 && mem_live() > blocks; i++)
        sched_yield();
}

static void a_name_that_hangs_can_be_cancelled_and_others_are_served(void)
{
    long before = mem_live();
    begin("http://slow.hang/v1");
    CHECK_INT(caller_start(&stuck), 0);
    TURN_UNTIL(w, hanging_now() == 1);
    caller_cancel(&stuck);
    CHECK_INT(caller_start(&lucky), 0);
    TURN_UNTIL(w, lucky.ends == 1);
    CHECK_INT(lucky.end, EXCHANGE_OK);
    CHECK_INT(hanging_now(), 1); /* cancel did not wait for it */
    CHECK_INT(stuck.connected + stuck.ends, 0);
    release();
    finish();
    let_it_end(before);
}

static void the_world_can_close_while_a_name_hangs(void)
{
    long before = mem_live();
    begin("http://slower.hang/v1");
    CHECK_INT(caller_start(&stuck), 0);
    TURN_UNTIL(w, hanging_now() == 1);
    caller_cancel(&stuck);
    finish();
    CHECK_INT(hanging_now(), 1);
    release();
    let_it_end(before);
}

static void others_are_served_while_a_name_hangs(void)
{
    long before = mem_live();
    begin("http://slowest.hang/v1");
    CHECK_INT(caller_start(&stuck), 0);
    TURN_UNTIL(w, hanging_now() == 1);
    CHECK_INT(caller_start(&lucky), 0);
    TURN_UNTIL(w, lucky.ends == 1);
    CHECK_INT(lucky.end, EXCHANGE_OK);
    CHECK_INT(stuck.ends, 0);
    release();
    TURN_UNTIL(w, stuck.ends == 1);
    CHECK_INT(stuck.end, EXCHANGE_RESOLVE);
    finish();
    let_it_end(before);
}

static void a_name_nobody_knows_is_told_as_such(void)
{
    begin("http://nobody.invalid/v1");
    CHECK_INT(caller_start(&stuck), 0);
    TURN_UNTIL(w, stuck.ends == 1);
    CHECK_INT(stuck.end, EXCHANGE_RESOLVE);
    CHECK(strstr(stuck.detail, "nobody.invalid") != NULL);
    CHECK_INT(caller_start(&lucky), 0);
    TURN_UNTIL(w, lucky.ends == 1);
    finish();
}

/* libcurl has threads of its own for names. */
#define OVER_CURL(test)                   \
    static void test##_over_libcurl(void) \
    {                                     \
        over_curl = true;                 \
        test();                           \
        over_curl = false;                \
    }

OVER_CURL(a_name_that_hangs_can_be_cancelled_and_others_are_served)
OVER_CURL(the_world_can_close_while_a_name_hangs)
OVER_CURL(others_are_served_while_a_name_hangs)
OVER_CURL(a_name_nobody_knows_is_told_as_such)

TESTS(a_name_that_hangs_can_be_cancelled_and_others_are_served,
      the_world_can_close_while_a_name_hangs,
      others_are_served_while_a_name_hangs, a_name_nobody_knows_is_told_as_such,
      a_name_that_hangs_can_be_cancelled_and_others_are_served_over_libcurl,
      the_world_can_close_while_a_name_hangs_over_libcurl,
      others_are_served_while_a_name_hangs_over_libcurl,
      a_name_nobody_knows_is_told_as_such_over_libcurl)
