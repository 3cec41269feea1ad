/*
** retry.c -- what the bookkeeping of retries costs, a row for each step.
** `make bench-retry` runs it; the bar is a microsecond each.
*/
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "net/call/retry.h"

#define ROUNDS 15
#define TIMES  200000

static struct provider provider;
static struct retry_budget budget;
static struct key_state states[8];
static struct call failed;
static nanos now = 1000 * NANOS_S;
static uint64_t sum; /* so that nothing is left out */

static const struct http_field head[] = {
    {{"Date", 4}, {"Sun, 06 Nov 1994 08:49:37 GMT", 29}},
    {{"Content-Type", 12}, {"application/json", 16}},
    {{"Connection", 10}, {"keep-alive", 10}},
    {{"openai-organization", 19}, {"perilune", 8}},
    {{"openai-processing-ms", 20}, {"420", 3}},
    {{"x-ratelimit-limit-requests", 26}, {"10000", 5}},
    {{"x-ratelimit-limit-tokens", 24}, {"2000000", 7}},
    {{"x-ratelimit-remaining-requests", 30}, {"9999", 4}},
    {{"x-ratelimit-remaining-tokens", 28}, {"1999971", 7}},
    {{"x-ratelimit-reset-requests", 26}, {"6ms", 3}},
    {{"x-ratelimit-reset-tokens", 24}, {"1m3.5s", 6}},
    {{"x-request-id", 12}, {"req_0123456789", 14}},
    {{"strict-transport-security", 25}, {"max-age=31536000", 16}},
    {{"CF-RAY", 6}, {"8e7a1b2c3d4e5f60-FRA", 20}},
};

static void read_limits(void)
{
    struct hints h;
    hints_read(&h, head, sizeof head / sizeof head[0], 784111777 * NANOS_S);
    sum += (uint64_t)h.tokens.remaining;
}

static void read_none(void)
{
    struct hints h;
    hints_read(&h, head, 5, 784111777 * NANOS_S);
    sum += (uint64_t)h.should_retry;
}

static void count_first(void)
{
    retry_budget_load(&budget, now);
}

static void decide(void)
{
    struct retry t = {.tries = 3};
    sum += (uint64_t)retry_when(&t, &failed, now, 12345);
    now += NANOS_MS;
}

static void judge(void)
{
    struct upstream_error e = {.message = STR("Rate limit reached"),
                               .type = STR("requests"),
                               .code = STR("rate_limit_exceeded")};
    sum += fault_judge(429, &e).kind;
}

static void choose(void)
{
    sum += (uint64_t)keys_choose(&provider.keys, 0, now);
}

static const struct row {
    const char *name;
    void (*run)(void);
} rows[] = {
    {"limits of a head", read_limits},
    {"a head without any", read_none},
    {"a first attempt counted", count_first},
    {"retry or not", decide},
    {"an error judged", judge},
    {"a key of eight chosen", choose},
};
#define ROWS (sizeof rows / sizeof rows[0])

static double turn(void (*run)(void))
{
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int i = 0; i < TIMES; i++)
        run();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return ((double)(to.tv_sec - from.tv_sec) * 1e9 +
            (double)(to.tv_nsec - from.tv_nsec)) /
           TIMES;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static double took[ROWS][ROUNDS];
    retry_budget_init(&budget);
    provider.retries = &budget;
    provider.keys.n = 8;
    for (int i = 0; i < 8; i++)
        provider.keys.key[i].state = &states[i];
    key_troubled(&states[2], KEY_REFUSED, 0, now);
    failed =
        (struct call){.fault = {.kind = FAULT_OVERLOADED, .again = true},
                      .ask = {.provider = &provider, .deadline = NANOS_NEVER}};
    for (int n = 0; n < ROUNDS; n++)
        for (size_t i = 0; i < ROWS; i++)
            took[i][n] = turn(rows[i].run);
    for (size_t i = 0; i < ROWS; i++) {
        qsort(took[i], ROUNDS, sizeof took[i][0], by_size);
        printf("%-26s %8.1f ns  median %8.1f ns\n", rows[i].name, took[i][0],
               took[i][ROUNDS / 2]);
    }
    return sum == 0;
}
