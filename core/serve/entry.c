/*
** entry.c -- may this client come in?
**
** A key may come in any of four headers; whichever it is, it is looked at in
** one way. Where keys are wanted and there is none, or one that is unknown,
** revoked or expired, the answer is the same 401, which repeats nothing of it;
** which of these it was, the log alone says. Two keys at once are refused: one
** part of a gateway would believe the one, another the other.
*/
#include "serve/inner.h"

#include "base/defence.h"
#include "run/events.h"
#include "run/realm/clients.h"
#include "run/realm/realm.h"

static const char *const carriers[] = {"authorization", "x-api-key",
                                       "x-goog-api-key", "api-key", NULL};

/* What stands behind "Bearer"; absent when it is of another kind. */
static str bearer(str value)
{
    str scheme = STR("bearer");
    if (value.n <= scheme.n || value.p[scheme.n] != ' ' ||
        !str_eq_nocase((str){value.p, scheme.n}, scheme))
        return STR_NONE;
    return str_trim(str_from(value, scheme.n));
}

/* The key in a field, or nothing. */
static str key_in(const struct http_field *field)
{
    for (int i = 0; carriers[i] != NULL; i++)
        if (str_eq_nocase(field->name, str_of(carriers[i])))
            return i == 0 ? bearer(field->value) : field->value;
    return STR_NONE;
}

/* The one key that came; false when there are several. */
static bool find_key(const struct arrival *a, str *key)
{
    *key = STR_NONE;
    for (int i = 0; i < a->fields_n; i++) {
        str found = key_in(&a->fields[i]);
        if (found.n == 0)
            continue;
        if (key->n > 0 && !str_eq(*key, found) && DEFENCE(one_key))
            return false;
        *key = found;
    }
    return true;
}

/* --- no ------------------------------------------------------------------- */

static bool refuse_several(struct arrival *a)
{
    struct error_shape e = {
        .message =
            STR("The request came with several different keys. Send one, "
                "in one header."),
        .type = STR("invalid_request_error"),
        .code = STR("several_keys"),
    };
    a->caller.trouble = "several";
    arrival_error(a, 400, &e);
    return false;
}

static bool refuse(struct arrival *a, const char *trouble)
{
    struct error_shape e = {
        .message = STR("No valid key came with the request. Send yours as "
                       "\"Authorization: Bearer KEY\"."),
        .type = STR("invalid_request_error"),
        .code = STR("invalid_api_key"),
    };
    a->caller.trouble = trouble;
    arrival_error_with(
        a, 401, &e,
        (struct http_field){STR("www-authenticate"), STR("Bearer")});
    return false;
}

static bool refuse_all(struct service *s, struct arrival *a,
                       const struct store_why *why)
{
    struct error_shape e = {
        .message = STR("The gateway cannot read its keys, so it lets nobody "
                       "in; its log says why."),
        .type = STR("server_error"),
        .code = STR("keys_unreadable"),
    };
    str text = str_of(why->text);
    if (realm_first(s->rt->realm, "keys", str_hash(text)))
        event_runtime(s->rt, "keys_unreadable", text);
    arrival_error(a, 503, &e);
    return false;
}

/* --- who it is ------------------------------------------------------------- */

/* Why a record is not enough; NULL: it is. */
static const char *trouble_of(const struct client_key *key, nanos now)
{
    if (key == NULL)
        return "unknown";
    if (key->revoked != NANOS_NEVER && DEFENCE(revoked_keys))
        return "revoked";
    return now >= key->expires && DEFENCE(expired_keys) ? "expired" : NULL;
}

static bool recognise(struct service *s, struct arrival *a, struct ring *ring)
{
    str text;
    struct mac mark;
    a->caller.ring = ring;
    if (!find_key(a, &text))
        return refuse_several(a);
    if (text.n == 0)
        return refuse(a, "missing");
    a->caller.key = ring_find(ring, text, &mark);
    str_hex(a->caller.mark, mark.byte, (sizeof a->caller.mark - 1) / 2);
    const char *trouble =
        trouble_of(a->caller.key, world_calendar(s->rt->world));
    return trouble == NULL ? true : refuse(a, trouble);
}

/* The keys as they are; false: nobody can tell, and the arrival is answered. */
static bool look(struct service *s, struct arrival *a,
                 enum clients_state *state, struct ring **ring)
{
    struct store_why why = {.result = STORE_MEMORY,
                            .text = "there is no memory for keys"};
    *ring = NULL;
    *state = CLIENTS_BROKEN;
    if (s->clients == NULL)
        s->clients = clients_of(s->rt->realm);
    if (s->clients != NULL)
        *state = clients_look(s->clients, world_now(s->rt->world), ring, &why);
    if (*state == CLIENTS_BROKEN && DEFENCE(keys_closed))
        return refuse_all(s, a, &why);
    return true;
}

bool entry_passes(struct service *s, struct arrival *a)
{
    struct ring *ring;
    enum clients_state state;
    if (!look(s, a, &state, &ring))
        return false;
    if (state == CLIENTS_ON)
        return recognise(s, a, ring);
    return s->rt->require_key ? refuse(a, "missing") : true;
}

/* --- jobs ------------------------------------------------------------------ */

struct search {
    str id;
    const struct client_key *found;
};

static void compare(void *user, const struct mac *mark,
                    const struct client_key *key)
{
    struct search *search = user;
    (void)mark;
    if (str_eq(key->id, search->id))
        search->found = key;
}

bool entry_admits_job(struct service *s, struct arrival *a, str key_id)
{
    struct ring *ring;
    enum clients_state state;
    struct search search = {.id = key_id};
    if (!look(s, a, &state, &ring))
        return false;
    bool wanted = state == CLIENTS_ON || s->rt->require_key || key_id.p != NULL;
    if (!wanted)
        return true;
    if (key_id.p == NULL)
        return refuse(a, "missing");
    a->caller.ring = ring;
    if (ring != NULL)
        ring_each(ring, compare, &search);
    a->caller.key = search.found;
    const char *trouble =
        trouble_of(search.found, world_calendar(s->rt->world));
    return trouble == NULL || !DEFENCE(jobs_key) ? true : refuse(a, trouble);
}

void entry_leave(struct arrival *a)
{
    ring_release(a->caller.ring);
    a->caller = (struct caller){.key = NULL};
}
