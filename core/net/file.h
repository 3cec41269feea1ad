/*
** file.h -- reading a small file whole.
*/
#ifndef NET_FILE_H
#define NET_FILE_H

#include "base/arena.h"

/* Read the regular file at `path` (zero-terminated) into the arena. 0;
** ERR_MISSING when it is not there, ERR_LIMIT when it is larger than `max`,
** ERR_INPUT when it is no regular file, ERR_SYSTEM when it cannot be read,
** ERR_MEMORY. */
int file_read(const char *path, size_t max, struct arena *arena, str *text);

/* Is there anything at `path` (zero-terminated), readable or not? */
bool file_exists(const char *path);

#endif
