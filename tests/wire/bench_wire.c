/*
** bench_wire.c -- what reading bodies and streams costs, per byte.
**
**     bench_wire [TURNS]        every row, in turns of a twentieth of a second
**     bench_wire 1 ROW          that row a hundred times, untimed, for callgrind
**
** The rows take turns, so that a slow minute of the machine falls on all of
** them; shown are the least and the median turn. On a machine shared with
** others the least says more, since everything else only adds.
*/
#include "base/buf.h"
#include "wire/dialect.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define EVENTS 200
#define MOST   99 /* turns */

static struct buf text;

static void fill(const char *piece, size_t n)
{
    buf_clear(&text);
    buf_text(&text, "{\"model\":\"gpt-4o\",\"temperature\":0.2,\"messages\":["
                    "{\"role\":\"user\",\"content\":\"");
    while (text.n + strlen(piece) + 4 <= n)
        buf_text(&text, piece);
    buf_text(&text, "\"}]}");
}

static const char prose[] =
    "The pilot asked how far it is to the near side of the moon, and nobody "
    "answered at once, for it depends on the day. ";
static const char escapes[] =
    "The pilot asked: \\\"how far is it to the near side?\\\"\\n"
    "Nobody answered at once, for it depends on the day. ";
static const char code[] =
    "if (a[\\\"b\\\"] > 1) {\\n\\tx = \\\"\\\\u\\\";\\n}\\n";
static const char cjk[] = "月球背面的无线电很安静\xef\xbc\x8c适合观测。";

/* A conversation of short messages. */
static void fill_turns(size_t n)
{
    buf_clear(&text);
    buf_text(&text, "{\"model\":\"gpt-4o\",\"messages\":[");
    for (int i = 0; text.n + 200 < n; i++)
        buf_print(&text, "%s{\"role\":\"%s\",\"content\":\"%s\"}",
                  i > 0 ? "," : "", i % 2 ? "assistant" : "user", prose);
    buf_text(&text, "]}");
}

static void fill_stream(void)
{
    buf_clear(&text);
    for (int i = 0; i < EVENTS; i++)
        buf_print(&text,
                  "data: {\"id\":\"chatcmpl-AbCdEf0123456789\",\"object\":"
                  "\"chat.completion.chunk\",\"created\":1760000000,\"model\":"
                  "\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":"
                  "{\"content\":\" word%d\"},\"logprobs\":null,"
                  "\"finish_reason\":null}]}\n\n",
                  i);
}

static void check(void)
{
    struct json_error error;
    if (!json_check(buf_str(&text), &error))
        abort();
}

/* What a request costs before and at its call: the check, a look at each
** message, the upstream's body. */
static void request(void)
{
    struct json_error error;
    struct json_map map;
    struct buf out;
    struct build in = {
        .body = buf_str(&text), .map = &map, .model = STR("gpt-4o-mini")};
    if (!json_check_map(buf_str(&text), &map, &error))
        abort();
    struct json root = json_mapped(buf_str(&text), &map);
    struct json_walk w = json_walk(json_get(root, STR("messages")));
    while (json_next(&w))
        if (json_get(w.value, STR("content")).kind != JSON_STRING)
            abort();
    buf_init(&out, text.n + 4096);
    if (dialect_openai.build(&in, &out) != 0)
        abort();
    buf_fini(&out);
}

static void stream(void)
{
    struct tap tap = {0};
    struct sse_event event;
    str rest = {text.p, sse_complete(buf_str(&text))};
    for (;;) {
        rest = str_from(rest, mould_pass(&tap.mould, rest, &tap.spoken));
        if (!sse_next(&rest, &event))
            break;
        if (dialect_openai.event(&tap, &event, false) != EVENT_RELAY)
            abort();
    }
}

static const struct row {
    const char *name;
    const char *piece; /* NULL: turns; "": a stream */
    size_t size;
    void (*run)(void);
} rows[] = {
    {"check-text-1k", prose, 1 << 10, check},
    {"check-text-32k", prose, 32 << 10, check},
    {"check-text-1m", prose, 1 << 20, check},
    {"check-escapes-1k", escapes, 1 << 10, check},
    {"check-escapes-32k", escapes, 32 << 10, check},
    {"check-escapes-1m", escapes, 1 << 20, check},
    {"check-code-32k", code, 32 << 10, check},
    {"check-cjk-1k", cjk, 1 << 10, check},
    {"check-cjk-32k", cjk, 32 << 10, check},
    {"check-cjk-1m", cjk, 1 << 20, check},
    {"check-turns-32k", NULL, 32 << 10, check},
    {"request-escapes-1k", escapes, 1 << 10, request},
    {"request-escapes-32k", escapes, 32 << 10, request},
    {"request-turns-32k", NULL, 32 << 10, request},
    {"stream-200", "", 0, stream},
};
#define ROWS (sizeof rows / sizeof rows[0])

static void prepare(const struct row *row)
{
    if (row->piece == NULL)
        fill_turns(row->size);
    else if (row->piece[0] == '\0')
        fill_stream();
    else
        fill(row->piece, row->size);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds for one run. */
static double turn(const struct row *row)
{
    prepare(row);
    row->run();
    double start = now(), took = 0;
    long runs = 0;
    for (; took < 5e7; took = now() - start)
        for (int i = 0; i < 20; i++, runs++)
            row->run();
    return took / (double)runs;
}

static int run_one(const char *name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        prepare(&rows[i]);
        for (int n = 0; n < 100; n++)
            rows[i].run();
        return 0;
    }
    return 1;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void show(const struct row *row, double *took, size_t turns)
{
    prepare(row);
    qsort(took, turns, sizeof *took, by_size);
    printf("%-20s %9.0f ns  median %9.0f ns %7.3f ns/byte %6.2f GB/s\n",
           row->name, took[0], took[turns / 2], took[0] / (double)text.n,
           (double)text.n / took[0]);
}

int main(int argc, char **argv)
{
    static double took[ROWS][MOST];
    size_t turns = argc > 1 ? (size_t)strtol(argv[1], NULL, 10) : 9;
    buf_init(&text, 4 << 20);
    if (argc > 2)
        return run_one(argv[2]);
    if (turns < 1 || turns > MOST)
        return 1;
    for (size_t t = 0; t < turns; t++)
        for (size_t i = 0; i < ROWS; i++)
            took[i][t] = turn(&rows[i]);
    for (size_t i = 0; i < ROWS; i++)
        show(&rows[i], took[i], turns);
    buf_fini(&text);
    return 0;
}
