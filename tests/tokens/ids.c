/*
** ids.c -- tokens of texts, for those who compare.
**
**     ids RANKS cl100k|o200k     texts on standard input, each behind its length
**                                in four bytes; for each: its count, then the
**                                number of its ids, then the ids
**     ids RANKS cl100k|o200k SECONDS FILE
**                                how fast a file is counted: bytes per second of
**                                processor time, best of the turns of that long
*/
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel/tokens/tokens.h"

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "ids: %s\n", what);
    exit(1);
}

static str slurp(FILE *f, size_t n)
{
    char *p = malloc(n + 1);
    if (p == NULL || fread(p, 1, n, f) != n)
        die("cannot read");
    return (str){p, n};
}

static str read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        die(path);
    long n = ftell(f);
    rewind(f);
    str text = slurp(f, (size_t)n);
    fclose(f);
    return text;
}

static void put(const uint32_t *words, size_t n)
{
    if (fwrite(words, sizeof *words, n, stdout) != n)
        die("cannot write");
}

static void one_text(const struct encoding *e, size_t n)
{
    str text = slurp(stdin, n);
    struct bpe b = {.ranks = &e->ranks}, counted = b;
    b.ids = malloc((n + 1) * sizeof *b.ids);
    b.ids_max = n;
    if (b.ids == NULL || tokens_split(&b, e->split, text) != 0 ||
        tokens_split(&counted, e->split, text) != 0)
        die("no memory");
    put(&(uint32_t){(uint32_t)counted.n}, 1);
    put(&(uint32_t){(uint32_t)b.n}, 1);
    put(b.ids, (size_t)b.n);
    free(b.ids);
    free((char *)text.p);
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(const struct encoding *e, double seconds, str text)
{
    double best = 0;
    for (double end = cpu() + seconds; cpu() < end;) {
        int n = 0;
        double from = cpu(), took = 0;
        for (; took < 0.02; took = cpu() - from, n++) {
            struct bpe b = {.ranks = &e->ranks};
            tokens_split(&b, e->split, text);
        }
        double speed = (double)text.n * n / took;
        best = speed > best ? speed : best;
    }
    printf("%.0f\n", best);
}

int main(int argc, char **argv)
{
    struct encoding e;
    uint32_t n;
    if (argc != 3 && argc != 5)
        die("RANKS cl100k|o200k [SECONDS FILE]");
    str ranks = read_file(argv[1]);
    if (ranks_read(&e.ranks, ranks) != 0)
        die("no rank file");
    free((char *)ranks.p);
    e.split = strcmp(argv[2], "o200k") == 0 ? SPLIT_O200K : SPLIT_CL100K;
    if (argc == 5)
        measure(&e, atof(argv[3]), read_file(argv[4]));
    else
        while (fread(&n, sizeof n, 1, stdin) == 1)
            one_text(&e, n);
    ranks_fini(&e.ranks);
    return 0;
}
