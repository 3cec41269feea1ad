/*
** openai_write.c -- errors and replies that are made here.
**
** A reply made here is told like a provider's, so that clients need not know
** the difference: as one object, or as a stream of a role, the text, a finish
** and the end. It has used no tokens, and says so.
*/
#include "wire/json.h"
#include "wire/openai.h"

static void put_text(struct buf *out, str name, str text)
{
    json_put_name(out, name);
    if (text.p != NULL)
        json_put_string(out, text);
    else
        buf_text(out, "null");
}

static void put_error(struct buf *out, const struct error_shape *e)
{
    buf_text(out, "{\"error\":{");
    put_text(out, STR("message"), e->message);
    put_text(out, STR("type"), e->type);
    put_text(out, STR("param"), e->param);
    put_text(out, STR("code"), e->code);
    buf_text(out, "}}");
}

static void put_error_event(struct buf *out, const struct error_shape *e)
{
    buf_text(out, "data: ");
    put_error(out, e);
    buf_text(out, "\n\n");
}

#define NO_TOKENS \
    "{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}"

static void put_front(struct buf *out, const struct written *w, str object)
{
    buf_byte(out, '{');
    put_text(out, STR("id"), w->id);
    put_text(out, STR("object"), object);
    json_put_name(out, STR("created"));
    buf_int(out, w->created);
    put_text(out, STR("model"), w->model);
}

static void put_whole(struct buf *out, const struct written *w)
{
    put_front(out, w, STR("chat.completion"));
    buf_text(out, ",\"choices\":[{\"index\":0,\"message\":"
                  "{\"role\":\"assistant\"");
    put_text(out, STR("content"), w->text);
    buf_text(out, ",\"refusal\":null},\"logprobs\":null,"
                  "\"finish_reason\":\"stop\"}],\"usage\":" NO_TOKENS "}");
}

/* One chunk whose only choice has `delta` and `finish` (both JSON). */
static void put_chunk(struct buf *out, const struct written *w, str delta,
                      const char *finish)
{
    buf_text(out, "data: ");
    put_front(out, w, STR("chat.completion.chunk"));
    buf_text(out, ",\"choices\":[{\"index\":0,\"delta\":{");
    buf_add(out, delta);
    buf_print(out, "},\"logprobs\":null,\"finish_reason\":%s}]", finish);
    buf_text(out, w->as.usage ? ",\"usage\":null}\n\n" : "}\n\n");
}

static void put_stream(struct buf *out, const struct written *w)
{
    struct buf delta;
    buf_init(&delta, w->text.n * 6 + 64);
    put_text(&delta, STR("content"), w->text);
    if (!buf_ok(&delta))
        out->failed = true;

    put_chunk(out, w, STR("\"role\":\"assistant\",\"content\":\"\""), "null");
    if (w->text.n > 0)
        put_chunk(out, w, buf_str(&delta), "null");
    put_chunk(out, w, STR(""), "\"stop\"");
    if (w->as.usage) {
        buf_text(out, "data: ");
        put_front(out, w, STR("chat.completion.chunk"));
        buf_text(out, ",\"choices\":[],\"usage\":" NO_TOKENS "}\n\n");
    }
    buf_text(out, "data: [DONE]\n\n");
    buf_fini(&delta);
}

/* The only choice of a stream's last chunk. */
static void put_last_choice(struct buf *out, int choice, str text)
{
    buf_print(out, "[{\"index\":%d,\"delta\":{", choice);
    if (text.n > 0)
        put_text(out, STR("content"), text);
    buf_text(out, "},\"logprobs\":null,\"finish_reason\":\"content_filter\"}]");
}

static void put_cut(struct buf *out, str data, int choice, str text)
{
    struct json chunk = json_of(data);
    struct json choices = json_get(chunk, STR("choices"));
    struct json usage = json_get(chunk, STR("usage"));
    struct buf last;
    buf_init(&last, text.n * 6 + 256);
    put_last_choice(&last, choice, text);
    struct json_edit edits[] = {
        {choices.text, buf_str(&last)},
        {usage.text, STR("null")}, /* it is not known what was used */
    };
    buf_text(out, "data: ");
    if (choices.kind == JSON_NONE)
        buf_print(out, "{\"choices\":%.*s}", STR_ARG(buf_str(&last)));
    else
        json_splice(data, edits, usage.kind != JSON_NONE ? 2 : 1, out);
    buf_text(out, "\n\ndata: [DONE]\n\n");
    if (!buf_ok(&last))
        out->failed = true;
    buf_fini(&last);
}

static void put_reply(struct buf *out, const struct written *w)
{
    if (w->as.stream)
        put_stream(out, w);
    else
        put_whole(out, w);
}

const struct dialect dialect_openai = {
    .name = "openai",
    .path = "/chat/completions",
    .build = openai_build,
    .event = openai_event,
    .whole = openai_whole,
    .content = openai_content,
    .recontent = openai_recontent,
    .error_of = openai_error_of,
    .put_error = put_error,
    .put_error_event = put_error_event,
    .no_memory_event =
        "data: {\"error\":{\"message\":\"The gateway is out of memory.\","
        "\"type\":\"server_error\",\"param\":null,\"code\":\"no_memory\"}}\n\n",
    .put_reply = put_reply,
    .put_cut = put_cut,
    .frame = openai_frame,
    .put_end = openai_put_end,
};
