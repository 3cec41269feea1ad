/*
** loopguard.h -- what keeps libev from ending the process.
**
** libev has no way to say that there is no memory or no descriptor: it aborts.
** So it gets an allocator that falls back on a reserve kept for this, and,
** where it wants a descriptor and there is none, one that was kept for it.
** Both are of the process, which is why the program sets them and the library
** does not.
*/
#ifndef GATE_LOOPGUARD_H
#define GATE_LOOPGUARD_H

/* Set them; before the first loop, once. */
void loopguard_set(void);

#endif
