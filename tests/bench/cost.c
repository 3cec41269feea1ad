/*
** cost.c -- CPU time and memory of a process tree.
**
** A process has a CPU clock that others may read: nanoseconds, all threads,
** those that have ended included. /proc/PID/stat would count in ticks of
** 10 ms and lose the threads that are gone. Children are found through
** /proc; one that ended between two readings is missing from the second,
** and servers that are measured have none such.
*/
#include "cost.h"
#include "tool.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t cpu_of(long pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid((pid_t)pid, &clock) != 0 ||
        clock_gettime(clock, &t) != 0)
        tool_die("process %ld is gone", pid);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static long rss_of(long pid)
{
    char path[64], line[128];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *in = fopen(path, "r");
    if (in == NULL)
        tool_die("%s", path);
    while (fgets(line, sizeof line, in) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    fclose(in);
    return kb;
}

static void add_tree(struct cost *sum, long pid);

/* The children that one thread has made. */
static void add_children(struct cost *sum, long pid, const char *thread)
{
    char path[320];
    long child;
    snprintf(path, sizeof path, "/proc/%ld/task/%s/children", pid, thread);
    FILE *in = fopen(path, "r");
    if (in == NULL)
        return; /* the thread has ended */
    while (fscanf(in, "%ld", &child) == 1)
        add_tree(sum, child);
    fclose(in);
}

static void add_tree(struct cost *sum, long pid)
{
    char path[64];
    long rss = rss_of(pid);
    sum->cpu += cpu_of(pid);
    if (rss > sum->rss_kb)
        sum->rss_kb = rss;

    snprintf(path, sizeof path, "/proc/%ld/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        tool_die("%s", path);
    for (struct dirent *e; (e = readdir(threads)) != NULL;)
        if (e->d_name[0] != '.')
            add_children(sum, pid, e->d_name);
    closedir(threads);
}

struct cost cost_of(long pid)
{
    struct cost sum = {0, 0};
    add_tree(&sum, pid);
    return sum;
}
