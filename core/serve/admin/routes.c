/*
** routes.c -- what there is, by path and method; and bodies, as far as all of
** them are alike.
**
** A path is taken as it stands: no second way to write one leads to it.
*/
#include "serve/admin/inner.h"

static const struct route {
    const char *method, *path; /* a '*' is a word */
    void (*serve)(struct errand *, str word);
    bool body;  /* an object of JSON comes with it */
    bool query; /* there may be one */
} routes[] = {
    {"GET", "/admin/keys", keys_list, false, true},
    {"POST", "/admin/keys", keys_add, true, false},
    {"GET", "/admin/keys/*", keys_show, false, false},
    {"PATCH", "/admin/keys/*", keys_change, true, false},
    {"DELETE", "/admin/keys/*", keys_revoke, false, false},
    {"POST", "/admin/keys/*/rotate", keys_rotate, false, false},
    {"GET", "/admin/usage", usage_show, false, true},
    {"GET", "/admin/budgets", budgets_list, false, false},
};
#define ROUTES (sizeof routes / sizeof routes[0])

static bool fits(const char *pattern, str path, str *word)
{
    str want = str_of(pattern);
    size_t star = str_find(want, '*');
    *word = STR_NONE;
    if (star == want.n)
        return str_eq(path, want);
    str after = str_from(want, star + 1);
    if (path.n < star + after.n || !str_starts(path, (str){want.p, star}) ||
        !str_eq(str_from(path, path.n - after.n), after))
        return false;
    *word = (str){path.p + star, path.n - after.n - star};
    return str_is_word(*word);
}

static void not_found(struct errand *e)
{
    errand_no(e, &(struct no){404, "unknown_url",
                              STR("There is nothing at this path of the admin "
                                  "API. Keys are at /admin/keys and "
                                  "/admin/keys/ID, usage at /admin/usage, "
                                  "budgets at /admin/budgets; models and "
                                  "completions are at the gateway's own "
                                  "address."),
                              STR_NONE, NULL});
}

static void wrong_method(struct errand *e)
{
    char room[64];
    struct buf allow = {.p = room, .cap = sizeof room, .max = sizeof room};
    str word;
    for (size_t i = 0; i < ROUTES; i++)
        if (fits(routes[i].path, e->head->path, &word))
            buf_print(&allow, "%s%s", allow.n > 0 ? ", " : "",
                      routes[i].method);
    struct http_field field = {STR("allow"), buf_str(&allow)};
    errand_no(e, &(struct no){405, "method_not_allowed",
                              STR("This path has other methods; the field "
                                  "Allow names them."),
                              STR_NONE, &field});
}

/* --- bodies ---------------------------------------------------------------- */

static bool is_json(str kind)
{
    str want = STR("application/json");
    str rest = kind.n >= want.n ? str_trim(str_from(kind, want.n)) : STR_NONE;
    return kind.n >= want.n && str_eq_nocase((str){kind.p, want.n}, want) &&
           (rest.n == 0 || rest.p[0] == ';');
}

static bool bad_json(struct errand *e, const struct json_error *error)
{
    char room[160];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    if (error == NULL)
        buf_text(&text, "The body must be one JSON object.");
    else
        buf_print(&text, "The body is not valid JSON at byte %zu: %s.",
                  error->at + 1, error->what);
    errand_no(
        e, &(struct no){400, "invalid_json", buf_str(&text), STR_NONE, NULL});
    return false;
}

/* False: it has been answered. */
static bool read_body(struct errand *e)
{
    struct json_error error;
    if (!is_json(http_field(e->head, STR("content-type")))) {
        errand_no(e, &(struct no){415, "unsupported_media_type",
                                  STR("Send the body as content-type: "
                                      "application/json."),
                                  STR_NONE, NULL});
        return false;
    }
    if (!json_check(e->body, &error))
        return bad_json(e, &error);
    e->root = json_of(e->body);
    return e->root.kind == JSON_OBJECT ? true : bad_json(e, NULL);
}

static bool no_body(struct errand *e)
{
    if (e->body.n == 0)
        return true;
    errand_no(e, &(struct no){400, "unexpected_body",
                              STR("This takes no body."), STR_NONE, NULL});
    return false;
}

static bool no_query(struct errand *e)
{
    if (e->head->query.n == 0)
        return true;
    errand_no(e, &(struct no){400, "unexpected_query",
                              STR("This takes nothing behind a '?'."), STR_NONE,
                              NULL});
    return false;
}

static void go(struct errand *e, const struct route *r, str word)
{
    if ((r->query || no_query(e)) && (r->body ? read_body(e) : no_body(e)))
        r->serve(e, word);
}

void route(struct errand *e)
{
    str word;
    bool there = false;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!fits(routes[i].path, e->head->path, &word))
            continue;
        there = true;
        if (!str_eq(e->head->method, str_of(routes[i].method)))
            continue;
        go(e, &routes[i], word);
        return;
    }
    if (there)
        wrong_method(e);
    else
        not_found(e);
}
