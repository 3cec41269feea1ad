/*
** stage_inner.h -- what stage.c and guest.c share.
*/
#ifndef TOOL_STAGE_INNER_H
#define TOOL_STAGE_INNER_H

#include "tool/stage.h"

struct stage {
    struct world *world;
    struct runtime rt;
    struct service service;
    str library;
    struct buf log;
    struct buf guests;   /* struct guest * each, by number; NULL: forgotten */
    struct guest *ended; /* the last; its line is still to come */
};

/* Free every guest; none runs any more. */
void stage_forget_all(struct stage *s);

#endif
