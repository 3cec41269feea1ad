/*
** files.c -- what subcommands may read: a file, and which files there are.
*/
#include "tool/inner.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/err.h"
#include "net/file.h"

#define MOST_BYTES ((size_t)16 << 20) /* of a file */

static const char *why(int error)
{
    switch (error) {
    case ERR_MISSING:
        return "there is no such file";
    case ERR_LIMIT:
        return "the file is larger than 16 MiB";
    case ERR_INPUT:
        return "it is not a regular file";
    default:
        return "the file cannot be read";
    }
}

/* read(path) -> its text, or nil and why not */
int tool_read(lua_State *L)
{
    struct arena arena;
    str text = STR_NONE;
    arena_init(&arena);
    int error = file_read(luaL_checkstring(L, 1), MOST_BYTES, &arena, &text);
    if (error == 0)
        lua_pushlstring(L, text.p != NULL ? text.p : "", text.n);
    arena_fini(&arena);
    if (error == 0)
        return 1;
    lua_pushnil(L);
    lua_pushstring(L, why(error));
    return 2;
}

/* A folder is told from a file by a slash at its end; nothing else counts. */
static void add(lua_State *L, const char *folder, const char *name)
{
    struct stat st;
    bool there = stat(lua_pushfstring(L, "%s/%s", folder, name), &st) == 0;
    lua_pop(L, 1);
    if (!there || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
        return;
    lua_pushfstring(L, S_ISDIR(st.st_mode) ? "%s/" : "%s", name);
    lua_rawseti(L, 2, (lua_Integer)lua_rawlen(L, 2) + 1);
}

/* list(folder) -> the names in it, those of folders with a slash behind them;
** nil if it is no folder */
int tool_list(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return 0;
    lua_newtable(L);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            add(L, path, entry->d_name);
    closedir(folder);
    return 1;
}
