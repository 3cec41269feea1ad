/*
** provider.c -- core.provider: from a table that the Lua library has checked
** to a provider, whose whole header section is made here, once.
*/
#include "bind/bind.h"

#include "base/err.h"
#include "base/siphash.h"
#include "run/generation.h"
#include "run/realm/realm.h"
#include "run/sandbox.h"

#define MOST_DECLARED 1000  /* providers of one version */
#define MOST_SHARED   10000 /* of all versions there ever were */
#define MAX_REPLY     ((lua_Integer)64 << 20)

static void init_retries(void *b)
{
    retry_budget_init(b);
}

static void fini_retries(void *b)
{
    retry_budget_fini(b);
}

/* What retries of a provider may cost is bounded for all workers together. */
static const struct shared_kind retries = {
    "retry_budget", sizeof(struct retry_budget), MOST_SHARED, init_retries,
    fini_retries};

static struct provider **to_box(lua_State *L, int arg)
{
    return luaL_checkudata(L, arg, PROVIDER_TYPE);
}

static int collect(lua_State *L)
{
    struct provider **box = to_box(L, 1);
    provider_release(*box);
    *box = NULL;
    return 0;
}

static str text_field(lua_State *L, int t, const char *name,
                      struct arena *arena)
{
    str s = STR_NONE;
    if (lua_getfield(L, t, name) == LUA_TSTRING)
        s.p = lua_tolstring(L, -1, &s.n);
    s = arena_copy(arena, s);
    lua_pop(L, 1);
    return s;
}

static bool flag_field(lua_State *L, int t, const char *name)
{
    lua_getfield(L, t, name);
    bool on = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return on;
}

static lua_Number number_field(lua_State *L, int t, const char *name)
{
    lua_getfield(L, t, name);
    lua_Number n = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return n;
}

static void add_header(lua_State *L, struct provider *p, str name, str value)
{
    int error = provider_header(p, name, value);
    if (error == ERR_INPUT)
        sandbox_raise(L,
                      "provider: the header '%s' has a name or value that "
                      "may not stand in a header",
                      name.p);
    if (error != 0)
        sandbox_raise(L, "provider: too many headers (%d at most)",
                      PROVIDER_HEADERS);
}

/* What is known of a key, for all workers and versions. */
static struct key_state *state_of(lua_State *L, str key)
{
    static const struct shared_kind kind = {"key", sizeof(struct key_state),
                                            MOST_SHARED, NULL, NULL};
    struct realm *realm = generation_of(L)->rt->realm;
    uint64_t secret[2] = {realm_number(realm, 1), UINT64_C(0x6b657973)};
    uint64_t hash = siphash(secret, key);
    return realm_share(realm, &kind, (str){(const char *)&hash, sizeof hash});
}

static bool has_key(const struct keys *keys, const struct key_state *state)
{
    for (int i = 0; i < keys->n; i++)
        if (state != NULL && keys->key[i].state == state)
            return true;
    return false;
}

/* The header's value for a key. */
static str sent_as(struct provider *p, str auth, str key)
{
    return str_eq(auth, STR("bearer"))
               ? arena_print(&p->arena, "Bearer %.*s", STR_ARG(key))
               : arena_copy(&p->arena, key);
}

/* One more key; the first stands in the headers. The same twice is one. */
static void add_key(lua_State *L, struct provider *p, str auth, str key)
{
    struct keys *keys = &p->keys;
    struct key_state *state = state_of(L, key);
    if (has_key(keys, state))
        return;
    str value = sent_as(p, auth, key);
    if (value.p == NULL || keys->n == KEYS_MOST)
        luaL_error(L, "not enough memory");
    keys->key[keys->n].value = value;
    keys->key[keys->n].state = state;
    if (keys->n++ > 0)
        return;
    keys->field = p->headers_n;
    bool bearer = str_eq(auth, STR("bearer"));
    add_header(L, p, bearer ? STR("Authorization") : auth, value);
}

/* The secret or text on top, which leaves; one that is not there is no key. */
static void add_secret(lua_State *L, struct provider *p, str auth)
{
    str key = lua_isnil(L, -1) ? STR_NONE : bind_secret_value(L, -1, &p->arena);
    lua_pop(L, 1);
    if (key.p == NULL)
        return;
    if (!http_value_ok(key))
        sandbox_raise(L,
                      "provider: the key of '%s' holds characters that may "
                      "not stand in a header",
                      p->name.p);
    add_key(L, p, auth, key);
    explicit_bzero((char *)(uintptr_t)key.p, key.n);
}

static void add_keys(lua_State *L, struct provider *p)
{
    str auth = text_field(L, 2, "auth", &p->arena);
    p->key_name = text_field(L, 2, "key_name", &p->arena);
    if (auth.p == NULL || str_eq(auth, STR("none")))
        return;
    lua_getfield(L, 2, "key");
    add_secret(L, p, auth);
    if (lua_getfield(L, 2, "keys") == LUA_TTABLE)
        for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++)
            add_secret(L, p, auth);
    lua_settop(L, 3);
    p->keyless = p->keys.n == 0;
}

static void add_headers(lua_State *L, struct provider *p)
{
    add_header(L, p, STR("Content-Type"), STR("application/json"));
    add_header(L, p, STR("Accept"), STR("*/*"));
    add_header(L, p, STR("Accept-Encoding"), STR("identity"));
    add_header(L, p, STR("User-Agent"), STR("perilune/" PERI_VERSION_TEXT));
    str via = arena_print(&p->arena, "1.1 %s", generation_of(L)->rt->mark);
    add_header(L, p, PROVIDER_VIA, via);
    p->open_n = p->headers_n;
    add_keys(L, p);
    if (lua_getfield(L, 2, "headers") == LUA_TTABLE)
        for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
            str name, value;
            lua_pushvalue(L, -2);
            name.p = luaL_checklstring(L, -1, &name.n);
            value.p = luaL_checklstring(L, -2, &value.n);
            add_header(L, p, name, value);
            lua_pop(L, 1);
        }
    lua_pop(L, 1);
}

static nanos seconds(lua_State *L, int t, const char *name)
{
    lua_Number s = number_field(L, t, name);
    return s > 0 ? nanos_of(s) : 0;
}

/* "At once" and "the first" are told from "not said" by a sign. */
static int64_t count(lua_State *L, int t, const char *name)
{
    int64_t n = 0;
    if (lua_getfield(L, t, name) != LUA_TNIL)
        n = lua_tointeger(L, -1) == 0 ? -1 : lua_tointeger(L, -1);
    lua_pop(L, 1);
    return n;
}

/* Read the script, the table at index t. */
static void read_script(lua_State *L, int t, struct provider *p)
{
    struct sim_script *s = arena_zero(&p->arena, sizeof *s);
    if (s == NULL)
        luaL_error(L, "not enough memory");
    *s = (struct sim_script){
        .seed = (uint64_t)number_field(L, t, "seed"),
        .latency = seconds(L, t, "latency"),
        .rate = number_field(L, t, "rate"),
        .tokens = (int)number_field(L, t, "tokens"),
        .text = text_field(L, t, "text", &p->arena),
        .fails = (int)number_field(L, t, "fails"),
        .refuses = flag_field(L, t, "refuses"),
        .hangs = flag_field(L, t, "hangs"),
        .cuts_after = count(L, t, "cuts_after"),
        .closes_early = flag_field(L, t, "closes_early"),
        .drips = seconds(L, t, "drips"),
        .garbage = flag_field(L, t, "garbage"),
        .error_event = count(L, t, "error_after"),
        .times = (int)number_field(L, t, "times"),
        .count = &p->sim_failures,
    };
    if (lua_getfield(L, t, "latency") == LUA_TNUMBER &&
        lua_tonumber(L, -1) == 0)
        s->latency = -1;
    lua_pop(L, 1);
    p->sim = s;
}

static void add_script(lua_State *L, struct provider *p)
{
    if (lua_getfield(L, 2, "sim") == LUA_TTABLE)
        read_script(L, lua_gettop(L), p);
    lua_pop(L, 1);
}

/* provider(name, spec) -> a provider; spec is checked by perilune.providers */
static int new_provider(lua_State *L)
{
    str name;
    name.p = luaL_checklstring(L, 1, &name.n);
    luaL_checktype(L, 2, LUA_TTABLE);
    if (++generation_of(L)->declared > MOST_DECLARED)
        return sandbox_raise(L, "provider: more than %d are declared",
                             MOST_DECLARED);
    struct provider **box = lua_newuserdatauv(L, sizeof(struct provider *), 0);
    *box = NULL;
    luaL_setmetatable(L, PROVIDER_TYPE);
    struct provider *p = *box = provider_new();
    struct runtime *rt = generation_of(L)->rt;
    if (p == NULL || (p->lane = lane_open(&rt->lanes, name)) == NULL ||
        (p->retries = realm_share(rt->realm, &retries, name)) == NULL)
        return luaL_error(L, "not enough memory");
    p->concurrency = (int)number_field(L, 2, "concurrency");
    p->queue = (int)number_field(L, 2, "queue");
    p->queue_wait = seconds(L, 2, "queue_wait");
    p->next = generation_of(L)->providers;
    generation_of(L)->providers = p;
    p->name = arena_copy(&p->arena, name);
    p->dialect = &dialect_openai;
    p->url = text_field(L, 2, "url", &p->arena);
    str url = p->url.p != NULL ? p->url : STR("http://sim.invalid/v1");
    p->endpoint =
        arena_print(&p->arena, "%.*s%s", STR_ARG(url), p->dialect->path);
    p->http2 = flag_field(L, 2, "http2");
    p->ask_usage = flag_field(L, 2, "usage");
    p->runs_on = flag_field(L, 2, "runs_on");
    p->limit_as = text_field(L, 2, "limit_as", &p->arena);
    p->max_out = (int64_t)number_field(L, 2, "max_out");
    lua_Integer max_reply = (lua_Integer)number_field(L, 2, "max_reply");
    p->max_reply = (size_t)(max_reply > 0 ? max_reply : MAX_REPLY);
    add_headers(L, p);
    add_script(L, p);
    lua_settop(L, 3);
    return 1;
}

static const luaL_Reg functions[] = {
    {"provider", new_provider},
    {NULL, NULL},
};

void bind_provider(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = PROVIDER_TYPE, .gc = collect});
    luaL_setfuncs(L, functions, 0);
}
