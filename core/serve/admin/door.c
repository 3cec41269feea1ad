/*
** door.c -- who may ask at all.
**
** A browser can be led here by any page: under a name of the page's own that
** leads to this address, which its Host gives away, or from another origin,
** which its Origin does. Neither is answered. Then the token is looked at; all
** there are, whichever fits, so that nothing tells how far a wrong one came.
*/
#include "serve/admin/inner.h"

#include "base/defence.h"

/* --- the host -------------------------------------------------------------- */

/* Without its port. */
static str host_of(str field)
{
    size_t end = str_starts(field, STR("[")) ? str_find(field, ']') + 1
                                             : str_find(field, ':');
    return end < field.n ? (str){field.p, end} : field;
}

/* An address is nobody's name: no page can have it stand for another. */
static bool is_address(str host)
{
    if (str_starts(host, STR("[")))
        return true;
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
            return false;
    return host.n > 0;
}

static bool is_own(const struct admin *a, str host)
{
    return is_address(host) || str_eq_nocase(host, STR("localhost")) ||
           str_eq_nocase(host, str_of(a->host));
}

static bool host_passes(struct errand *e)
{
    str host = host_of(http_field(e->head, STR("host")));
    bool plain = e->head->target.p[0] == '/'; /* no host of its own in it */
    if ((plain && is_own(e->admin, host)) || !DEFENCE(admin_host))
        return true;
    errand_no(e, &(struct no){421, "wrong_host",
                              STR("Ask for this listener by its address, "
                                  "localhost, or the name it was told to "
                                  "listen on: the Host that came is none of "
                                  "these."),
                              STR_NONE, NULL});
    return false;
}

static bool origin_passes(struct errand *e)
{
    if (http_field(e->head, STR("origin")).p == NULL || !DEFENCE(admin_origin))
        return true;
    errand_no(e, &(struct no){403, "origin_refused",
                              STR("The admin API is not for pages in a "
                                  "browser: a request with an Origin is "
                                  "refused."),
                              STR_NONE, NULL});
    return false;
}

/* --- the token ------------------------------------------------------------- */

/* What stands behind "Bearer" in the one field there is; else absent. */
static str bearer(const struct http_head *head)
{
    str found = STR_NONE, scheme = STR("bearer ");
    for (int i = 0; i < head->fields_n; i++) {
        const struct http_field *f = &head->fields[i];
        if (!str_eq_nocase(f->name, STR("authorization")))
            continue;
        if (found.p != NULL || f->value.n <= scheme.n ||
            !str_eq_nocase((str){f->value.p, scheme.n}, scheme))
            return STR_NONE;
        found = str_trim(str_from(f->value, scheme.n));
    }
    return found;
}

static bool fits(const struct admin *a, str token)
{
    struct mac mark;
    bool any = false;
    if (token.n == 0 || !mac_of(a->key, token, &mark))
        return false;
    for (int i = 0; i < a->tokens_n; i++)
        any |= mac_eq(&mark, &a->tokens[i]);
    return any;
}

static bool token_passes(struct errand *e)
{
    struct http_field how = {STR("www-authenticate"), STR("Bearer")};
    e->token = bearer(e->head);
    if (fits(e->admin, e->token) || !DEFENCE(admin_token))
        return true;
    audit_wrong_token(e);
    errand_no(e, &(struct no){401, "invalid_token",
                              STR("The admin API needs its token, as "
                                  "\"Authorization: Bearer TOKEN\"; keys of "
                                  "clients are none."),
                              STR_NONE, &how});
    return false;
}

bool door_passes(struct errand *e)
{
    return host_passes(e) && origin_passes(e) && token_passes(e);
}
