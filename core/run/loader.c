/*
** loader.c -- where Lua files come from.
**
** A file is watched first and read second, so an edit between the two is
** still an edit. All that is read goes into the version's hash.
*/
#include "run/loader.h"

#include <lauxlib.h>

#include "base/defence.h"
#include "base/err.h"
#include "net/file.h"
#include "run/compiled.h"
#include "run/embedded.h"
#include "run/sandbox.h"

#define MODULES    "perilune.modules" /* registry: name -> what it returned */
#define CHUNKS     "perilune.chunks"  /* registry: chunk, environment, ... */
#define MOST_FILES 1000               /* that a version may ask for */
#define BITE       1024               /* bytes the compiler gets at a time */

static void count_in(struct generation *g, str name, str text)
{
    g->hash = g->hash * 31 + str_hash(name);
    g->hash = g->hash * 31 + str_hash(text);
}

/* Read folder/name, watched. */
static int read_watched(struct generation *g, str folder, str name, str *text)
{
    str path =
        arena_print(&g->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
    if (g->read > g->rt->limits.heap || ++g->files > MOST_FILES)
        return ERR_LIMIT;
    if (path.p == NULL ||
        (g->watch != NULL && watch_add(g->watch, path.p) != 0))
        return ERR_MEMORY;
    int error = file_read(path.p, LOADER_MAX_FILE, &g->arena, text);
    if (error == 0) {
        count_in(g, name, *text);
        g->read += text->n;
    }
    return error;
}

static bool embedded(str name, str *text)
{
    for (const struct embedded_file *f = embedded_files; f->name != NULL; f++)
        if (str_eq(name, str_of(f->name))) {
            *text = (str){(const char *)f->text, f->len};
            return true;
        }
    return false;
}

bool loader_builtin(struct generation *g, str name, str *text)
{
    str library = g->rt->source.library;
    if (library.n > 0 && read_watched(g, library, name, text) == 0)
        return true;
    return embedded(name, text);
}

bool loader_is_ready(const struct policy_source *source)
{
    str text;
    return source->text.p == NULL &&
           str_starts(source->name, STR("policies/")) &&
           embedded(source->name, &text) && !file_exists(source->name.p);
}

/* What lies beside a built-in policy is built in, too. */
static int read_ready(struct generation *g, str path, str *text)
{
    str name = arena_print(&g->arena, "policies/%.*s", STR_ARG(path));
    if (name.p == NULL)
        return ERR_MEMORY;
    if (!loader_builtin(g, name, text))
        return ERR_MISSING;
    count_in(g, name, *text);
    return 0;
}

/* Does the path stay in its folder? */
static bool stays_inside(str path)
{
    if (path.n == 0 || path.p[0] == '/' || str_find(path, '\0') < path.n)
        return false;
    for (str rest = path; rest.p != NULL;)
        if (str_eq(str_split(&rest, '/'), STR("..")))
            return false;
    return true;
}

int loader_read(struct generation *g, str path, str *text)
{
    if (!stays_inside(path) && DEFENCE(folder))
        return ERR_INPUT;
    if (g->rt->source.builtin)
        return read_ready(g, path, text);
    if (g->folder.p == NULL)
        return ERR_MISSING;
    return read_watched(g, g->folder, path, text);
}

/* --- the policy itself ----------------------------------------------------- */

/* The compiler takes quadratic time over many labels; so it is fed in bites,
** and the clock is looked at between them. */
static const char *read_bite(lua_State *L, void *user, size_t *n)
{
    str *rest = user;
    const char *bite = rest->p;
    *n = rest->n < BITE ? rest->n : BITE;
    *rest = str_from(*rest, *n);
    allowance_look(L);
    return bite;
}

/* Remember which environment the chunk on top was compiled in. */
static void keep_environment(lua_State *L)
{
    int chunk = lua_gettop(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, CHUNKS);
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    lua_pushvalue(L, chunk);
    lua_rawseti(L, -2, n + 1);
    lua_getupvalue(L, chunk, 1);
    lua_rawseti(L, -2, n + 2);
    lua_settop(L, chunk);
}

void loader_restore(lua_State *L)
{
    if (!DEFENCE(environments))
        return;
    luaL_getsubtable(L, LUA_REGISTRYINDEX, CHUNKS);
    int chunks = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, chunks, i) != LUA_TNIL; i += 2) {
        lua_rawgeti(L, chunks, i + 1);
        lua_setupvalue(L, -2, 1);
        lua_pop(L, 1);
    }
    lua_settop(L, chunks - 1);
}

/* Lua quotes what it stumbled over. A text or a number may be a key without its
** second quote or its first, and the message goes to the log and to /healthz;
** words and signs are shown. */
static void hide_quoted(lua_State *L)
{
    const char *message = lua_tostring(L, -1);
    const char *near = strstr(message, " near ");
    if (near == NULL ||
        (near[7] != '\'' && strpbrk(near + 7, "\"0123456789[") == NULL))
        return;
    lua_pushlstring(L, message, (size_t)(near - message));
    lua_pushliteral(L, " near a text or a number, which is not shown, in case "
                       "it is a key");
    lua_concat(L, 2);
    lua_remove(L, -2);
}

static int compile_text(lua_State *L, str text, const char *chunk_name)
{
    int status = lua_load(L, read_bite, &text, chunk_name,
                          DEFENCE(text_only) ? "t" : NULL);
    if (status == LUA_ERRSYNTAX && DEFENCE(quoted_source))
        hide_quoted(L);
    return status;
}

static int compile_ours(lua_State *L, str text, const char *chunk_name)
{
    struct runtime *rt = generation_of(L)->rt;
    if (compiled_push(L, rt, text))
        return LUA_OK;
    int status = compile_text(L, text, chunk_name);
    if (status == LUA_OK)
        compiled_keep(L, rt, text);
    return status;
}

/* Compile a text chunk; its environment is built fresh. */
static int compile(lua_State *L, str text, const char *chunk_name, bool trusted)
{
    int status = trusted ? compile_ours(L, text, chunk_name)
                         : compile_text(L, text, chunk_name);
    if (status != LUA_OK)
        return status;
    sandbox_environment(L, trusted);
    lua_setupvalue(L, -2, 1);
    if (!trusted)
        keep_environment(L);
    return LUA_OK;
}

static str folder_of(struct generation *g, str path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/')
        n--;
    if (n == 0)
        return STR(".");
    return arena_copy(&g->arena, (str){path.p, n > 1 ? n - 1 : 1});
}

static str base_of(str path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/')
        n--;
    return str_from(path, n);
}

static const char *why_unread(int error)
{
    switch (error) {
    case ERR_MISSING:
        return "there is no such file";
    case ERR_LIMIT:
        return "the file is larger than 1 MiB, or too much was read";
    case ERR_INPUT:
        return "it is not a regular file";
    case ERR_MEMORY:
        return "not enough memory";
    default:
        return "the file cannot be read (permissions?)";
    }
}

int loader_main(lua_State *L, const struct policy_source *source)
{
    struct generation *g = generation_of(L);
    g->text = source->text;
    if (!source->builtin && source->text.p == NULL) {
        g->folder = folder_of(g, source->name);
        int error = read_watched(g, g->folder, base_of(source->name), &g->text);
        if (error != 0) {
            bool ready = error == ERR_MISSING &&
                         str_starts(source->name, STR("policies/"));
            lua_pushfstring(L, "%s: %s%s", source->name.p, why_unread(error),
                            ready ? ", and none of that name is built in" : "");
            return LUA_ERRRUN;
        }
    } else if (source->builtin) {
        if (!loader_builtin(g, source->name, &g->text)) {
            lua_pushfstring(L, "%s: no such policy is built in",
                            source->name.p);
            return LUA_ERRRUN;
        }
        count_in(g, source->name, g->text);
    } else {
        count_in(g, source->name, g->text);
    }
    const char *chunk = lua_pushfstring(L, "@%s", source->name.p);
    int status = compile(L, g->text, chunk, false);
    lua_remove(L, -2);
    return status;
}

/* --- require --------------------------------------------------------------- */

static bool module_name_ok(str name)
{
    bool start = true;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool word = c == '_' || (c >= '0' && c <= '9') ||
                    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!word && (start || (c != '.' && c != '-')))
            return false;
        start = c == '.';
    }
    return name.n > 0 && name.n < 128 && !start;
}

/* A module's name as a path: dots are folders. */
static str slashed(struct generation *g, str name)
{
    str path = arena_copy(&g->arena, name);
    char *at = (char *)(uintptr_t)path.p;
    for (size_t i = 0; i < path.n; i++)
        if (at[i] == '.')
            at[i] = '/';
    return path;
}

/* Beside the policy: name.lua, else name/init.lua. */
static bool find_beside(lua_State *L, str name, str *text)
{
    struct generation *g = generation_of(L);
    static const char *const endings[] = {".lua", "/init.lua"};
    for (int i = 0; i < 2 && g->folder.p != NULL; i++) {
        str path = arena_print(&g->arena, "%.*s%s", STR_ARG(name), endings[i]);
        if (path.p != NULL && read_watched(g, g->folder, path, text) == 0) {
            lua_pushfstring(L, "@%s/%s", g->folder.p, path.p);
            return true;
        }
    }
    return false;
}

/* Find a module's text; the chunk name is pushed. */
static bool find_module(lua_State *L, str name, str *text, bool *trusted)
{
    struct generation *g = generation_of(L);
    bool ours =
        str_eq(name, STR("perilune")) || str_starts(name, STR("perilune."));
    name = slashed(g, name);
    *trusted = ours || !find_beside(L, name, text);
    if (!*trusted)
        return true;
    str path = arena_print(&g->arena, "lua/%.*s.lua", STR_ARG(name));
    if (path.p == NULL || !loader_builtin(g, path, text))
        return false;
    lua_pushfstring(L, "=%s", path.p);
    return true;
}

static int run_module(lua_State *L, str name)
{
    str text;
    bool trusted;
    if (!find_module(L, name, &text, &trusted)) {
        if (str_eq(name, STR("cjson")))
            return generation_of(L)->rt->bind->open_cjson(L);
        return sandbox_deny(L,
                            "module '%s' not found: neither beside the "
                            "policy nor built in",
                            sandbox_quote(L, name));
    }
    int status = compile(L, text, lua_tostring(L, -1), trusted);
    if (status != LUA_OK)
        return lua_error(L);
    lua_pushlstring(L, name.p, name.n);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    return 1;
}

void loader_module(lua_State *L, const char *name)
{
    int top = lua_gettop(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, MODULES);
    if (lua_getfield(L, top + 1, name) == LUA_TNIL) {
        if (strcmp(name, "perilune.core") == 0)
            generation_of(L)->rt->bind->open(L);
        else
            run_module(L, str_of(name));
        lua_pushvalue(L, -1);
        lua_setfield(L, top + 1, name);
    }
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
}

/* Is it the library that calls? What is behind `perilune` trusts whoever calls
** it, so it is for the library alone. */
static bool library_calls(lua_State *L)
{
    lua_Debug ar;
    return lua_getstack(L, 1, &ar) && lua_getinfo(L, "S", &ar) &&
           ar.source[0] == '=' && ar.what[0] != 'C';
}

int loader_require(lua_State *L)
{
    str name;
    name.p = luaL_checklstring(L, 1, &name.n);
    if (!module_name_ok(name))
        return sandbox_deny(L, "require: '%s' is not a module name",
                            sandbox_quote(L, name));
    if (str_starts(name, STR("perilune.")) && !library_calls(L))
        return sandbox_deny(L,
                            "require: '%s' is the library's own; write "
                            "require \"perilune\"",
                            sandbox_quote(L, name));
    if (!generation_of(L)->loading)
        return sandbox_deny(L,
                            "require \"%s\" belongs above \"return "
                            "function(req)\"",
                            sandbox_quote(L, name));
    loader_module(L, name.p);
    return 1;
}
