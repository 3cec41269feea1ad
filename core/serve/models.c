/*
** models.c -- GET /v1/models: what the policy declared.
**
** One shape serves OpenAI's clients and Anthropic's: every row has the keys
** of both.
*/
#include "serve/inner.h"

#include "run/generation.h"

#define LIST_MAX (4 << 20)

static void put_model(struct buf *b, const struct model_entry *m)
{
    buf_byte(b, '{');
    json_put_name(b, STR("id"));
    json_put_string(b, m->id);
    buf_text(b, ",\"object\":\"model\",\"type\":\"model\",\"created\":0,"
                "\"created_at\":\"1970-01-01T00:00:00Z\"");
    json_put_name(b, STR("owned_by"));
    json_put_string(b, m->provider);
    json_put_name(b, STR("display_name"));
    json_put_string(b, m->id);
    buf_byte(b, '}');
}

static const struct model_entry *first_model(struct service *s)
{
    struct generation *g = runtime_policy(s->rt);
    return g != NULL ? g->models : NULL;
}

static void put_id(struct buf *b, const char *name, const struct model_entry *m)
{
    json_put_name(b, str_of(name));
    if (m != NULL)
        json_put_string(b, m->id);
    else
        buf_text(b, "null");
}

/* A client is shown what its key may be answered by. */
static bool may_see(const struct arrival *a, const struct model_entry *m)
{
    return client_key_allows(a->caller.key, m->provider, m->model);
}

void models_list(struct service *s, struct arrival *a)
{
    struct buf body;
    const struct model_entry *first = NULL, *last = NULL;
    buf_init(&body, LIST_MAX);
    buf_text(&body, "{\"object\":\"list\",\"data\":[");
    for (const struct model_entry *m = first_model(s); m != NULL; m = m->next) {
        if (!may_see(a, m))
            continue;
        if (first != NULL)
            buf_byte(&body, ',');
        else
            first = m;
        put_model(&body, m);
        last = m;
    }
    buf_text(&body, "],\"has_more\":false");
    put_id(&body, "first_id", first);
    put_id(&body, "last_id", last);
    buf_byte(&body, '}');
    arrival_json(a, 200, buf_str(&body));
    buf_fini(&body);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo %XX; the HTTP parser has seen to it that every % is followed by two
** hexadecimal digits. */
static void unescape(str in, struct buf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        bool escape = in.p[i] == '%' && i + 2 < in.n && hex(in.p[i + 1]) >= 0 &&
                      hex(in.p[i + 2]) >= 0;
        if (!escape) {
            buf_byte(out, in.p[i]);
            continue;
        }
        buf_byte(out, (char)(hex(in.p[i + 1]) * 16 + hex(in.p[i + 2])));
        i += 2;
    }
}

static const struct model_entry *find(struct service *s, str id)
{
    const struct model_entry *m = first_model(s);
    while (m != NULL && !str_eq(m->id, id))
        m = m->next;
    return m;
}

void models_one(struct service *s, struct arrival *a, str id)
{
    struct buf name, body;
    buf_init(&name, id.n + 1);
    buf_init(&body, LIST_MAX);
    unescape(id, &name);
    const struct model_entry *m = find(s, buf_str(&name));
    if (m != NULL && may_see(a, m)) {
        put_model(&body, m);
        arrival_json(a, 200, buf_str(&body));
    } else {
        struct error_shape e = {
            .message = STR("There is no such model here; GET /v1/models lists "
                           "those the policy declares."),
            .type = STR("invalid_request_error"),
            .param = STR("model"),
            .code = STR("model_not_found"),
        };
        arrival_error(a, 404, &e);
    }
    buf_fini(&name);
    buf_fini(&body);
}
