/*
** identity.c -- who asks, as far as anybody can tell.
**
** What a client's key says is proven, and nothing a client says takes its place.
** Where it says nothing, the user is what a header or the body says. Bytes are
** compared and never normalised, and what may not stand in a header or a log
** line is not taken for a name.
*/
#include "serve/inner.h"

#include "base/defence.h"

#define ID_BYTES     12 /* of chance in an id of ours */
#define LONGEST_ID   128
#define LONGEST_NAME 256

static bool is_plain(str s, size_t longest)
{
    if (s.n == 0 || s.n > longest)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

void identify_arrival(struct service *s, struct arrival *a, char room[64])
{
    a->id = arrival_field(a, STR("x-request-id"));
    if (is_plain(a->id, LONGEST_ID))
        return;
    unsigned char dice[ID_BYTES];
    world_random(s->rt->world, dice, sizeof dice);
    memcpy(room, "req_", 4);
    str_hex(room + 4, dice, sizeof dice);
    a->id = (str){room, 4 + 2 * sizeof dice};
}

/* The first of the named headers that holds a name. */
static str named_by(struct request *r, const struct arrival *a,
                    const char *const *headers)
{
    for (; *headers != NULL; headers++) {
        str value = arrival_field(a, str_of(*headers));
        if (value.n > 0 && value.n <= LONGEST_NAME)
            return arena_copy(&r->arena, value);
    }
    return STR_NONE;
}

void identify_request(struct request *r, const struct arrival *a,
                      str user_in_body)
{
    static const char *const users[] = {"x-perilune-user", NULL};
    static const char *const features[] = {"x-perilune-feature", NULL};
    static const char *const sessions[] = {
        "x-perilune-session", "x-claude-code-session-id", "x-openwebui-chat-id",
        "session_id", NULL};
    r->id = arena_copy(&r->arena, a->id);
    const struct client_key *key = a->caller.key;
    if (key != NULL)
        r->key = client_key_copy(&r->arena, key);
    if (r->key != NULL && r->key->user.p != NULL && DEFENCE(proven_user))
        r->user = r->key->user;
    else
        r->user = named_by(r, a, users);
    if (r->user.n == 0 && user_in_body.n <= LONGEST_NAME)
        r->user = user_in_body;
    if (r->user.n == 0)
        r->user = STR("anonymous");
    if (r->key != NULL && r->key->feature.p != NULL)
        r->feature = r->key->feature;
    else
        r->feature = named_by(r, a, features);
    r->session = named_by(r, a, sessions);
}
