/*
** edit.h -- saves a file again and again, as an author at work would, only
** faster.
**
** Every version has the text the file began with and a last line, a Lua
** comment, that no other version has.
*/
#ifndef BENCH_EDIT_H
#define BENCH_EDIT_H

#include <stddef.h>

struct edit {
    const char *path; /* borrowed */
    char *text;       /* what the file held at first */
    size_t len;
    char fresh[4096]; /* the name a new version is written under */
    long saved;       /* versions so far */
};

/* Read the file; the program ends if that cannot be done. */
void edit_open(struct edit *edit, const char *path);

/* Save the next version under another name, then put it in the old one's
** place: no reader ever sees half of it. */
void edit_replace(struct edit *edit);

/* Save the next version into the file itself: a reader may find it empty. */
void edit_in_place(struct edit *edit);

#endif
