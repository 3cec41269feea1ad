/*
** listen.c -- an address in text becomes listening sockets.
**
** "localhost" may mean two addresses, and both must answer: a name opens
** every address that it has, all on the same port. No host at all means every
** interface: one IPv6 socket that takes IPv4 too or, where the machine has no
** IPv6, an IPv4 one.
*/
#include "net/http/conn.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

#define BACKLOG 4096

struct place {
    char host[256]; /* "" = all */
    int port;
};

/* Cut "host:port" and its short forms. */
static bool read_place(struct place *p, str address)
{
    str host = {address.p, 0};
    str port = address;
    if (str_starts(address, STR("["))) {
        size_t end = str_find(address, ']');
        if (end < 2 || end + 1 >= address.n || address.p[end + 1] != ':')
            return false;
        host = (str){address.p + 1, end - 1};
        port = str_from(address, end + 2);
    } else if (str_find(address, ':') < address.n) {
        host = (str){address.p, str_find(address, ':')};
        port = str_from(address, host.n + 1);
    }
    int64_t number = str_number(port, 65535);
    if (number < 0 || host.n >= sizeof p->host ||
        memchr(host.p, '\0', host.n) != NULL)
        return false;
    memcpy(p->host, host.p, host.n);
    p->host[host.n] = '\0';
    p->port = (int)number;
    return true;
}

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

/* Is somebody there already? SO_REUSEPORT would let us in beside another
** gateway, unnoticed; without it bind tells. */
static bool taken(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    bool there =
        bind(fd, a->ai_addr, a->ai_addrlen) != 0 && errno == EADDRINUSE;
    close(fd);
    return there;
}

/* A socket on one address, listening; -1 with errno. Accepted sockets inherit
** TCP_NODELAY, which saves a call for each. */
static int open_one(const struct addrinfo *a, bool join)
{
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = join || !taken(a) ? socket(a->ai_family, type, 0) : -1;
    if (fd < 0)
        return -1;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (a->ai_family == AF_INET6)
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* -1 with errno. */
static int port_of(int fd)
{
    struct sockaddr_in6 name; /* the port stands in the same place in both */
    socklen_t n = sizeof name;
    memset(&name, 0, sizeof name);
    if (getsockname(fd, (struct sockaddr *)&name, &n) != 0)
        return -1;
    return ntohs(name.sin6_port);
}

static void set_port(struct addrinfo *a, int port)
{
    ((struct sockaddr_in *)(void *)a->ai_addr)->sin_port =
        htons((uint16_t)port);
}

static int resolve(const struct place *p, int family, struct addrinfo **out,
                   const char **why)
{
    struct addrinfo want = {.ai_family = family,
                            .ai_socktype = SOCK_STREAM,
                            .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char port[8];
    snprintf(port, sizeof port, "%d", p->port);
    const char *host = p->host[0] != '\0' ? p->host : NULL;
    int rc = getaddrinfo(host, port, &want, out);
    if (rc != 0)
        *why = gai_strerror(rc);
    return rc != 0 ? ERR_SYSTEM : 0;
}

/* Open what `p` means in this family, and fix the port when it was free. */
static int open_family(struct server *s, struct place *p, int family,
                       const char **why, int (*each)(struct server *, int))
{
    struct addrinfo *list = NULL;
    int rc = resolve(p, family, &list, why);
    if (rc != 0)
        return rc;
    rc = ERR_SYSTEM;
    for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        set_port(a, p->port);
        int fd = open_one(a, s->join);
        int port = fd >= 0 ? port_of(fd) : -1;
        if (port < 0) {
            *why = strerrordesc_np(errno);
            if (fd >= 0)
                close(fd);
            continue;
        }
        p->port = port;
        rc = each(s, fd);
        if (rc != 0)
            break;
    }
    freeaddrinfo(list);
    return rc;
}

int listen_on(struct server *s, str address, int *port, const char **why,
              int (*each)(struct server *, int fd))
{
    struct place p;
    *why = "not an address; write host:port, [v6]:port, :port or port";
    if (!read_place(&p, address))
        return ERR_INPUT;
    bool all = p.host[0] == '\0';
    int rc = open_family(s, &p, all ? AF_INET6 : AF_UNSPEC, why, each);
    if (rc == ERR_SYSTEM && all)
        rc = open_family(s, &p, AF_INET, why, each);
    if (rc == ERR_MEMORY)
        *why = "no memory";
    *port = p.port;
    return rc;
}
