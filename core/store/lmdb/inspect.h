/*
** inspect.h -- can LMDB be trusted with this file?
**
** LMDB believes what it maps. A garbled page ends the process (abort), a file
** that is too short does (SIGBUS), so both are looked for before it is opened:
** the two heads always; and every page that can be reached, where the file is
** small, shorter than its head says, or in doubt after a loss of power.
**
**     head 0 | head 1 | pages ...        the head with the higher number counts
**                \--> tree of tables --> trees of rows --> pages of long values
**                 \-> tree of free pages
**
** What is looked for: each page says its own number and a kind that fits, its
** entries lie within it, keys ascend, no page is reached twice, and counts are
** what the tree's root says. The format is that of LMDB 0.9 on a 64-bit machine.
*/
#ifndef STORE_LMDB_INSPECT_H
#define STORE_LMDB_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/trouble.h"

/* The file of an open folder; a missing or empty one is fine. STORE_OK, or
** STORE_DAMAGED, STORE_IO, STORE_MEMORY..., with what was seen in *detail
** (static text). `doubt`: look at every page. */
enum store_result inspect_file(int dir, bool doubt, const char **detail);

#endif
