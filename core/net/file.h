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

/* Open a file for reading, without waiting for anybody; -1 when it cannot be.
** Whoever opened it closes it. */
int file_open(const char *path);
void file_close(int fd); /* -1 is fine */

/* Read an open regular file whole, from its first byte, into memory that the
** caller frees. Results as of file_read. */
int file_whole(int fd, size_t max, char **text, size_t *n);

/* Is there anything at `path` (zero-terminated), readable or not? */
bool file_exists(const char *path);

#endif
