/*
** harden.h -- what the process gives up, so that who breaks in finds little.
**
**     harden_stdio     0, 1 and 2 are open, so nothing else gets their numbers
**     harden_keys      the environment moves to pages that are never swapped
**                      nor dumped; what /proc shows of it is blank
**     harden_process   no core file, no debugger, no new privileges
**     fence_files      Landlock: what may be read; nothing may be run
**     jail_calls       seccomp: the calls that serving needs, and no others
**
** They are of the process, so the program does them and the library does not.
** Each does what the kernel offers; what it does not offer is told, once, by a
** line on standard error, and the gateway serves all the same.
*/
#ifndef GATE_HARDEN_H
#define GATE_HARDEN_H

enum jail {
    JAIL_ON,     /* what is not allowed fails with EPERM */
    JAIL_OFF,    /* neither fence nor jail */
    JAIL_STRICT, /* what is not allowed ends the process: for tests */
};

/* Before anything is opened: a closed one becomes /dev/null. */
void harden_stdio(void);

/* First of all: pointers that getenv gave before are no good after. */
void harden_keys(void);

/* For good: these cannot be taken back. */
void harden_process(void);

/* Before the first thread that is to be fenced. `next` gives the paths that
** may be read one by one, NULL at the end; each stands for its folder and all
** below it, and for the places its symbolic links lead to. `store` may be
** written to, where it exists. */
void fence_files(const char *store, const char *(*next)(void *), void *user);

/* All threads, those that run already too. */
void jail_calls(enum jail jail);

#endif
