/*
** life.c -- a client, a runtime, and one life of both.
*/
#include "life.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "upstream.h"

#define MEND         300 /* turns until what fails from one on is mended */
#define ADMIN_TOKENS "an-admin-token-of-some-40-characters-000"

struct fault_plan life_plan;
perilune *peri;
int port, admin_port;
char life_bearer[300];
struct client got;

static perilune *admin;
static const struct scenario *scenario;
static int upstream_port;
static char folder[64], policy_path[96], store_path[96];
static int wrongs; /* of this run */

void wrong(const char *what)
{
    printf("#    %s\n", what);
    wrongs++;
}

/* --- one turn ---------------------------------------------------------------- */

static int turns; /* since something began to fail */

void turn(void)
{
    if (life_plan.onwards && ++turns == MEND)
        fault_disarm();
    TORTURED(peri_step(peri, 0.001));
    if (admin != NULL)
        TORTURED(peri_step(admin, 0.001));
}

/* --- a client ------------------------------------------------------------------ */

void client_connect(struct client *c, int to_port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)to_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->n = 0;
    c->ended = 0;
    c->bytes[0] = '\0';
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        wrong("the listener takes no connection");
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

void client_close(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

void client_send(struct client *c, const char *what, const char *more,
                 const char *body)
{
    char text[2048];
    int n = snprintf(text, sizeof text,
                     "%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Connection: close\r\n%s"
                     "Content-Length: %zu\r\n\r\n%s",
                     what, more, strlen(body), body);
    (void)!send(c->fd, text, (size_t)n, MSG_NOSIGNAL);
}

void client_read(struct client *c)
{
    ssize_t n = recv(c->fd, c->bytes + c->n, sizeof c->bytes - 1 - c->n, 0);
    if (n > 0)
        c->n += (size_t)n;
    if (n == 0 || (n < 0 && errno != EAGAIN))
        c->ended = 1;
    c->bytes[c->n] = '\0';
}

int client_await(struct client *c)
{
    for (int i = 0; i < PATIENCE && !c->ended; i++) {
        turn();
        client_read(c);
    }
    if (!c->ended)
        wrong("a request is stuck");
    int status =
        strncmp(c->bytes, "HTTP/1.1 ", 9) == 0 ? atoi(c->bytes + 9) : 0;
    if (status != 0 && status / 100 != 2 && (status < 400 || status > 599))
        wrong("an answer of an odd status");
    return status;
}

int ask_at(int to_port, const char *what, const char *more, const char *body)
{
    client_connect(&got, to_port);
    client_send(&got, what, more, body);
    int status = client_await(&got);
    client_close(&got);
    return status;
}

int request(const char *body)
{
    return ask_at(port, CHAT, life_bearer, body);
}

void stream(const char *body)
{
    if (request(body) != 200)
        return;
    if (strstr(got.bytes, "[DONE]") == NULL &&
        strstr(got.bytes, "\"error\"") == NULL &&
        strstr(got.bytes, "\r\n0\r\n") != NULL)
        wrong("a stream that broke looks whole");
}

void ask_whole(void)
{
    request(WHOLE);
}

void ask_stream(void)
{
    stream(STREAM);
}

void nothing(void)
{
}

/* --- a runtime ----------------------------------------------------------------- */

static char last_line[1024]; /* of the log */
static char lines[1 << 16];  /* of this life, as many as there is room for */

int said(const char *what)
{
    return strstr(lines, what) != NULL;
}

static void log_line(void *user, const char *line, size_t len)
{
    size_t n = strlen(lines);
    (void)user;
    snprintf(lines + n, sizeof lines - n, "%.*s\n", (int)len, line);
    snprintf(last_line, sizeof last_line, "%.*s", (int)len, line);
    if (getenv("LOUD") != NULL)
        printf("#    %s\n", last_line);
}

static void write_file(const char *path, const char *text)
{
    char fresh[128];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = fopen(fresh, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
        rename(fresh, path) != 0)
        abort();
}

void edit(const char *policy)
{
    char text[4096];
    size_t n =
        (size_t)snprintf(text, sizeof text, "local p = require 'perilune'\n");
    for (; *policy != '\0'; policy++)
        if (*policy == '@')
            n += (size_t)snprintf(text + n, sizeof text - n, "%d",
                                  upstream_port);
        else
            text[n++] = *policy;
    text[n] = '\0';
    write_file(policy_path, text);
}

static peri_options options_of(int traits)
{
    return (peri_options){.size = sizeof(peri_options),
                          .store = store_path,
                          .log = log_line,
                          .header_timeout = 2,
                          .store_power = (traits & LIFE_POWER) != 0,
                          .usage_days = traits & LIFE_USAGE ? 30 : 0};
}

static int open_admin(void)
{
    peri_options options = options_of(scenario->traits);
    options.admin_tokens = ADMIN_TOKENS;
    admin_port = 0;
    int error = peri_open(&admin, &options);
    return error != 0 ? error : peri_listen(admin, "127.0.0.1:0", &admin_port);
}

int open_all(void)
{
    peri_options options = options_of(scenario->traits);
    port = 0;
    int error = peri_open(&peri, &options);
    if (error == 0)
        error = peri_load(peri, policy_path);
    if (error == 0)
        error = peri_listen(peri, "127.0.0.1:0", &port);
    if (error != 0 && peri != NULL && peri_error(peri)[0] == '\0')
        wrong("a runtime that does not open says not why");
    if (error == 0 && scenario->traits & LIFE_ADMIN)
        error = open_admin();
    return error;
}

void close_all(void)
{
    client_close(&got);
    peri_close(admin);
    peri_close(peri);
    admin = peri = NULL;
}

void open_it(void)
{
    int error;
    TORTURED(error = open_all());
    if (error < PERI_ESTATE || error > 0)
        wrong("an odd code");
    if (error != 0)
        TORTURED(close_all());
}

void close_it(void)
{
    TORTURED(close_all());
}

static void print_to(void *user, int to, const char *text, size_t len)
{
    char *out = user;
    if (to == 1)
        snprintf(out + strlen(out), 256 - strlen(out), "%.*s", (int)len, text);
}

void command(const char *name, int argc, char *const *argv, char to[256])
{
    peri_terminal terminal = {.size = sizeof terminal,
                              .out = print_to,
                              .user = to,
                              .store = store_path};
    to[0] = '\0';
    if (peri_command(name, argc, argv, &terminal) != 0)
        abort();
}

/* --- living one -------------------------------------------------------------- */

/* Afterwards all is well: another policy, a request, an answer. */
static void serve_again(void)
{
    edit(PLAIN "-- again");
    int there = peri != NULL && !peri_stopped(peri);
    int status = there ? request(WHOLE) : 200;
    if (status == 200)
        return;
    wrong("the next request is not served");
    printf("#    but %d: %s\n", status, last_line);
}

static int unlink_it(const char *path, const struct stat *st, int what,
                     struct FTW *at)
{
    (void)st, (void)what, (void)at;
    return remove(path);
}

/* A store leaves with its life. */
static void forget_store(void)
{
    nftw(store_path, unlink_it, 8, FTW_DEPTH | FTW_PHYS);
}

long live(const struct scenario *s, const struct fault_plan *it, int *wrongs_of)
{
    life_plan = *it;
    scenario = s;
    wrongs = turns = 0;
    life_bearer[0] = lines[0] = '\0';
    edit(s->policy);
    if (!(s->traits & LIFE_OPENS) && open_all() != 0) {
        printf("#    %s\n", peri != NULL ? peri_error(peri) : "no runtime");
        abort();
    }
    s->before();
    turns = 0;
    fault_arm(&life_plan);
    s->tortured();
    long calls = fault_disarm();
    if (s->after != NULL)
        s->after();
    serve_again();
    close_all();
    if (s->traits & LIFE_STORES)
        forget_store();
    *wrongs_of += wrongs;
    return calls;
}

int lives_begin(void)
{
    upstream_port = upstream_start();
    snprintf(folder, sizeof folder, "/tmp/perilune-torture-XXXXXX");
    if (upstream_port == 0 || mkdtemp(folder) == NULL)
        return -1;
    snprintf(policy_path, sizeof policy_path, "%s/policy.lua", folder);
    snprintf(store_path, sizeof store_path, "%s/store", folder);
    return 0;
}

void lives_end(void)
{
    upstream_stop();
    forget_store();
    unlink(policy_path);
    rmdir(folder);
}
