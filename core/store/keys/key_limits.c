/*
** key_limits.c -- amounts out of an array of JSON, each of another kind.
*/
#include "store/keys/key_limits.h"

#include "wire/json.h"

#define LONGEST 64 /* bytes of an amount */

/* The amounts of a list, one after another. */
struct amounts {
    struct json_walk walk;
    bool (*read)(str text, struct amount *out);
    const char *form; /* how one is written */
    int n;
    struct amount seen[LIMIT_PARTS + 1];
};

_Static_assert(KEY_BUDGETS <= LIMIT_PARTS, "seen holds both");

static struct amounts limits_of(str json)
{
    struct json list = json_of(json);
    struct amounts a = {
        .walk = json_walk(list),
        .read = amount_read_limit,
        .form = "write an amount like \"60 requests/min\", \"20k tokens/day\" "
                "or \"4 concurrent\"; periods are s, min, hour, day and week"};
    return a;
}

static struct amounts budgets_of(str json)
{
    struct json list = json_of(json);
    struct amounts a = {
        .walk = json_walk(list),
        .read = amount_read,
        .form = "write an amount like \"10 usd/day\", \"1M tokens/month\" or "
                "\"50k tokens/request\"; periods are s, min, hour, day, week "
                "and month"};
    return a;
}

static bool is_list(str json)
{
    return json.n > 0 && json_of(json).kind == JSON_ARRAY;
}

static bool again(const struct amounts *a)
{
    const struct amount *last = &a->seen[a->n - 1];
    for (int i = 0; i + 1 < a->n; i++)
        if (a->seen[i].unit == last->unit && a->seen[i].per == last->per &&
            a->seen[i].each_request == last->each_request)
            return true;
    return false;
}

/* The next one; NULL at the end, and when *wrong says why. */
static const struct amount *next(struct amounts *a, int most,
                                 const char **wrong)
{
    char room[LONGEST * 6 + 2];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    if (!json_next(&a->walk))
        return NULL;
    struct amount *amount = &a->seen[a->n];
    str said = json_text(a->walk.value, &text);
    if (a->n == most)
        *wrong = "at most four amounts";
    else if (said.p == NULL || said.n > LONGEST || !a->read(said, amount))
        *wrong = a->form;
    else if (a->n++ > 0 && again(a))
        *wrong = "two of them count the same; write one";
    return *wrong == NULL ? amount : NULL;
}

/* --- limits ---------------------------------------------------------------- */

static const enum limit_unit limit_units[] = {
    [AMOUNT_REQUESTS] = COUNT_REQUESTS,
    [AMOUNT_TOKENS] = COUNT_TOKENS,
    [AMOUNT_CONCURRENT] = COUNT_PLACES,
};

static const int64_t seconds[] = {
    [PERIOD_SECOND] = 1,  [PERIOD_MINUTE] = 60,   [PERIOD_HOUR] = 3600,
    [PERIOD_DAY] = 86400, [PERIOD_WEEK] = 604800,
};

static const char *limit_wrong(const struct amount *a)
{
    if (a->unit == AMOUNT_USD)
        return "money is counted by budgets; limits count requests and tokens";
    if (a->unit != AMOUNT_CONCURRENT && a->per == PERIOD_MONTH)
        return "a limit's longest period is a week";
    if (!a->whole || a->n < 1)
        return "an amount is a whole number of at least 1";
    return NULL;
}

static struct limit_part part_of(const struct amount *a)
{
    struct limit_part part = {.unit = limit_units[a->unit], .rate.n = a->n};
    if (part.unit != COUNT_PLACES)
        part.rate.per = seconds[a->per] * NANOS_S;
    return part;
}

const char *key_limits_read(str json, struct limit_rules *rules)
{
    const char *wrong = NULL;
    const struct amount *a;
    rules->n = 0;
    if (json.p == NULL)
        return NULL;
    if (!is_list(json))
        return "limits are a list, such as [\"60 requests/min\"]";
    struct amounts list = limits_of(json);
    while ((a = next(&list, LIMIT_PARTS, &wrong)) != NULL) {
        if ((wrong = limit_wrong(a)) != NULL)
            break;
        rules->parts[rules->n++] = part_of(a);
    }
    return wrong;
}

/* --- budgets --------------------------------------------------------------- */

const char *key_budgets_read(str json, struct key_budgets *budgets)
{
    const char *wrong = NULL;
    const struct amount *a;
    budgets->n = 0;
    if (json.p == NULL)
        return NULL;
    if (!is_list(json))
        return "budgets are a list, such as [\"10 usd/day\"]";
    struct amounts list = budgets_of(json);
    while ((a = next(&list, KEY_BUDGETS, &wrong)) != NULL) {
        bool fits = a->unit == AMOUNT_USD ? a->nano >= 1 && a->nano < INT64_MAX
                                          : a->whole && a->n >= 1;
        if (a->unit == AMOUNT_REQUESTS)
            return "requests are counted by limits; budgets count tokens and "
                   "money";
        if (!fits)
            return "an amount is a whole number of at least 1, or money of at "
                   "least a billionth of a dollar and less than nine billion";
        budgets->amounts[budgets->n++] = *a;
    }
    return wrong;
}
