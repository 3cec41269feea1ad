/*
** client_key.c -- a record to JSON and back, and what it allows.
*/
#include "store/keys/client_key.h"

#include "base/defence.h"
#include "store/keys/key_limits.h"
#include "store/record.h"

/* --- writing --------------------------------------------------------------- */

static void put_text(struct buf *to, const char *name, str value)
{
    if (value.p == NULL)
        return;
    json_put_name(to, str_of(name));
    json_put_string(to, value);
}

static void put_json(struct buf *to, const char *name, str value)
{
    if (value.p == NULL)
        return;
    json_put_name(to, str_of(name));
    buf_add(to, value);
}

static void put_moment(struct buf *to, const char *name, nanos at)
{
    if (at == NANOS_NEVER)
        return;
    json_put_name(to, str_of(name));
    buf_int(to, at);
}

void client_key_write(const struct client_key *key, struct buf *to)
{
    buf_byte(to, '{');
    put_text(to, "id", key->id);
    put_text(to, "user", key->user);
    put_text(to, "team", key->team);
    put_text(to, "feature", key->feature);
    put_json(to, "models", key->models);
    put_json(to, "metadata", key->metadata);
    put_json(to, "limits", key->limits);
    put_json(to, "budgets", key->budgets);
    if (key->admin)
        put_json(to, "admin", STR("true"));
    put_moment(to, "created", key->created);
    put_moment(to, "expires", key->expires);
    put_moment(to, "revoked", key->revoked);
    buf_byte(to, '}');
}

/* --- reading --------------------------------------------------------------- */

static str take_json(struct reading *r, const char *name, enum json_kind kind)
{
    struct json v = json_get(r->root, str_of(name));
    if (v.kind == JSON_NONE)
        return STR_NONE;
    str copy = arena_copy(r->arena, v.text);
    r->well = r->well && v.kind == kind && copy.p != NULL;
    return copy;
}

/* `otherwise` where nothing is said. */
static nanos take_moment(struct reading *r, const char *name, nanos otherwise)
{
    int64_t at = otherwise;
    struct json v = json_get(r->root, str_of(name));
    if (v.kind != JSON_NONE && !json_integer(v, &at))
        r->well = false;
    return at;
}

/* An array of strings? */
static bool are_patterns(str models)
{
    struct json_walk w = json_walk(json_of(models));
    while (json_next(&w))
        if (w.value.kind != JSON_STRING)
            return false;
    return true;
}

/* A copy of rules in the arena; NULL without memory. */
static const struct limit_rules *copy_rules(struct arena *a,
                                            const struct limit_rules *from)
{
    struct limit_rules *rules = arena_zero(a, sizeof *rules);
    if (rules != NULL)
        *rules = *from;
    return rules;
}

/* False: what stands there are no limits, or there is no memory for them. */
static bool take_limits(struct arena *a, struct client_key *key)
{
    struct limit_rules read;
    if (key_limits_read(key->limits, &read) != NULL)
        return !DEFENCE(key_limits_read);
    if (read.n == 0)
        return true;
    key->rules = copy_rules(a, &read);
    return key->rules != NULL;
}

bool client_key_read(str json, struct arena *scratch, struct client_key *key)
{
    struct json_error error;
    struct key_budgets budgets;
    struct reading r = {.arena = scratch, .well = true};
    if (!json_check(json, &error))
        return false;
    r.root = json_of(json);
    *key = (struct client_key){
        .id = reading_text(&r, "id", CLIENT_KEY_TEXT),
        .user = reading_text(&r, "user", CLIENT_KEY_TEXT),
        .team = reading_text(&r, "team", CLIENT_KEY_TEXT),
        .feature = reading_text(&r, "feature", CLIENT_KEY_TEXT),
        .models = take_json(&r, "models", JSON_ARRAY),
        .metadata = take_json(&r, "metadata", JSON_OBJECT),
        .limits = take_json(&r, "limits", JSON_ARRAY),
        .budgets = take_json(&r, "budgets", JSON_ARRAY),
        .admin = json_get(r.root, STR("admin")).kind == JSON_TRUE,
        .created = take_moment(&r, "created", 0),
        .expires = take_moment(&r, "expires", NANOS_NEVER),
        .revoked = take_moment(&r, "revoked", NANOS_NEVER),
    };
    return r.well && key->id.n > 0 && are_patterns(key->models) &&
           take_limits(scratch, key) &&
           key_budgets_read(key->budgets, &budgets) == NULL;
}

const struct client_key *client_key_copy(struct arena *a,
                                         const struct client_key *key)
{
    struct client_key *copy = arena_zero(a, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *key;
    const str *from[] = {&key->id,      &key->user,   &key->team,
                         &key->feature, &key->models, &key->metadata,
                         &key->limits,  &key->budgets};
    str *to[] = {&copy->id,     &copy->user,     &copy->team,   &copy->feature,
                 &copy->models, &copy->metadata, &copy->limits, &copy->budgets};
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
        *to[i] = arena_copy(a, *from[i]);
        if (from[i]->p != NULL && to[i]->p == NULL)
            return NULL;
    }
    if (key->rules == NULL)
        return copy;
    copy->rules = copy_rules(a, key->rules);
    return copy->rules != NULL ? copy : NULL;
}

/* --- what it allows -------------------------------------------------------- */

bool client_key_holds(const struct client_key *key, nanos now)
{
    return key->revoked == NANOS_NEVER && now < key->expires;
}

/* The byte at `at` of "provider/model", which is never put together. */
static char byte_at(str provider, str model, size_t at)
{
    if (at < provider.n)
        return provider.p[at];
    return at == provider.n ? '/' : model.p[at - provider.n - 1];
}

static bool same(str part, str provider, str model, size_t from)
{
    for (size_t i = 0; i < part.n; i++)
        if (part.p[i] != byte_at(provider, model, from + i))
            return false;
    return true;
}

bool client_key_fits(str pattern, str provider, str model)
{
    size_t whole = provider.n + 1 + model.n, star = str_find(pattern, '*');
    str before = {pattern.p, star};
    if (star == pattern.n)
        return whole == pattern.n && same(pattern, provider, model, 0);
    str after = str_from(pattern, star + 1);
    return whole >= before.n + after.n && same(before, provider, model, 0) &&
           same(after, provider, model, whole - after.n);
}

bool client_key_allows(const struct client_key *key, str provider, str model)
{
    char room[CLIENT_KEY_TEXT * 6 + 2];
    if (key == NULL || key->models.p == NULL || !DEFENCE(key_models))
        return true;
    struct json_walk w = json_walk(json_of(key->models));
    while (json_next(&w)) {
        struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
        str pattern = json_text(w.value, &text);
        if (pattern.p != NULL && client_key_fits(pattern, provider, model))
            return true;
    }
    return false;
}
