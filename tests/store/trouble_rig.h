/*
** trouble_rig.h -- what the tests of damaged and taken stores share.
*/
#ifndef TESTS_STORE_TROUBLE_RIG_H
#define TESTS_STORE_TROUBLE_RIG_H

#include <fcntl.h>
#include <sys/wait.h>

#include "store/store_rig.h"

#define PAGE 4096

/* Run a promise in a child; true when it kept it. */
static inline bool in_child(bool (*fn)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(fn() ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Opening is refused with this result, and these words are in the text. */
static inline void refused(enum store_result result, const char *words)
{
    CHECK_INT(open_again(), result);
    CHECK(store == NULL);
    CHECK(strstr(why.text, words) != NULL);
    CHECK(strstr(why.text, options.path) != NULL);
    if (strstr(why.text, words) == NULL)
        printf("#    it said: %s\n", why.text);
}

static inline void rig_close_shut(void)
{
    store_close(store);
    store = NULL;
}

#endif
