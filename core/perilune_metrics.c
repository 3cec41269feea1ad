/*
** perilune_metrics.c -- the figures, under names that Prometheus knows.
*/
#include "perilune_inner.h"

#define AT(field) offsetof(struct stats, field)

static const struct figure {
    const char *name, *help;
    size_t at;
    int counter;
} figures[] = {
    {"perilune_requests_total", "Requests ended, by any way.", AT(requests), 1},
    {"perilune_requests_refused_total", "Requests answered with 4xx.",
     AT(refused), 1},
    {"perilune_requests_failed_total",
     "Requests answered with 5xx, or broken off.", AT(failed), 1},
    {"perilune_clients_gone_total", "Requests whose client left first.",
     AT(client_gone), 1},
    {"perilune_overloaded_total",
     "Requests answered with 503 because the gateway was full.", AT(overloaded),
     1},
    {"perilune_usage_failed_total",
     "Times that what was used could not be written to the store.",
     AT(usage_failed), 1},
    {"perilune_usage_lost_total",
     "Requests and calls that were not booked, for want of memory.",
     AT(usage_lost), 1},
    {"perilune_requests_open", "Requests in flight.", AT(open), 0},
    {"perilune_attempts_total", "Upstream calls.", AT(attempts), 1},
    {"perilune_attempts_failed_total", "Upstream calls that failed.",
     AT(attempts_bad), 1},
    {"perilune_policy_errors_total", "Policies that raised or misbehaved.",
     AT(policy_errors), 1},
    {"perilune_reloads_total", "Policy versions put in force.", AT(reloads), 1},
    {"perilune_reloads_failed_total", "Policy versions that did not load.",
     AT(reloads_bad), 1},
    {"perilune_prompt_tokens_total", "Prompt tokens of the answers.",
     AT(prompt_tokens), 1},
    {"perilune_completion_tokens_total", "Completion tokens of the answers.",
     AT(completion_tokens), 1},
    {"perilune_cached_tokens_total", "Prompt tokens the provider had cached.",
     AT(cached_tokens), 1},
    {"perilune_calls_unpriced_total",
     "Upstream calls that may be billed and whose cost is not known.",
     AT(unpriced), 1},
    {"perilune_bound_violations_total",
     "Upstream calls that took more than they were allowed.", AT(violations),
     1},
};

static const struct spread {
    const char *name, *help;
    size_t at;
} spreads[] = {
    {"latency", "Seconds of a request.", AT(latency)},
    {"ttft", "Seconds to the first token of a stream.", AT(ttft)},
    {"overhead", "Seconds spent in Perilune itself.", AT(overhead)},
};

static const struct quantile {
    const char *label;
    double q;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};

static void tell_spread(const struct spread *sp, const struct histogram *h,
                        void (*fn)(void *, const peri_metric *), void *user)
{
    char name[96];
    struct buf text = {.p = name, .cap = sizeof name, .max = sizeof name};
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        buf_clear(&text);
        buf_print(&text, "perilune_%s_seconds_%s", sp->name,
                  quantiles[i].label);
        double us = (double)histogram_quantile(h, quantiles[i].q);
        peri_metric m = {name, sp->help, us / 1e6, 0};
        fn(user, &m);
    }
}

int peri_metrics(perilune *s, void (*fn)(void *, const peri_metric *),
                 void *user)
{
    const char *stats = (const char *)&s->rt.stats;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        const struct figure *f = &figures[i];
        const atomic_uint_fast64_t *value = (const void *)(stats + f->at);
        peri_metric m = {f->name, f->help, (double)stat_get(value), f->counter};
        fn(user, &m);
    }
    peri_metric cost = {"perilune_cost_usd_total",
                        "Dollars of the upstream calls whose cost is known.",
                        (double)stat_get(&s->rt.stats.cost) / 1e9, 1};
    fn(user, &cost);
    for (size_t i = 0; i < sizeof spreads / sizeof spreads[0]; i++)
        tell_spread(&spreads[i], (const void *)(stats + spreads[i].at), fn,
                    user);
    return 0;
}
