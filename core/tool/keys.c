/*
** keys.c -- what `perilune keys` asks of the clients' keys.
**
** Chance and the time are the system's: a tool has no world.
*/
#include "tool/inner.h"

#include <stdio.h>
#include <time.h>

#include "base/utc.h"
#include "net/real.h"
#include "store/keys/keeper.h"
#include "store/keys/key_check.h"

#define BUSY_MOMENT   20000000L /* nanoseconds */
#define BUSY_TRIES    100
#define LONGEST_SHOWN 200 /* bytes of a list that is wrong */

static int fail(lua_State *L, const char *what)
{
    lua_pushnil(L);
    lua_pushstring(L, what);
    return 2;
}

/* A gateway's admin API, or another command, has them open for some
** milliseconds at a time. */
static enum store_result open_patiently(struct keeper *k, const char *path,
                                        const unsigned char secret[MAC_KEY],
                                        struct store_why *why)
{
    static const struct timespec moment = {0, BUSY_MOMENT};
    enum store_result result = keeper_open(k, path, secret, why);
    for (int i = 0; result == STORE_BUSY && i < BUSY_TRIES; i++) {
        nanosleep(&moment, NULL);
        result = keeper_open(k, path, secret, why);
    }
    return result;
}

static const char *open_keeper(struct keeper *k, const char *path,
                               struct store_why *why)
{
    unsigned char secret[MAC_KEY];
    if (real_secret(secret, sizeof secret) != 0)
        return "the system gives no random bytes";
    enum store_result result = open_patiently(k, path, secret, why);
    mac_wipe(secret, sizeof secret);
    return result == STORE_OK ? NULL : why->text;
}

static const char *new_text(char text[KEEPER_TEXT])
{
    unsigned char dice[KEEPER_DICE];
    if (real_secret(dice, sizeof dice) != 0)
        return "the system gives no random bytes";
    keeper_text(text, dice);
    mac_wipe(dice, sizeof dice);
    return NULL;
}

/* --- add ------------------------------------------------------------------- */

static str text_field(lua_State *L, const char *name)
{
    str s = STR_NONE;
    if (lua_getfield(L, 2, name) == LUA_TSTRING)
        s.p = lua_tolstring(L, -1, &s.n);
    return s; /* it stays on the stack */
}

static const char *new_id(char id[8 + 2 * KEEPER_ID])
{
    unsigned char dice[KEEPER_ID];
    if (real_secret(dice, sizeof dice) != 0)
        return "the system gives no random bytes";
    memcpy(id, "key_", 4);
    str_hex(id + 4, dice, sizeof dice);
    id[4 + 2 * sizeof dice] = '\0';
    return NULL;
}

static struct client_key key_at(lua_State *L, const char *id)
{
    struct client_key key = {
        .id = str_of(id),
        .user = text_field(L, "user"),
        .team = text_field(L, "team"),
        .feature = text_field(L, "feature"),
        .models = text_field(L, "models"),
        .metadata = text_field(L, "metadata"),
        .limits = text_field(L, "limits"),
        .budgets = text_field(L, "budgets"),
        .created = real_calendar(),
        .expires = NANOS_NEVER,
        .revoked = NANOS_NEVER,
    };
    lua_getfield(L, 2, "admin");
    key.admin = lua_toboolean(L, -1);
    if (lua_getfield(L, 2, "expires") == LUA_TNUMBER)
        key.expires = key.created + nanos_of(lua_tonumber(L, -1));
    return key;
}

/* nil, what is wrong, true */
static int misuse(lua_State *L, const struct key_wrong *wrong)
{
    str said = text_field(L, wrong->member);
    bool shown = said.n > 0 && said.n <= LONGEST_SHOWN && said.p[0] == '[';
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s%s%s%s", wrong->member, wrong->message,
                    shown ? " (it says " : "", shown ? said.p : "",
                    shown ? ")" : "");
    lua_pushboolean(L, 1);
    return 3;
}

/* keys_add(path, { user =, team =, feature =, admin =, models =, metadata =,
** limits = and budgets = as JSON, expires = seconds from now }) -> the key's
** text, its id; or nil, what is wrong, and true when the key is what is */
int tool_keys_add(lua_State *L)
{
    struct keeper k;
    struct store_why why;
    char id[8 + 2 * KEEPER_ID], text[KEEPER_TEXT];
    const char *path = luaL_checkstring(L, 1), *wrong;
    luaL_checktype(L, 2, LUA_TTABLE);
    if ((wrong = new_id(id)) != NULL || (wrong = new_text(text)) != NULL)
        return fail(L, wrong);
    struct client_key key = key_at(L, id);
    struct key_wrong bad = key_check(&key);
    if (bad.message != NULL)
        return misuse(L, &bad);
    if ((wrong = open_keeper(&k, path, &why)) != NULL)
        return fail(L, wrong);
    enum store_result result = keeper_add(&k, &key, str_of(text), &why);
    keeper_close(&k);
    if (result != STORE_OK)
        return fail(L, why.text);
    lua_pushstring(L, text);
    mac_wipe(text, sizeof text);
    lua_pushstring(L, id);
    return 2;
}

/* --- list ------------------------------------------------------------------ */

struct listing {
    lua_State *L;
    nanos now;
};

static void set_text(lua_State *L, const char *name, str value)
{
    if (value.p == NULL)
        return;
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, name);
}

static void set_moment(lua_State *L, const char *name, nanos at)
{
    char text[64];
    if (at == NANOS_NEVER)
        return;
    struct utc u = utc_of(at > 0 ? at / NANOS_S : 0);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", u.year,
             u.month, u.day, u.hour, u.minute, u.second);
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void push_one(void *user, const struct mac *mark,
                     const struct client_key *key)
{
    char digits[8];
    struct listing *list = user;
    lua_State *L = list->L;
    luaL_checkstack(L, 4, "too many keys");
    lua_createtable(L, 0, 14);
    set_text(L, "id", key->id);
    set_text(L, "user", key->user);
    set_text(L, "team", key->team);
    set_text(L, "feature", key->feature);
    set_text(L, "models", key->models);
    set_text(L, "metadata", key->metadata);
    set_text(L, "limits", key->limits);
    set_text(L, "budgets", key->budgets);
    set_moment(L, "created", key->created);
    set_moment(L, "expires", key->expires);
    set_moment(L, "revoked", key->revoked);
    lua_pushboolean(L, key->admin);
    lua_setfield(L, -2, "admin");
    lua_pushboolean(L, client_key_holds(key, list->now));
    lua_setfield(L, -2, "holds");
    str_hex(digits, mark->byte, sizeof digits / 2);
    set_text(L, "mark", (str){digits, sizeof digits});
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* (listing, ring): may raise for want of memory */
static int push_all(lua_State *L)
{
    struct listing list = {.L = L, .now = real_calendar()};
    struct ring *ring = lua_touserdata(L, 1);
    lua_newtable(L);
    ring_each(ring, push_one, &list);
    return 1;
}

/* NULL and nothing wrong: there is no store of keys. */
static struct ring *read_all(const char *path, struct store_why *why)
{
    struct store *s;
    char folder[KEEPER_PATH];
    unsigned char secret[MAC_KEY];
    if (!keeper_path(folder, path)) {
        store_say(why, STORE_FOLDER, path, "its path is too long");
        return NULL;
    }
    struct store_options options = {.path = folder, .read_only = true};
    why->result = keeper_secret(folder, secret, why);
    if (why->result != STORE_OK || store_open(&s, &options, why) != STORE_OK)
        return NULL;
    struct ring *ring = keeper_read(s, secret, NULL, why);
    store_close(s);
    mac_wipe(secret, sizeof secret);
    return ring;
}

/* keys_list(path) -> { { id, user, team, feature, admin, models, metadata, limits
** and budgets as JSON, created, expires, revoked, holds, mark }... }; or nil and what is
** wrong */
int tool_keys_list(lua_State *L)
{
    struct store_why why = {.result = STORE_OK};
    struct ring *ring = read_all(luaL_checkstring(L, 1), &why);
    if (ring == NULL && why.result == STORE_MISSING) {
        lua_newtable(L);
        return 1;
    }
    if (ring == NULL)
        return fail(L, why.text);
    lua_pushcfunction(L, push_all);
    lua_pushlightuserdata(L, ring);
    int status = lua_pcall(L, 1, 1, 0);
    ring_release(ring);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* --- revoke, rotate -------------------------------------------------------- */

static int fail_at(lua_State *L, enum store_result result, const char *id,
                   const struct store_why *why)
{
    if (result != STORE_MISSING)
        return fail(L, why->text);
    lua_pushnil(L);
    lua_pushfstring(L,
                    "there is no key '%s' that could be; perilune keys list "
                    "shows those there are",
                    id);
    return 2;
}

/* keys_revoke(path, id) -> true; or nil and what is wrong */
int tool_keys_revoke(lua_State *L)
{
    struct keeper k;
    struct store_why why;
    const char *path = luaL_checkstring(L, 1), *id = luaL_checkstring(L, 2);
    const char *wrong = open_keeper(&k, path, &why);
    if (wrong != NULL)
        return fail(L, wrong);
    enum store_result result =
        keeper_revoke(&k, str_of(id), real_calendar(), &why);
    keeper_close(&k);
    if (result != STORE_OK)
        return fail_at(L, result, id, &why);
    lua_pushboolean(L, 1);
    return 1;
}

/* keys_rotate(path, id) -> the key's new text; or nil and what is wrong */
int tool_keys_rotate(lua_State *L)
{
    struct keeper k;
    struct store_why why;
    char text[KEEPER_TEXT];
    const char *path = luaL_checkstring(L, 1), *id = luaL_checkstring(L, 2);
    const char *wrong = new_text(text);
    if (wrong == NULL)
        wrong = open_keeper(&k, path, &why);
    if (wrong != NULL)
        return fail(L, wrong);
    enum store_result result =
        keeper_rotate(&k, str_of(id), str_of(text), &why);
    keeper_close(&k);
    if (result != STORE_OK)
        return fail_at(L, result, id, &why);
    lua_pushstring(L, text);
    mac_wipe(text, sizeof text);
    return 1;
}
