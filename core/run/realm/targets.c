/*
** targets.c -- finding the target of a model, and telling of its breaker.
**
** Two kinds, because names may come from clients: whoever thinks up a thousand
** models takes the place of nobody who was declared.
*/
#include "run/realm/targets.h"

#include "base/defence.h"
#include "run/events.h"

static const struct shared_kind declared = {.name = "target",
                                            .size = sizeof(struct target),
                                            .most = 2000,
                                            .init = target_init,
                                            .fini = target_fini};
static const struct shared_kind asked = {.name = "asked target",
                                         .size = sizeof(struct target),
                                         .most = 250,
                                         .init = target_init,
                                         .fini = target_fini};

static void init_breaker(void *b)
{
    breaker_init(b);
}

static void fini_breaker(void *b)
{
    breaker_fini(b);
}

static const struct shared_kind breakers = {.name = "breaker",
                                            .size = sizeof(struct breaker),
                                            .most = 1000,
                                            .init = init_breaker,
                                            .fini = fini_breaker};

/* "provider/model" in `room`; absent when it is too long. */
static str full_name(char room[TARGETS_NAME_MAX], str provider, str model)
{
    size_t n = provider.n + 1 + model.n;
    if (n > TARGETS_NAME_MAX)
        return STR_NONE;
    memcpy(room, provider.p, provider.n);
    room[provider.n] = '/';
    memcpy(room + provider.n + 1, model.p, model.n);
    return (str){room, n};
}

struct target *targets_declare(struct realm *r, str provider, str model)
{
    char room[TARGETS_NAME_MAX];
    str name = full_name(room, provider, model);
    return name.p != NULL ? realm_share(r, &declared, name) : NULL;
}

struct target *targets_asked(struct realm *r, str provider, str model)
{
    char room[TARGETS_NAME_MAX];
    str name = full_name(room, provider, model);
    if (name.p == NULL)
        return NULL;
    struct target *t = realm_find(r, &declared, name);
    if (!DEFENCE(clients_names) && t == NULL)
        return realm_share(r, &declared, name);
    return t != NULL ? t : realm_share(r, &asked, name);
}

void targets_each(struct realm *r, void (*see)(void *, str, void *), void *user)
{
    realm_each(r, &declared, see, user);
    realm_each(r, &asked, see, user);
}

struct breaker *targets_breaker(struct realm *r, str name)
{
    return realm_share(r, &breakers, name);
}

void targets_each_breaker(struct realm *r, void (*see)(void *, str, void *),
                          void *user)
{
    realm_each(r, &breakers, see, user);
}

const char *targets_state(enum breaker_state state)
{
    static const char *const names[] = {[BREAKER_CLOSED] = "closed",
                                        [BREAKER_OPEN] = "open",
                                        [BREAKER_HALF_OPEN] = "half_open"};
    return names[state];
}

static const char *meaning(enum breaker_state state)
{
    static const char *const texts[] = {
        [BREAKER_CLOSED] = "it answers again",
        [BREAKER_OPEN] =
            "it failed too often; nobody is sent there for a while",
        [BREAKER_HALF_OPEN] = "one call is sent to see whether it answers"};
    return texts[state];
}

void targets_log_breaker(struct world *world, str name,
                         const struct breaker_view *view)
{
    struct buf line;
    event_begin(&line, world);
    event_text(&line, "event", STR("breaker"));
    event_text(&line, "target", name);
    event_text(&line, "state", str_of(targets_state(view->state)));
    event_int(&line, "failures_in_row", view->in_row);
    if (view->state == BREAKER_OPEN)
        event_int(&line, "for_ms", view->wait / NANOS_MS);
    event_text(&line, "message", str_of(meaning(view->state)));
    event_send(&line, world);
}

void targets_log(struct world *world, str provider, str model,
                 const struct breaker_view *view)
{
    char room[TARGETS_NAME_MAX];
    targets_log_breaker(world, full_name(room, provider, model), view);
}

void targets_breaker_changed(struct world *world, const struct question *ask,
                             const struct breaker_view *view)
{
    targets_log(world, ask->provider->name, ask->model, view);
}
