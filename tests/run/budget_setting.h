/*
** budget_setting.h -- a policy with budgets, in a store of its own.
**
** A store outlives a runtime: `reopen` is what a restart is. The folder goes when
** the test is over.
*/
#ifndef TESTS_RUN_BUDGET_SETTING_H
#define TESTS_RUN_BUDGET_SETTING_H

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy_rig.h"

static char folder[] = "/tmp/perilune-budget-XXXXXX";

/* A body of this many bytes in all, that asks for so many tokens (0: it does not
** say). In static memory. */
static inline const char *body_of(int max_tokens)
{
    static char body[512];
    char max[64] = "";
    if (max_tokens > 0)
        snprintf(max, sizeof max, "\"max_tokens\":%d,", max_tokens);
    snprintf(body, sizeof body, "{\"model\":\"any\",%s" MESSAGES "}", max);
    return body;
}

/* What of a budget such a body reserves. */
static inline int64_t reserved_for(int max_tokens)
{
    return (int64_t)strlen(body_of(max_tokens)) + 257 + max_tokens;
}

/* A policy in which "LIMIT" is a number. In static memory. */
static inline const char *with_limit(const char *policy, int64_t limit)
{
    static char text[4096];
    const char *at = strstr(policy, "LIMIT");
    snprintf(text, sizeof text, "%.*s%lld%s", (int)(at - policy), policy,
             (long long)limit, at + strlen("LIMIT"));
    return text;
}

static inline void open_store(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    CHECK(mkdtemp(folder) != NULL);
    rig_store = folder;
}

static inline int drop(const char *path, const struct stat *st, int kind,
                       struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void close_store(void)
{
    CHECK_INT(nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* A runtime under this policy, on a new store; and the end of both. */
static inline void start(const char *policy)
{
    open_store();
    begin(policy);
}

static inline void stop(void)
{
    finish();
    close_store();
}

/* The process ends, and another one begins on the same store. */
static inline void reopen(const char *policy)
{
    finish();
    begin(policy);
}

#endif
