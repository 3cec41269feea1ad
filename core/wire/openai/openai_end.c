/*
** openai_end.c -- the end of a stream whose time was up.
**
** The reason is "length": of the words this dialect has, it is the one for a
** text that a limit ended and not its writer, and clients treat it so: they
** offer to go on, and take no half answer for a whole one. A word of our own
** would break those who know only the closed list.
*/
#include "wire/json.h"
#include "wire/openai.h"

#define PLAIN "{\"object\":\"chat.completion.chunk\",\"choices\":[]}"

bool openai_frame(str data, struct buf *out)
{
    struct json event = json_of(data);
    struct json choices = json_get(event, STR("choices"));
    struct json usage = json_get(event, STR("usage"));
    struct json_edit edits[] = {{choices.text, STR("[]")},
                                {usage.text, STR("null")}};
    if (choices.kind != JSON_ARRAY)
        return false;
    json_splice(data, edits, usage.kind != JSON_NONE ? 2 : 1, out);
    return true;
}

static void put_choices(struct buf *out, uint64_t open)
{
    buf_byte(out, '[');
    for (int i = 0; i < 64; i++)
        if (open >> i & 1)
            buf_print(out,
                      "%s{\"index\":%d,\"delta\":{},\"logprobs\":null,"
                      "\"finish_reason\":\"length\"}",
                      open & (((uint64_t)1 << i) - 1) ? "," : "", i);
    buf_byte(out, ']');
}

static void put_usage(struct buf *out, const struct usage *u)
{
    buf_text(out, "{\"prompt_tokens\":");
    buf_int(out, u->prompt);
    buf_text(out, ",\"completion_tokens\":");
    buf_int(out, u->completion);
    buf_text(out, ",\"total_tokens\":");
    buf_int(out, u->prompt + u->completion);
    buf_text(out, ",\"prompt_tokens_details\":{\"cached_tokens\":");
    buf_int(out, u->cached);
    buf_text(out, "},\"completion_tokens_details\":{\"reasoning_tokens\":");
    buf_int(out, u->reasoning);
    buf_text(out, "}}");
}

/* An event: the frame with this in place of, or as, its member `name`. */
static void put_event(struct buf *out, str frame, str name, str value)
{
    struct json object = json_of(frame), old = json_get(object, name);
    struct json_edit edit = {old.text, value};
    buf_text(out, "data: ");
    if (old.kind != JSON_NONE) {
        json_splice(frame, &edit, 1, out);
    } else {
        buf_add(out, (str){object.text.p, object.text.n - 1});
        json_put_name(out, name);
        buf_add(out, value);
        buf_byte(out, '}');
    }
    buf_text(out, "\n\n");
}

void openai_put_end(struct buf *out, str frame, uint64_t open,
                    const struct usage *usage)
{
    struct buf value;
    buf_init(&value, 64 * 128);
    if (frame.p == NULL)
        frame = STR(PLAIN);
    if (open != 0) {
        put_choices(&value, open);
        put_event(out, frame, STR("choices"), buf_str(&value));
    }
    buf_clear(&value);
    if (usage != NULL) {
        put_usage(&value, usage);
        put_event(out, frame, STR("usage"), buf_str(&value));
    }
    buf_text(out, "data: [DONE]\n\n");
    if (!buf_ok(&value))
        out->failed = true;
    buf_fini(&value);
}
