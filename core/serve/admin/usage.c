/*
** usage.c -- GET /admin/usage?by=team,day&from=2026-01-01: who has used what.
**
** The parameters are those of `perilune usage` (store/usage/usage.h). The answer
** is JSON or, where the client accepts text/csv or says format=csv, that. What
** the workers have not written yet, a fraction of a second, is not in it.
*/
#include "serve/admin/inner.h"

#include "run/realm/realm.h"
#include "store/usage/usage.h"

#define MOST_LINES 20000
#define MOST_BYTES ((size_t)16 << 20)

static bool bad(struct errand *e, const char *why)
{
    errand_no(e,
              &(struct no){400, "invalid_query", str_of(why), STR_NONE, NULL});
    return false;
}

static enum usage_format accepted(const struct errand *e)
{
    return str_eq(http_field(e->head, STR("accept")), STR("text/csv"))
               ? USAGE_CSV
               : USAGE_JSON;
}

static bool take_format(struct errand *e, str value, enum usage_format *format)
{
    *format = str_eq(value, STR("csv")) ? USAGE_CSV : USAGE_JSON;
    return *format == USAGE_CSV || str_eq(value, STR("json"))
               ? true
               : bad(e, "format is csv or json");
}

static bool take_one(struct errand *e, struct usage_query *q, str name,
                     str value)
{
    char room[USAGE_WHY];
    const char *wrong = "every parameter has a value, such as by=team";
    if (value.p != NULL)
        wrong = usage_query_take(q, name, value, room);
    return wrong == NULL ? true : bad(e, wrong);
}

static bool take_query(struct errand *e, struct usage_query *q,
                       enum usage_format *format)
{
    char room[USAGE_WHY];
    str rest = e->head->query, name, value;
    uint64_t dice[2];
    world_random(e->admin->rt->world, dice, sizeof dice);
    usage_query_init(q, world_calendar(e->admin->rt->world), dice);
    q->most = MOST_LINES;
    *format = accepted(e);
    while (query_next(e, &rest, &name, &value)) {
        bool is = str_eq(name, STR("format"));
        if (!(is ? take_format(e, value, format) : take_one(e, q, name, value)))
            return false;
    }
    const char *wrong = usage_query_check(q, room);
    return wrong == NULL ? true : bad(e, wrong);
}

static void unreadable(struct errand *e, const struct store_why *why)
{
    errand_no(e, &(struct no){503, "usage_unreadable", str_of(why->text),
                              STR_NONE, NULL});
}

static void answer(struct errand *e, const struct usage_query *q,
                   enum usage_format format, struct store *s)
{
    struct buf body;
    struct store_why why = {.result = STORE_MEMORY,
                            .text = "there is no memory for this report"};
    buf_init(&body, MOST_BYTES);
    bool well = usage_report(&body, s, q, format, &why);
    if (!well && why.result == STORE_INPUT)
        bad(e, why.text);
    else if (!well || !buf_ok(&body))
        unreadable(e, &why);
    else if (format == USAGE_CSV)
        errand_text(e, "text/csv; charset=utf-8", buf_str(&body));
    else
        errand_json(e, 200, buf_str(&body));
    buf_fini(&body);
}

void usage_show(struct errand *e, str none)
{
    struct usage_query q;
    struct store_why why;
    enum usage_format format;
    (void)none;
    if (!take_query(e, &q, &format))
        return;
    struct store *s = realm_store(e->admin->rt->realm, &why);
    if (s != NULL)
        answer(e, &q, format, s);
    else
        unreadable(e, &why);
}
