/*
** fence.c -- Landlock: which files this process may open from now on.
**
** A rule is tied to what a path leads to today, but policies are swapped by
** renaming and by symbolic links. So a path stands for its folder, and every
** link on the way to it for the folder that holds the link: what is put there
** tomorrow may be read too.
*/
#include "gate/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ     (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ABI_1    ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define REFER    (1ull << 13) /* since ABI 2 */
#define TRUNCATE (1ull << 14) /* since ABI 3 */
#define LINKS    16           /* followed for one path */

/* What names, certificates, time zones and libraries are found in. */
static const char *const system_folders[] = {
    "/etc",
    "/usr/lib",
    "/lib",
    "/lib64",
    "/usr/share",
    "/usr/local/share/ca-certificates",
    "/usr/local/lib",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/run/secrets",
    "/sys/devices/system/cpu",
};
static const char *const system_files[] = {"/dev/null", "/dev/urandom",
                                           "/dev/random"};
static const char *const certificate_variables[] = {
    "SSL_CERT_FILE", "SSL_CERT_DIR", "CREDENTIALS_DIRECTORY"};

static void allow(int rules, const char *path, uint64_t what)
{
    struct landlock_path_beneath_attr rule = {
        .allowed_access = what, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    struct stat st;
    if (rule.parent_fd < 0)
        return; /* what is not there needs no rule */
    if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE |
                               LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE;
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

/* The folder that holds the last name of `path`. */
static void allow_folder(int rules, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 0 : slash == path ? 1 : (int)(slash - path);
    if (slash == NULL)
        allow(rules, ".", READ);
    else if (snprintf(folder, sizeof folder, "%.*s", n, path) < PATH_MAX)
        allow(rules, folder, READ);
}

/* Where the first link of `path` leads, into `to`; false when it has none. */
static int follow(int rules, const char *path, char to[PATH_MAX])
{
    char start[PATH_MAX], target[PATH_MAX];
    for (size_t n = strcspn(path + 1, "/") + 1;; n += strcspn(path + n, "/")) {
        snprintf(start, sizeof start, "%.*s", (int)n, path);
        ssize_t len = readlink(start, target, sizeof target - 1);
        if (len > 0) {
            allow_folder(rules, start);
            target[len] = '\0';
            char *slash = strrchr(start, '/');
            int held = slash != NULL ? (int)(slash - start) + 1 : 0;
            int all =
                snprintf(to, PATH_MAX, "%.*s%s%s", target[0] == '/' ? 0 : held,
                         start, target, path + n);
            return all < PATH_MAX;
        }
        if (path[n] == '\0')
            return 0;
        n++;
    }
}

static void allow_way(int rules, const char *given)
{
    char path[PATH_MAX], next[PATH_MAX];
    if (snprintf(path, sizeof path, "%s", given) >= PATH_MAX || !*path)
        return;
    for (int i = 0; i < LINKS; i++) {
        allow_folder(rules, path);
        if (!follow(rules, path, next))
            return;
        memcpy(path, next, sizeof path);
    }
}

static uint64_t known_rights(long abi)
{
    return ABI_1 | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0);
}

static void allow_system(int rules)
{
    for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++)
        allow(rules, system_folders[i], READ);
    for (size_t i = 0; i < sizeof system_files / sizeof *system_files; i++)
        allow(rules, system_files[i], READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
    /* Which run of the machine it is: the store asks. */
    allow(rules, "/proc/sys/kernel/random/boot_id", READ);
    for (size_t i = 0;
         i < sizeof certificate_variables / sizeof *certificate_variables; i++)
        if (getenv(certificate_variables[i]) != NULL)
            allow(rules, getenv(certificate_variables[i]), READ);
}

void fence_files(const char *store, const char *(*next)(void *), void *user)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
                       LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset_attr all = {.handled_access_fs = known_rights(abi)};
    int rules = abi < 1 ? -1
                        : (int)syscall(SYS_landlock_create_ruleset, &all,
                                       sizeof all.handled_access_fs, 0);
    if (rules < 0) {
        fprintf(stderr,
                "perilune: files are not fenced in: the kernel's "
                "Landlock says %s\n",
                strerror(errno));
        return;
    }
    allow_system(rules);
    for (const char *path; (path = next(user)) != NULL;)
        allow_way(rules, path);
    allow(rules, store,
          all.handled_access_fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE);
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        fprintf(stderr, "perilune: files are not fenced in: %s\n",
                strerror(errno));
    close(rules);
}
