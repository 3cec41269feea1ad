/*
** record.c -- a key's record, as it is told and as it is brought.
**
** Members that are not known are refused: whoever misspells "limits" would have
** a key without any. What a member says is checked before anything is kept
** (store/keys/key_check.h).
*/
#include "serve/admin/inner.h"

#include <stdio.h>

#include "base/defence.h"
#include "base/utc.h"
#include "bind/budget/key.h"
#include "meter/price/price.h"
#include "store/keys/key_check.h"
#include "store/keys/key_limits.h"
#include "wire/when.h"

#define MOST_DAYS ((nanos)36500)

/* --- telling --------------------------------------------------------------- */

static void put_text(struct buf *to, const char *name, str value)
{
    json_put_name(to, str_of(name));
    if (value.p != NULL)
        json_put_string(to, value);
    else
        buf_text(to, "null");
}

static void put_json(struct buf *to, const char *name, str value,
                     const char *otherwise)
{
    json_put_name(to, str_of(name));
    buf_add(to, value.p != NULL ? value : str_of(otherwise));
}

static void put_moment(struct buf *to, const char *name, nanos at)
{
    char text[64];
    struct utc u = utc_of(at > 0 && at != NANOS_NEVER ? at / NANOS_S : 0);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", u.year,
             u.month, u.day, u.hour, u.minute, u.second);
    put_text(to, name, at != NANOS_NEVER ? str_of(text) : STR_NONE);
}

static str state_of(const struct client_key *key, nanos now)
{
    if (key->revoked != NANOS_NEVER)
        return STR("revoked");
    return now >= key->expires ? STR("expired") : STR("valid");
}

void record_put(struct buf *to, const struct client_key *key,
                const struct mac *mark, nanos now)
{
    char digits[8];
    str_hex(digits, mark->byte, sizeof digits / 2);
    put_text(to, "id", key->id);
    put_text(to, "state", state_of(key, now));
    put_text(to, "mark", (str){digits, sizeof digits});
    put_text(to, "user", key->user);
    put_text(to, "team", key->team);
    put_text(to, "feature", key->feature);
    json_put_name(to, STR("admin"));
    buf_text(to, key->admin ? "true" : "false");
    put_json(to, "models", key->models, "null");
    put_json(to, "limits", key->limits, "[]");
    put_json(to, "budgets", key->budgets, "[]");
    put_json(to, "metadata", key->metadata, "{}");
    put_moment(to, "created", key->created);
    put_moment(to, "expires", key->expires);
    put_moment(to, "revoked", key->revoked);
}

/* --- spending -------------------------------------------------------------- */

static void put_amount(struct buf *to, const char *name, int64_t n, bool usd)
{
    json_put_name(to, str_of(name));
    if (usd)
        price_put(to, n);
    else
        buf_int(to, n);
}

static void put_spent(struct buf *to, const struct client_key *key,
                      const struct amount *a, struct runtime *rt)
{
    nanos ends;
    struct ledger_view view;
    bool usd = a->unit == AMOUNT_USD;
    if (!key_budget_look(rt, key->id, a, &view, &ends))
        return;
    if (to->p[to->n - 1] == '}')
        buf_byte(to, ',');
    buf_byte(to, '{');
    put_text(to, "unit", str_of(amount_unit_name(a->unit)));
    put_text(to, "per", str_of(amount_period_name(a)));
    put_amount(to, "limit", usd ? a->nano : a->n, usd);
    put_amount(to, "spent", view.spent, usd);
    put_amount(to, "reserved", view.reserved, usd);
    put_amount(to, "left", view.left, usd);
    put_moment(to, "resets", ends);
    buf_byte(to, '}');
}

void record_put_spending(struct buf *to, const struct client_key *key,
                         struct runtime *rt)
{
    struct key_budgets budgets;
    json_put_name(to, STR("spending"));
    buf_byte(to, '[');
    if (key_budgets_read(key->budgets, &budgets) == NULL)
        for (int i = 0; i < budgets.n && buf_ok(to); i++)
            put_spent(to, key, &budgets.amounts[i], rt);
    buf_byte(to, ']');
}

/* --- taking ---------------------------------------------------------------- */

static bool wrong(struct errand *e, const char *code, str member, str message)
{
    errand_no(e, &(struct no){400, code, message, member, NULL});
    return false;
}

static bool wrong_member(struct errand *e, const char *member,
                         const char *message)
{
    return wrong(
        e, "invalid_member", str_of(member),
        arena_join(&e->arena, str_of(member), STR(": "), str_of(message)));
}

static bool take_text(struct errand *e, const char *member, struct json v,
                      str *to)
{
    struct buf text;
    *to = STR_NONE;
    if (v.kind == JSON_NULL)
        return true;
    if (v.kind != JSON_STRING)
        return wrong_member(e, member, "a text, or null");
    buf_init(&text, v.text.n + 1);
    *to = arena_copy(&e->arena, json_text(v, &text));
    buf_fini(&text);
    return to->p != NULL ? true : wrong_member(e, member, "too long");
}

/* JSON as it came, null being nothing. */
static bool take_json(struct json v, str *to)
{
    *to = v.kind == JSON_NULL ? STR_NONE : v.text;
    return true;
}

static bool take_bool(struct errand *e, const char *member, struct json v,
                      bool *to)
{
    *to = v.kind == JSON_TRUE;
    return v.kind == JSON_TRUE || v.kind == JSON_FALSE
               ? true
               : wrong_member(e, member, "true or false");
}

/* "30d", "12h", "90min" as a length; WHEN_NONE when it is none. */
static nanos lasting(str text)
{
    static const struct {
        str unit;
        nanos of;
    } units[] = {{{"s", 1}, NANOS_S},
                 {{"min", 3}, 60 * NANOS_S},
                 {{"m", 1}, 60 * NANOS_S},
                 {{"h", 1}, 3600 * NANOS_S},
                 {{"d", 1}, 86400 * NANOS_S}};
    size_t digits = 0;
    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    int64_t n = str_number((str){text.p, digits}, 3000000000);
    for (size_t i = 0; n > 0 && i < sizeof units / sizeof units[0]; i++)
        if (str_eq(str_from(text, digits), units[i].unit) &&
            n <= MOST_DAYS * 86400 * NANOS_S / units[i].of)
            return n * units[i].of;
    return WHEN_NONE;
}

static bool take_expires(struct errand *e, struct json v, nanos *to)
{
    str text;
    nanos now = world_calendar(e->admin->rt->world);
    if (!take_text(e, "expires", v, &text))
        return false;
    *to = NANOS_NEVER;
    if (text.p == NULL)
        return true;
    nanos length = lasting(text);
    *to = length != WHEN_NONE ? now + length : when_date(text);
    if (*to > now && *to != NANOS_NEVER)
        return true;
    return wrong_member(e, "expires",
                        "a time such as \"30d\", \"12h\" or \"90min\" from "
                        "now, a date to come such as "
                        "\"2030-01-31T00:00:00Z\", or null");
}

/* One member, by its decoded name. */
static bool take_member(struct errand *e, struct client_key *key, str raw,
                        struct json v)
{
    const struct {
        const char *member;
        str *to;
        bool json;
    } texts[] = {
        {"user", &key->user, false},        {"team", &key->team, false},
        {"feature", &key->feature, false},  {"models", &key->models, true},
        {"metadata", &key->metadata, true}, {"limits", &key->limits, true},
        {"budgets", &key->budgets, true},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (json_is(raw, str_of(texts[i].member)))
            return texts[i].json
                       ? take_json(v, texts[i].to)
                       : take_text(e, texts[i].member, v, texts[i].to);
    if (json_is(raw, STR("admin")))
        return take_bool(e, "admin", v, &key->admin);
    if (json_is(raw, STR("expires")))
        return take_expires(e, v, &key->expires);
    if (!DEFENCE(admin_members))
        return true;
    return wrong(e, "unknown_member", STR_NONE,
                 STR("The body has a member that is none of user, team, "
                     "feature, models, metadata, limits, budgets, admin and "
                     "expires."));
}

bool record_take(struct errand *e, struct client_key *key)
{
    struct json_walk w = json_walk(e->root);
    while (json_next(&w))
        if (!take_member(e, key, w.name, w.value))
            return false;
    struct key_wrong is = key_check(key);
    return is.message == NULL ? true : wrong_member(e, is.member, is.message);
}
