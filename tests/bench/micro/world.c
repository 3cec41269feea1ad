/*
** world.c -- how much a simulated world gets done: requests a second of
** processor time, and what a test costs that asks once. `make bench-world`
** runs it; the bar is 20,000 requests a second.
*/
#include <stdio.h>
#include <stdlib.h>

#include "bind/bind.h"
#include "net/real.h"
#include "net/virtual/virtual.h"
#include "tool/stage.h"

#define BODY(stream)                                                 \
    "{\"model\":\"any\"," stream "\"messages\":[{\"role\":\"user\"," \
    "\"content\":\"How far is the moon?\"}]}"
#define MUST(what)                                                             \
    do {                                                                       \
        if (!(what)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
            abort();                                                           \
        }                                                                      \
    } while (0)

static const struct turn_row {
    const char *name, *policy, *body;
    bool down; /* the first model is */
} rows[] = {
    {"one model", "return 'openai/x'", BODY(""), false},
    {"a ladder, its first model down", "return { 'openai/x', 'groq/x' }",
     BODY(""), true},
    {"a stream", "return 'openai/x'", BODY("\"stream\":true,"), false},
};

static int per_round = 20000;

static struct stage *open_stage(const struct turn_row *row)
{
    struct stage *s;
    struct stage_setup setup = {.bind = &bind_lua, .seed = 1};
    struct policy_source source = {.name = STR("P"),
                                   .text = str_of(row->policy)};
    struct upstream_act act = {.script.fails = row->down ? 500 : 0};
    MUST(stage_open(&s, &setup) == 0);
    MUST(upstreams_play(virtual_upstreams(stage_world(s)), STR("openai/x"),
                        &act, 1) == 0);
    MUST(stage_load(s, &source) == 0);
    return s;
}

static void ask(struct stage *s, const struct turn_row *row, int n)
{
    struct arrival what = {.method = STR("POST"),
                           .path = STR("/v1/chat/completions"),
                           .body = str_of(row->body)};
    nanos now = world_now(stage_world(s));
    size_t first = 0;
    for (int i = 0; i < n; i++) {
        const struct guest *g = stage_guest(s, &what, now + i * NANOS_MS);
        MUST(g != NULL);
        first = i == 0 ? g->number : first;
    }
    stage_play(s, NULL, NANOS_NEVER);
    for (size_t i = 0; i < (size_t)n; i++) {
        struct guest *g = stage_nth(s, first + i);
        MUST(g->done && g->status == 200);
        stage_forget(g);
    }
}

static void requests(const struct turn_row *row)
{
    double best = 0;
    for (int round = 0; round < 3; round++) {
        struct stage *s = open_stage(row);
        nanos from = real_cpu();
        ask(s, row, per_round);
        double took = (double)(real_cpu() - from) / 1e9;
        stage_close(s);
        if (per_round / took > best)
            best = per_round / took;
    }
    printf("| %-31s | %9.0f |\n", row->name, best);
}

static void tests(void)
{
    int n = per_round / 100;
    nanos from = real_cpu();
    for (int i = 0; i < n; i++) {
        struct stage *s = open_stage(&rows[1]);
        ask(s, &rows[1], 1);
        stage_close(s);
    }
    double took = (double)(real_cpu() - from) / 1e9;
    printf("\nA test that asks once costs %.0f us.\n", took / n * 1e6);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        per_round = atoi(argv[1]);
    MUST(per_round >= 100);
    puts("| simulated                       | requests/s of processor time |");
    puts("|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        requests(&rows[i]);
    tests();
    stage_forget_compiled();
    return 0;
}
