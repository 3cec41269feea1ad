/*
** jail.c -- seccomp: the system calls that serving needs.
**
** A list of what is allowed, turned into a filter the kernel runs on every
** call; kernels since 5.11 remember the plain answers and run nothing. A few
** calls are allowed for some arguments only: threads but no processes, memory
** that can be written or run but not both, sockets of the net alone.
*/
#include "gate/harden.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

static const int allowed[] = {
    /* bytes */
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_close,
    SYS_lseek,
    SYS_fcntl,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_eventfd2,
    /* files: which ones, Landlock says */
    SYS_openat,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getcwd,
    SYS_getdents64,
    SYS_fstatfs,
    SYS_statfs,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_inotify_rm_watch,
    /* the store */
    SYS_fsync,
    SYS_fdatasync,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_flock,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_msync,
    /* sockets */
    SYS_connect,
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_listen,
    SYS_shutdown,
    SYS_getsockname,
    SYS_getpeername,
    SYS_setsockopt,
    SYS_getsockopt,
    SYS_sendto,
    SYS_recvfrom,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_recvmmsg,
    SYS_socketpair,
    /* waiting */
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_ppoll,
    SYS_pselect6,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_restart_syscall,
    /* time and chance */
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_getrandom,
    /* memory */
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_mlock,
    SYS_munlock,
    /* threads and signals */
    SYS_futex,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_gettid,
    SYS_getpid,
    SYS_tgkill,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    SYS_membarrier,
#ifdef SYS_rseq
    SYS_rseq,
#endif
    /* who and where we are */
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_uname,
    SYS_sysinfo,
    SYS_getrusage,
#ifdef __x86_64__ /* older names of the above */
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_poll,
    SYS_select,
    SYS_epoll_wait,
    SYS_pipe,
    SYS_mkdir,
    SYS_unlink,
    SYS_rename,
    SYS_time,
    SYS_getrlimit,
#endif
};

/* Allowed when the low word of an argument, under a mask, is one of these. */
static const struct some {
    int call;
    unsigned argument;
    unsigned mask;
    int n;
    unsigned values[4];
} some[] = {
    {SYS_clone, 0, CLONE_THREAD, 1, {CLONE_THREAD}},
    {SYS_mmap, 2, PROT_WRITE | PROT_EXEC, 3, {0, PROT_WRITE, PROT_EXEC}},
    {SYS_mprotect, 2, PROT_EXEC, 1, {0}},
    {SYS_socket, 0, ~0u, 4, {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}},
    {SYS_ioctl, 1, ~0u, 3, {FIONBIO, FIONREAD, 0x5401 /* TCGETS: isatty */}},
    {SYS_prctl, 0, ~0u, 2, {PR_SET_NAME, 0x53564d41 /* PR_SET_VMA */}},
    {SYS_prlimit64, 2, ~0u, 1, {0}}, /* to ask, not to set */
};

#define MOST 512

struct program {
    struct sock_filter code[MOST];
    unsigned short n;
};

static void put(struct program *p, struct sock_filter one)
{
    p->code[p->n++] = one;
}

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define SKIP_UNLESS(value, skipped) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skipped))
#define PUT(p, ...) put((p), (struct sock_filter)__VA_ARGS__)

/* The low word of an argument; little-endian, as both our machines are. */
static unsigned word_of(unsigned argument)
{
    return (unsigned)offsetof(struct seccomp_data, args) + 8 * argument;
}

static void put_some(struct program *p, const struct some *s, unsigned denied)
{
    PUT(p, SKIP_UNLESS((unsigned)s->call, (unsigned char)(3 + 2 * s->n)));
    PUT(p, LOAD(word_of(s->argument)));
    PUT(p, BPF_STMT(BPF_ALU | BPF_AND | BPF_K, s->mask));
    for (int i = 0; i < s->n; i++) {
        PUT(p, SKIP_UNLESS(s->values[i], 1));
        PUT(p, RETURN(SECCOMP_RET_ALLOW));
    }
    PUT(p, RETURN(denied));
}

#ifdef OUR_ARCH
static void compile(struct program *p, unsigned denied)
{
    PUT(p, LOAD(offsetof(struct seccomp_data, arch)));
    PUT(p, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0));
    PUT(p, RETURN(SECCOMP_RET_KILL_PROCESS));
    PUT(p, LOAD(offsetof(struct seccomp_data, nr)));
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        PUT(p, SKIP_UNLESS((unsigned)allowed[i], 1));
        PUT(p, RETURN(SECCOMP_RET_ALLOW));
    }
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        put_some(p, &some[i], denied);
    PUT(p, SKIP_UNLESS(SYS_clone3, 1)); /* libc then asks for clone */
    PUT(p, RETURN(SECCOMP_RET_ERRNO | ENOSYS));
    PUT(p, RETURN(denied));
}

static int install(const struct program *p)
{
    struct sock_fprog it = {p->n, (struct sock_filter *)p->code};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_TSYNC, &it);
}

void jail_calls(enum jail jail)
{
    static struct program p;
    compile(&p, jail == JAIL_STRICT ? SECCOMP_RET_KILL_PROCESS
                                    : SECCOMP_RET_ERRNO | EPERM);
    if (install(&p) != 0)
        fprintf(stderr, "perilune: system calls are not fenced in: %s\n",
                strerror(errno));
}
#else
void jail_calls(enum jail jail)
{
    (void)jail;
    fputs("perilune: system calls are not fenced in: unknown machine\n",
          stderr);
}
#endif
