/*
** options.c -- one table of options, read twice: environment, then flags.
*/
#include "gate/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_DAYS 36500 /* of usage */

static int fail(struct options *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int fail(struct options *o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(o->error, sizeof o->error, format, args);
    va_end(args);
    return -1;
}

/* --- the options, one function each ---------------------------------------- */

static int set_listen(struct options *o, const char *value)
{
    size_t used = strlen(o->listen_text), len = strlen(value);
    if (len == 0 || used + len + 2 > sizeof o->listen_text)
        return fail(o, "--listen needs an address such as 127.0.0.1:8080");
    char *at = o->listen_text + used + (used > 0);
    memcpy(at, value, len + 1);
    while (at != NULL && *at != '\0') {
        if (o->listeners == MOST_LISTENERS)
            return fail(o, "--listen: at most %d addresses", MOST_LISTENERS);
        o->listen[o->listeners++] = at;
        at = strchr(at, ',');
        if (at != NULL)
            *at++ = '\0';
    }
    return 0;
}

/* A number with what follows it; false when there is none. */
static int number(const char *value, double *n, const char **rest)
{
    char *end;
    *n = strtod(value, &end);
    *rest = end;
    return end != value && *n >= 0 && *n < 1e15;
}

static int set_count(struct options *o, int *to, const char *flag, int most,
                     const char *value)
{
    double n;
    const char *rest;
    if (!number(value, &n, &rest) || *rest != '\0' || n < 1 || n > most ||
        n != (double)(int)n)
        return fail(o, "%s needs a whole number from 1 to %d, not '%s'", flag,
                    most, value);
    *to = (int)n;
    return 0;
}

static int set_workers(struct options *o, const char *value)
{
    return set_count(o, &o->workers, "--workers", MOST_WORKERS, value);
}

static int set_max_requests(struct options *o, const char *value)
{
    return set_count(o, &o->max_requests, "--max-requests", 1000000, value);
}

static int set_seconds(struct options *o, double *to, const char *flag,
                       const char *value)
{
    const char *rest;
    if (!number(value, to, &rest) || (*rest != '\0' && strcmp(rest, "s") != 0))
        return fail(o, "%s needs a number of seconds, not '%s'", flag, value);
    return 0;
}

static int set_grace(struct options *o, const char *value)
{
    return set_seconds(o, &o->grace, "--grace", value);
}

static int set_deadline(struct options *o, const char *value)
{
    if (set_seconds(o, &o->deadline, "--deadline", value) != 0)
        return -1;
    if (o->deadline > 0)
        return 0;
    return fail(o, "--deadline needs more than no seconds at all");
}

static int set_size(struct options *o, size_t *to, const char *flag,
                    const char *value)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"", 1},          {"kB", 1e3},   {"MB", 1e6},
                 {"GB", 1e9},      {"KiB", 1024}, {"MiB", 1048576},
                 {"GiB", 1 << 30}, {"B", 1},      {"KB", 1e3}};
    double n;
    const char *rest;
    if (number(value, &n, &rest))
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            if (strcmp(rest, units[i].unit) == 0 && n * units[i].bytes >= 1) {
                *to = (size_t)(n * units[i].bytes);
                return 0;
            }
    return fail(o, "%s needs a size such as 64MiB, not '%s'", flag, value);
}

static int set_max_body(struct options *o, const char *value)
{
    return set_size(o, &o->max_body, "--max-body", value);
}

static int set_max_memory(struct options *o, const char *value)
{
    return set_size(o, &o->max_memory, "--max-memory", value);
}

static int set_max_store(struct options *o, const char *value)
{
    return set_size(o, &o->max_store, "--max-store", value);
}

static int set_durability(struct options *o, const char *value)
{
    o->power = strcmp(value, "power") == 0;
    if (o->power || strcmp(value, "process") == 0)
        return 0;
    return fail(o, "--durability is process or power, not '%s'", value);
}

/* 0: usage is not kept. */
static int set_usage_days(struct options *o, const char *value)
{
    double n;
    const char *rest;
    if (!number(value, &n, &rest) || *rest != '\0' || n > MOST_DAYS ||
        n != (double)(int)n)
        return fail(o,
                    "--usage-days needs a whole number of days up to %d, or 0 "
                    "to keep none, not '%s'",
                    MOST_DAYS, value);
    o->usage_days = (int)n;
    return 0;
}

static int set_text(struct options *o, const char **to, const char *flag,
                    const char *value)
{
    if (*value == '\0')
        return fail(o, "%s needs a value", flag);
    *to = value;
    return 0;
}

static int set_store(struct options *o, const char *value)
{
    return set_text(o, &o->store, "--store", value);
}

static int set_policy(struct options *o, const char *value)
{
    return set_text(o, &o->policy, "--policy", value);
}

static int set_library(struct options *o, const char *value)
{
    return set_text(o, &o->library, "--library", value);
}

static int set_log(struct options *o, const char *value)
{
    return set_text(o, &o->log, "--log", value);
}

static int set_tokenizers(struct options *o, const char *value)
{
    return set_text(o, &o->tokenizers, "--tokenizers", value);
}

/* A flag stands alone; a variable says 1 or 0. */
static int set_require_key(struct options *o, const char *value)
{
    o->require_key = strcmp(value, "1") == 0;
    if (o->require_key || strcmp(value, "0") == 0)
        return 0;
    return fail(o, "--require-key takes no value, or 1 or 0, not '%s'", value);
}

static int set_admin(struct options *o, const char *value)
{
    const char *wrong = admin_set_address(&o->admin, value);
    return wrong != NULL ? fail(o, "%s", wrong) : 0;
}

static int set_admin_token_file(struct options *o, const char *value)
{
    return set_text(o, &o->admin.file, "--admin-token-file", value);
}

static int set_jail(struct options *o, const char *value)
{
    static const char *const words[] = {
        [JAIL_ON] = "on", [JAIL_OFF] = "off", [JAIL_STRICT] = "strict"};
    for (int i = 0; i <= JAIL_STRICT; i++)
        if (strcmp(value, words[i]) == 0) {
            o->jail = (enum jail)i;
            return 0;
        }
    return fail(o, "--jail is on, off or strict, not '%s'", value);
}

static const struct option {
    const char *flag, *variable;
    int (*set)(struct options *, const char *);
} table[] = {
    {"--listen", "PERILUNE_LISTEN", set_listen},
    {"--workers", "PERILUNE_WORKERS", set_workers},
    {"--store", "PERILUNE_STORE", set_store},
    {"--policy", "PERILUNE_POLICY", set_policy},
    {"--library", "PERILUNE_LIBRARY", set_library},
    {"--log", "PERILUNE_LOG", set_log},
    {"--grace", "PERILUNE_GRACE", set_grace},
    {"--deadline", "PERILUNE_DEADLINE", set_deadline},
    {"--max-body", "PERILUNE_MAX_BODY", set_max_body},
    {"--max-requests", "PERILUNE_MAX_REQUESTS", set_max_requests},
    {"--max-memory", "PERILUNE_MAX_MEMORY", set_max_memory},
    {"--max-store", "PERILUNE_MAX_STORE", set_max_store},
    {"--durability", "PERILUNE_DURABILITY", set_durability},
    {"--tokenizers", "PERILUNE_TOKENIZERS", set_tokenizers},
    {"--admin", "PERILUNE_ADMIN", set_admin},
    {"--admin-token-file", "PERILUNE_ADMIN_TOKEN_FILE", set_admin_token_file},
    {"--jail", "PERILUNE_JAIL", set_jail},
    {"--require-key", "PERILUNE_REQUIRE_KEY", set_require_key},
    {"--usage-days", "PERILUNE_USAGE_DAYS", set_usage_days},
};
#define OPTIONS (sizeof table / sizeof table[0])

/* --- reading --------------------------------------------------------------- */

static int read_environment(struct options *o)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *value = getenv(table[i].variable);
        if (value == NULL || *value == '\0')
            continue;
        if (table[i].set(o, value) != 0) {
            size_t n = strlen(o->error);
            snprintf(o->error + n, sizeof o->error - n, " (from %s)",
                     table[i].variable);
            return -1;
        }
    }
    return 0;
}

/* The option a word names; *value is what stands behind '=', or NULL. */
static const struct option *named(const char *word, const char **value)
{
    size_t n = strcspn(word, "=");
    *value = word[n] == '=' ? word + n + 1 : NULL;
    for (size_t i = 0; i < OPTIONS; i++)
        if (strlen(table[i].flag) == n && strncmp(word, table[i].flag, n) == 0)
            return &table[i];
    return NULL;
}

static int read_flags(struct options *o, int argc, char **argv)
{
    int listens_said = 0;
    for (int i = 0; i < argc; i++) {
        const char *value;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
        const struct option *option = named(argv[i], &value);
        if (option == NULL)
            return fail(o,
                        "serve: unknown option '%s'; see perilune serve "
                        "--help",
                        argv[i]);
        if (value == NULL && option->set == set_require_key)
            value = "1";
        if (value == NULL && ++i == argc)
            return fail(o, "%s needs a value", option->flag);
        if (option->set == set_listen && !listens_said++) {
            o->listeners = 0; /* a flag wins over the environment */
            o->listen_text[0] = '\0';
        }
        if (option->set(o, value != NULL ? value : argv[i]) != 0)
            return -1;
    }
    return 0;
}

/* A body is held as it came and as it goes to the upstream, and others want
** room beside it. */
static int check_memory(struct options *o)
{
    size_t body = o->max_body != 0 ? o->max_body : (size_t)64 << 20;
    if (o->max_memory == 0 || o->max_memory / 4 >= body)
        return 0;
    return fail(o,
                "--max-memory must be at least four times --max-body, which "
                "is %zu bytes",
                body);
}

int options_read(struct options *o, int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *o = (struct options){.workers = cores > 0 ? (int)cores : 1,
                          .log = "-",
                          .grace = 30,
                          .usage_days = 400};
    if (o->workers > MOST_WORKERS)
        o->workers = MOST_WORKERS;
    if (read_environment(o) != 0)
        return -1;
    int result = read_flags(o, argc, argv);
    if (result != 0)
        return result;
    if (o->listeners == 0)
        set_listen(o, "127.0.0.1:8080");
    if (admin_find_tokens(&o->admin, o->error, sizeof o->error) != 0)
        return -1;
    return check_memory(o);
}
