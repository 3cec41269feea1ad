/*
** idempotency.c -- the Idempotency-Key field, and whose key it is.
**
** The IETF's draft writes a quoted string, most clients a bare text: both are
** taken, and mean the same where their text is the same. A key is the caller's
** alone. Who that is, says his key of ours; where there are none, whatever he
** brings along to prove himself elsewhere, and the user he says he asks for. The
** user in the body does not count: with another one it is another body.
*/
#include "serve/inner.h"

#include <lauxlib.h>
#include <stdio.h>

#include "base/defence.h"
#include "run/generation.h"
#include "run/idempotency/once.h"

#define FIELD STR("idempotency-key")

/* --- the field ------------------------------------------------------------- */

static bool refuse(struct arrival *a, const char *why)
{
    char text[256];
    snprintf(text, sizeof text,
             "Idempotency-Key %s. Send one text of 1 to 255 printable ASCII "
             "characters, such as a UUID, or leave the field out.",
             why);
    struct error_shape e = {.message = str_of(text),
                            .type = STR("invalid_request_error"),
                            .code = STR("invalid_idempotency_key")};
    arrival_error(a, 400, &e);
    return false;
}

/* Append a character; false when it does not fit, or may not stand there. */
static bool put(struct idempotency_key *key, char c)
{
    if (c < ' ' || c > '~' || key->n == sizeof key->text - 1)
        return false;
    key->text[key->n++] = c;
    return true;
}

static const char *why_not(const struct idempotency_key *key)
{
    return key->n == sizeof key->text - 1 ? "is longer than 255 characters"
                                          : "has a character that may not "
                                            "stand there";
}

/* "text", with \" and \\ in it: NULL, or what is wrong. */
static const char *read_quoted(str value, struct idempotency_key *key)
{
    size_t at = 1;
    for (; at < value.n && value.p[at] != '"'; at++) {
        if (value.p[at] == '\\' && ++at < value.n && value.p[at] != '"' &&
            value.p[at] != '\\')
            return "has a backslash before neither a quote nor a backslash";
        if (at < value.n && !put(key, value.p[at]))
            return why_not(key);
    }
    if (at >= value.n)
        return "begins with a quote that does not end";
    return at + 1 == value.n ? NULL : "goes on behind its closing quote";
}

static const char *read_bare(str value, struct idempotency_key *key)
{
    for (size_t at = 0; at < value.n; at++)
        if (!put(key, value.p[at]))
            return why_not(key);
    return NULL;
}

/* The field, and how often it came. */
static int find(const struct arrival *a, str *value)
{
    int n = 0;
    for (int i = 0; i < a->fields_n; i++)
        if (str_eq_nocase(a->fields[i].name, FIELD)) {
            *value = str_trim(a->fields[i].value);
            n++;
        }
    return n;
}

bool idempotency_reads(struct arrival *a, const struct generation *g,
                       struct idempotency_key *key)
{
    str value = STR_NONE;
    key->n = 0;
    if (g->idempotent.off || g->idempotent.key != LUA_NOREF)
        return true;
    int n = find(a, &value);
    if (n == 0)
        return true;
    if (n > 1)
        return refuse(a, "came more than once");
    const char *wrong = value.n > 0 && value.p[0] == '"'
                            ? read_quoted(value, key)
                            : read_bare(value, key);
    if (wrong == NULL && key->n == 0)
        wrong = "is empty";
    return wrong == NULL ? true : refuse(a, wrong);
}

/* --- whose it is ----------------------------------------------------------- */

static void put_line(struct buf *to, const char *name, str value)
{
    if (value.n == 0)
        return;
    buf_text(to, name);
    buf_byte(to, ' ');
    buf_add(to, value);
    buf_byte(to, '\n');
}

static void put_caller(struct buf *to, const struct request *r,
                       const struct arrival *a)
{
    static const char *const proofs[] = {"authorization", "x-api-key",
                                         "x-goog-api-key", "api-key"};
    if (r->key != NULL)
        put_line(to, "key", r->key->id);
    for (size_t i = 0; r->key == NULL && i < 4 && DEFENCE(idem_proofs); i++)
        put_line(to, proofs[i], arrival_field(a, str_of(proofs[i])));
    if (r->key == NULL || r->key->user.p == NULL)
        put_line(to, "user", arrival_field(a, STR("x-perilune-user")));
}

bool idempotency_wants(struct request *r, const struct arrival *a,
                       const struct idempotency_key *key)
{
    struct buf caller;
    bool own = !r->gen->idempotent.off && r->gen->idempotent.key != LUA_NOREF;
    if ((key->n == 0 && !own) || (r->job != NULL && DEFENCE(jobs_anew)))
        return true; /* a job would be answered with its own receipt */
    buf_init(&caller, 256 * 1024);
    put_caller(&caller, r, a);
    bool noted =
        buf_ok(&caller) && once_want(r, buf_str(&caller),
                                     own ? STR_NONE : (str){key->text, key->n});
    buf_fini(&caller);
    return noted;
}
