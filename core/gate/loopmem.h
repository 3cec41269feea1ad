/*
** loopmem.h -- memory for libev when there is none.
**
** libev cannot be told that memory is out: it ends the process. So it gets an
** allocator that, after malloc refused, takes from a reserve kept for this.
** It is one for the process, which is why the program sets it and the library
** does not.
*/
#ifndef GATE_LOOPMEM_H
#define GATE_LOOPMEM_H

/* Set it; before the first loop, once. */
void loopmem_reserve(void);

#endif
