/*
** store.c -- what `perilune store` asks of a store.
*/
#include "tool/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/batch.h"
#include "store/dump.h"

#define MOST_LINE  ((size_t)256 << 20)
#define MOST_BATCH ((size_t)4 << 20)

static int fail(lua_State *L, const char *what)
{
    lua_pushnil(L);
    lua_pushstring(L, what);
    return 2;
}

static enum store_result open_store(struct store **s, const char *path,
                                    bool read_only, struct store_why *why)
{
    struct store_options options = {.path = path, .read_only = read_only};
    return store_open(s, &options, why);
}

/* --- stat ------------------------------------------------------------------ */

static void set_number(lua_State *L, const char *name, uint64_t n)
{
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, name);
}

static void push_stat(lua_State *L, const struct store_stat *stat)
{
    lua_newtable(L);
    set_number(L, "layout", (uint64_t)stat->layout);
    set_number(L, "file", stat->file);
    set_number(L, "used", stat->used);
    set_number(L, "map", stat->map);
    set_number(L, "expiring", stat->expiring);
    lua_newtable(L);
    for (int i = 0; i < stat->tables_n; i++) {
        lua_newtable(L);
        lua_pushstring(L, stat->tables[i].name);
        lua_setfield(L, -2, "name");
        set_number(L, "rows", stat->tables[i].rows);
        set_number(L, "bytes", stat->tables[i].bytes);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "tables");
}

/* store_stat(path) -> { layout, file, used, map, expiring, tables = {{ name,
** rows, bytes }...} }, or nil and what is wrong */
int tool_store_stat(lua_State *L)
{
    struct store *s;
    struct store_stat stat;
    struct store_why why;
    const char *path = luaL_checkstring(L, 1);
    if (open_store(&s, path, true, &why) != STORE_OK)
        return fail(L, why.text);
    enum store_result result = store_stat(s, &stat);
    store_close(s);
    if (result != STORE_OK) {
        store_say(&why, result, path, NULL);
        return fail(L, why.text);
    }
    push_stat(L, &stat);
    return 1;
}

/* store_compact(path) -> bytes before, bytes after; or nil and what is wrong */
int tool_store_compact(lua_State *L)
{
    uint64_t sizes[2];
    struct store_why why;
    if (store_compact(luaL_checkstring(L, 1), sizes, &why) != STORE_OK)
        return fail(L, why.text);
    lua_pushinteger(L, (lua_Integer)sizes[0]);
    lua_pushinteger(L, (lua_Integer)sizes[1]);
    return 2;
}

/* --- export ---------------------------------------------------------------- */

struct exporting {
    const struct tool *tool;
    struct buf line;
    lua_Integer rows;
};

static void print_line(struct exporting *e)
{
    e->tool->out(e->tool->user, 1, buf_str(&e->line).p, e->line.n);
}

static void print_row(void *user, const struct row *row)
{
    struct exporting *e = user;
    if (!buf_ok(&e->line))
        return;
    buf_clear(&e->line);
    dump_row(&e->line, row);
    if (buf_ok(&e->line))
        print_line(e);
    e->rows++;
}

/* store_export(path) -> rows, once all lines went to stream 1; or nil and what
** is wrong */
int tool_store_export(lua_State *L)
{
    struct store *s;
    struct store_why why;
    struct exporting e = {.tool = tool_of(L)};
    struct store_look look = {.row = print_row, .user = &e, .now = INT64_MIN};
    const char *path = luaL_checkstring(L, 1);
    if (open_store(&s, path, true, &why) != STORE_OK)
        return fail(L, why.text);
    buf_init(&e.line, MOST_LINE);
    dump_begin(&e.line);
    print_line(&e);
    enum store_result result = store_every(s, &look);
    if (result == STORE_OK && !buf_ok(&e.line))
        result = STORE_MEMORY;
    store_close(s);
    buf_fini(&e.line);
    if (result != STORE_OK) {
        store_say(&why, result, path, NULL);
        return fail(L, why.text);
    }
    lua_pushinteger(L, e.rows);
    return 1;
}

/* --- import ---------------------------------------------------------------- */

struct importing {
    str file;
    struct store *store; /* NULL: only look whether each line is a row */
    struct batch batch;
    struct buf scratch;
    lua_Integer line, rows;
    const char *wrong;
};

static bool flush(struct importing *in)
{
    enum store_result result = in->store != NULL && in->batch.steps.n > 0
                                   ? store_write(in->store, &in->batch)
                                   : STORE_OK;
    batch_fini(&in->batch);
    batch_init(&in->batch, INT64_MIN);
    if (result != STORE_OK)
        in->wrong = store_word(result);
    return result == STORE_OK;
}

static bool take_row(struct importing *in, const struct row *row)
{
    struct batch *b = &in->batch;
    if (row->value.p != NULL)
        batch_put(b, row->table, row->key, row->value, row->expires);
    else
        batch_add(b, row->table, row->key, row->count, row->expires);
    if (b->wrong != STORE_OK) {
        in->wrong = store_word(b->wrong);
        return false;
    }
    in->rows++;
    /* Batches are short: that a row is counted twice is looked for in them. */
    return b->steps.n < MOST_BATCH && in->rows % 256 != 0 ? true : flush(in);
}

static bool take_line(struct importing *in, str line)
{
    struct row row;
    in->line++;
    if (line.n == 0)
        return true;
    in->wrong =
        in->line == 1 ? dump_is(line) : dump_read(line, &row, &in->scratch);
    return in->wrong == NULL && (in->line == 1 || take_row(in, &row));
}

/* All lines; false when one is wrong. */
static bool take_lines(struct importing *in, struct store *store)
{
    str rest = in->file;
    bool well = rest.n > 0;
    in->store = store;
    in->line = in->rows = 0;
    in->wrong = well ? NULL : "the file is empty";
    batch_init(&in->batch, INT64_MIN);
    buf_init(&in->scratch, MOST_LINE);
    while (well && rest.p != NULL)
        well = take_line(in, str_split(&rest, '\n'));
    well = well && flush(in);
    batch_fini(&in->batch);
    buf_fini(&in->scratch);
    return well;
}

/* Map a regular file; absent, with errno, when it cannot be. */
static str map_file(const char *path)
{
    struct stat st;
    str file = STR_NONE;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        void *at = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ,
                                         MAP_PRIVATE, fd, 0)
                                  : MAP_FAILED;
        file = at != MAP_FAILED ? (str){at, (size_t)st.st_size} : STR("");
    } else {
        errno = EINVAL;
    }
    close(fd);
    return file;
}

static bool is_empty(struct store *s)
{
    struct store_stat stat;
    uint64_t rows = 0;
    if (store_stat(s, &stat) != STORE_OK)
        return false;
    for (int i = 0; i < stat.tables_n; i++)
        rows += stat.tables[i].rows;
    return rows == 0;
}

/* Push what came of it. */
static int import(lua_State *L, struct importing *in, const char *path)
{
    struct store *s;
    struct store_why why;
    bool well = take_lines(in, NULL); /* nothing is written of a bad file */
    if (well && open_store(&s, path, false, &why) != STORE_OK)
        return fail(L, why.text);
    if (well && !is_empty(s)) {
        store_close(s);
        return fail(L, "there are rows in that store; import into a new one");
    }
    if (well) {
        well = take_lines(in, s);
        store_close(s);
    }
    lua_pushinteger(L, in->rows);
    if (well)
        return 1;
    lua_pushnil(L);
    lua_pushfstring(L, "line %d: %s", (int)in->line, in->wrong);
    return 2;
}

/* store_import(path, file) -> rows; or nil and what is wrong */
int tool_store_import(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1), *file = luaL_checkstring(L, 2);
    struct importing in = {.file = map_file(file)};
    if (in.file.p == NULL)
        return fail(L, lua_pushfstring(L, "%s: %s", file,
                                       errno == EINVAL ? "is no file"
                                                       : strerror(errno)));
    int results = import(L, &in, path);
    if (in.file.n > 0)
        munmap((void *)in.file.p, in.file.n);
    return results;
}
