/*
** trouble.h -- what can go wrong with a store, and how it is said.
**
** A result says which; store_say puts it into words with the folder and what
** to do. None of them ends anything: the next batch may go well again, once
** there is room.
*/
#ifndef STORE_TROUBLE_H
#define STORE_TROUBLE_H

enum store_result {
    STORE_OK,
    STORE_MISSING,   /* no such row */
    STORE_QUEUE,     /* too much waits to be written */
    STORE_FULL,      /* it has grown to the most it may */
    STORE_DISK,      /* the disk is full, or the quota */
    STORE_READ_ONLY, /* may not be written */
    STORE_IO,        /* the disk fails */
    STORE_MEMORY,    /* no memory */
    STORE_COUNTER, /* a count would leave 63 bits, or the row does not count */
    STORE_INPUT,   /* a name, key or value that cannot be */
    STORE_DAMAGED, /* what is there is not what was written */
    STORE_BUSY,    /* another process has it */
    STORE_FORKED,  /* opened before a fork */
    STORE_NEWER,   /* written by a newer version, or an unknown one */
    STORE_FOLDER,  /* the path is no folder, or cannot be one */
    STORE_ABSENT,  /* to look at: there is no store yet */
    STORE_RESULTS  /* how many there are */
};

/* Why something did not go, in words. */
struct store_why {
    enum store_result result;
    char text[600];
};

/* Fill in: the result, the path, what to do; `detail` (or NULL) is what was
** seen. Returns the result. */
enum store_result store_say(struct store_why *why, enum store_result result,
                            const char *path, const char *detail);

/* What an errno of a file means. */
enum store_result store_errno(int error);

/* The word for a result, such as "disk full". */
const char *store_word(enum store_result result);

#endif
