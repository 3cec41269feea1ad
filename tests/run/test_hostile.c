/*
** Policies that mean harm (tests/data/hostile), each under the whole gateway:
** it ends as its first line says, a request beside it and the ones after it
** are unharmed, and what it took of the heap comes back.
*/
#include <dirent.h>
#include <unistd.h>

#include "perilune_inner.h"
#include "policy_rig.h"
#include "run/generation.h"

#define FOLDER "tests/data/hostile"

/* The hostile file is a module of this policy, which serves others too. */
static const char wrapper[] =
    "local p = require 'perilune' local bad = require 'bad' "
    "return function(req) "
    "  if req.model == 'bad' then return bad(req) end "
    "  if req.model == 'slow' then p.sleep '20ms' end "
    "  return p.say 'well' end";

static char dir[] = "/tmp/perilune-hostile-XXXXXX";

static void put_file(const char *name, const char *text, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && fwrite(text, 1, n, f) == n && fclose(f) == 0);
}

static void read_file(const char *name, struct buf *text)
{
    char path[512], some[4096];
    size_t n;
    snprintf(path, sizeof path, FOLDER "/%s", name);
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    while (f != NULL && (n = fread(some, 1, sizeof some, f)) > 0)
        buf_add(text, (str){some, n});
    if (f != NULL)
        fclose(f);
}

/* --- a neighbour ---------------------------------------------------------- */

static struct neighbour {
    int status, dones;
} neighbour;

static void neighbour_head(void *user, int status, const peri_header *headers,
                           size_t n)
{
    (void)user;
    (void)headers;
    (void)n;
    neighbour.status = status;
}

static void neighbour_done(void *user, int outcome)
{
    (void)user;
    CHECK_INT(outcome, PERI_DONE);
    neighbour.dones++;
}

/* One that is in flight already, and is to end well. */
static void submit_neighbour(void)
{
    static const char body[] = "{\"model\":\"slow\"," MESSAGES "}";
    static const peri_sink sink = {sizeof sink, NULL, neighbour_head, NULL,
                                   neighbour_done};
    peri_request req = {
        .size = sizeof req, .body = body, .body_len = sizeof body - 1};
    neighbour = (struct neighbour){0};
    CHECK_INT(peri_submit(peri, &req, &sink, NULL), 0);
    turn(2);
}

static void await_neighbour(void)
{
    for (int i = 0; i < PATIENT_TURNS && neighbour.dones == 0; i++)
        peri_step(peri, 0.01);
    CHECK_INT(neighbour.dones, 1);
    CHECK_INT(neighbour.status, 200);
}

/* --- one policy ----------------------------------------------------------- */

static size_t heap_now(void)
{
    struct generation *g = peri->rt.current;
    lua_gc(g->L, LUA_GCCOLLECT);
    lua_gc(g->L, LUA_GCCOLLECT);
    return g->heap.used;
}

static str last_reason(void)
{
    str reason = STR("contained"), rest = buf_str(&logged);
    while (rest.n > 0) {
        str line = str_split(&rest, '\n');
        struct json root = json_of(line);
        if (!json_is(json_get(root, STR("event")).text, STR("policy_error")))
            continue;
        struct json value = json_get(root, STR("reason"));
        reason = (str){value.text.p + 1, value.text.n - 2};
    }
    return reason;
}

static bool among(str one, str list)
{
    while (list.p != NULL)
        if (str_eq(str_trim(str_split(&list, '|')), one))
            return true;
    return false;
}

static void well(void)
{
    chat();
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), "well");
}

/* Two bad requests, each beside a good one. */
static str request_it(void)
{
    well();
    size_t before = heap_now();
    for (int i = 0; i < 2; i++) {
        buf_clear(&logged);
        submit_neighbour();
        ask("{\"model\":\"bad\"," MESSAGES "}");
        await_neighbour();
        CHECK(got.status == 200 || got.status == 500 || got.status == 400);
        CHECK(!contains(&got.headers, "\nx-forged"));
    }
    str reason = last_reason();
    static char kept[32];
    snprintf(kept, sizeof kept, "%.*s", STR_ARG(reason));
    well();
    CHECK(heap_now() < before + (300 << 10));
    return str_of(kept);
}

static void try_file(const char *name)
{
    static const char begins[] = "-- expect: ";
    struct buf text;
    char path[256];
    int before = unit_failures;
    buf_init(&text, 1 << 20);
    read_file(name, &text);
    str first = buf_str(&text);
    first = str_from(str_split(&first, '\n'), sizeof begins - 1);
    bool loads = !among(STR("load_error"), first);
    put_file("bad.lua", text.p, text.n);
    if (loads)
        put_file("policy.lua", wrapper, sizeof wrapper - 1);
    else
        put_file("policy.lua", text.p, text.n);
    snprintf(path, sizeof path, "%s/policy.lua", dir);
    peri_options opt = {.policy_cpu = 0.03};
    rig_open(&opt);
    int error = peri_load(peri, path);
    str got_it = error == 0 ? request_it() : STR("load_error");
    CHECK(among(got_it, first));
    if (unit_failures != before)
        printf("#    %s: %.*s, not %.*s (%s) %.*s\n", name, STR_ARG(got_it),
               STR_ARG(first), peri_error(peri),
               STR_ARG(log_field("policy_error", "message")));
    buf_fini(&text);
    finish();
}

/* Those whose names begin with one of these. */
static void try_all(const char *begins)
{
    struct dirent **files;
    CHECK(mkdtemp(dir) != NULL);
    int n = scandir(FOLDER, &files, NULL, alphasort), tried = 0;
    for (int i = 0; i < n; i++) {
        if (strchr(begins, files[i]->d_name[0]) != NULL) {
            try_file(files[i]->d_name);
            tried++;
        }
        free(files[i]);
    }
    free(files);
    CHECK(tried > 10);
    char path[256];
    snprintf(path, sizeof path, "%s/bad.lua", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/policy.lua", dir);
    unlink(path);
    rmdir(dir);
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
}

static void nothing_outlives_the_deadline(void)
{
    try_all("0123");
}

static void nothing_outgrows_the_heap(void)
{
    try_all("45");
}

static void there_is_no_way_out(void)
{
    try_all("678");
}

static void what_is_said_forges_nothing(void)
{
    try_all("9A");
}

TESTS(nothing_outlives_the_deadline, nothing_outgrows_the_heap,
      there_is_no_way_out, what_is_said_forges_nothing)
