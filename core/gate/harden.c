/*
** harden.c -- the keys, and what the kernel tells others about us.
**
** The strings of the environment lie at the top of the first stack, where
** /proc/PID/environ reads them. They are copied to pages of our own, `environ`
** is pointed there, and the old ones are wiped; getenv goes on as before, so a
** policy that is loaded later finds its keys.
*/
#include "gate/harden.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* open takes the lowest number that is free. */
void harden_stdio(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return;
}

static size_t bytes_of(char *const *strings, size_t *n)
{
    size_t bytes = 0;
    for (*n = 0; strings[*n] != NULL; ++*n)
        bytes += strlen(strings[*n]) + 1;
    return bytes + (*n + 1) * sizeof *strings;
}

void harden_keys(void)
{
    size_t n, size = bytes_of(environ, &n);
    char **fresh = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED)
        return;
    mlock(fresh, size); /* more than RLIMIT_MEMLOCK allows stays swappable */
    madvise(fresh, size, MADV_DONTDUMP);
    char *at = (char *)(fresh + n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(environ[i]) + 1;
        fresh[i] = memcpy(at, environ[i], len);
        at += len;
        explicit_bzero(environ[i], len);
    }
    fresh[n] = NULL;
    environ = fresh;
}

void harden_process(void)
{
    static const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
