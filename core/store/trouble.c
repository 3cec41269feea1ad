/*
** trouble.c -- a table of what went wrong and what to do.
*/
#include "store/trouble.h"

#include <errno.h>
#include <stdio.h>

static const struct words {
    const char *word, *todo;
} words[STORE_RESULTS] = {
    [STORE_OK] = {"fine", ""},
    [STORE_MISSING] = {"no such row", ""},
    [STORE_QUEUE] = {"too much waits to be written",
                     "try again when the disk has caught up"},
    [STORE_FULL] = {"as large as it may be",
                    "let rows expire, delete some, or allow it more"},
    [STORE_DISK] = {"the disk is full",
                    "make room on it; writing goes on by itself"},
    [STORE_READ_ONLY] = {"it cannot be written",
                         "let the user that runs this write to it, or name "
                         "another folder with --store"},
    [STORE_IO] = {"the disk fails", "look at the system's log"},
    [STORE_MEMORY] = {"no memory", "try again later"},
    [STORE_COUNTER] = {"that row cannot count so far", ""},
    [STORE_INPUT] = {"a table, key or value that cannot be stored", ""},
    [STORE_DAMAGED] = {"it is damaged",
                       "move the folder away to begin anew, or put a copy in "
                       "its place"},
    [STORE_BUSY] = {"another process has it open",
                    "end that one, or name another folder with --store"},
    [STORE_FORKED] = {"it was opened before a fork",
                      "open it in the process that uses it"},
    [STORE_NEWER] = {"another version of perilune wrote it",
                     "use that version, or name another folder with --store"},
    [STORE_FOLDER] = {"it cannot be a store's folder",
                      "name a folder whose parent is there, with --store"},
    [STORE_ABSENT] = {"nothing is stored there yet",
                      "name the gateway's folder with --store"},
};

const char *store_word(enum store_result result)
{
    return result < STORE_RESULTS ? words[result].word : "unknown";
}

enum store_result store_say(struct store_why *why, enum store_result result,
                            const char *path, const char *detail)
{
    if (why == NULL)
        return result;
    why->result = result;
    snprintf(why->text, sizeof why->text, "the store %.300s: %s%s%.120s%s%s%s",
             path, store_word(result), detail != NULL ? " (" : "",
             detail != NULL ? detail : "", detail != NULL ? ")" : "",
             words[result].todo[0] != '\0' ? "; " : "", words[result].todo);
    return result;
}

enum store_result store_errno(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return STORE_READ_ONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STORE_DISK;
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EISDIR:
        return STORE_FOLDER;
    case ENOMEM:
        return STORE_MEMORY;
    default:
        return STORE_IO;
    }
}
