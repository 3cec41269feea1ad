/*
** openai_text.c -- the answer's text, where it stands and with what to
** replace it.
**
** A chunk of a stream has it in choices[].delta.content, a whole reply in
** choices[].message.content; otherwise they are alike, so both are read here.
*/
#include "wire/openai.h"

#include "wire/json.h"

/* The choices of an event or a reply, one after the other. */
struct spot {
    struct json_walk walk;
    int place;           /* of the choice in the array */
    int choice;          /* its number: `index`, or its place */
    struct json holder;  /* the delta or message */
    struct json content; /* what it says */
};

static struct spot first_spot(str data)
{
    struct json choices = json_get(json_of(data), STR("choices"));
    return (struct spot){.walk = json_walk(choices), .place = -1};
}

static bool next_spot(struct spot *s)
{
    int64_t index;
    if (!json_next(&s->walk))
        return false;
    s->place++;
    struct json choice = s->walk.value;
    bool numbered = json_integer(json_get(choice, STR("index")), &index);
    s->choice = numbered && index >= 0 && index < 1000 ? (int)index : s->place;
    s->holder = json_get(choice, STR("delta"));
    if (s->holder.kind == JSON_NONE)
        s->holder = json_get(choice, STR("message"));
    s->content = json_get(s->holder, STR("content"));
    return true;
}

bool openai_content(str data, int nth, int *choice, struct buf *text)
{
    struct spot s = first_spot(data);
    while (next_spot(&s)) {
        if (s.content.kind != JSON_STRING || s.content.text.n == 2)
            continue;
        if (nth-- > 0)
            continue;
        *choice = s.choice;
        json_decode(s.content, text);
        return true;
    }
    return false;
}

/* Copy `data` with `with` in place of the slice `from`. */
static void splice(str data, str from, str with, struct buf *out)
{
    struct json_edit edit = {from, with};
    json_splice(data, &edit, 1, out);
}

static void say(const struct spot *s, str data, str text, struct buf *out)
{
    struct buf with;
    struct json_walk w = json_walk(s->holder);
    bool absent = s->content.kind == JSON_NONE;
    buf_init(&with, text.n * 6 + 64);
    if (absent)
        buf_text(&with, "\"content\":");
    json_put_string(&with, text);
    if (absent && json_next(&w))
        buf_byte(&with, ',');
    str from = absent ? (str){s->holder.text.p + 1, 0} : s->content.text;
    if (buf_ok(&with))
        splice(data, from, buf_str(&with), out);
    else
        out->failed = true;
    buf_fini(&with);
}

void openai_recontent(str data, int choice, str text, struct buf *out)
{
    struct spot s = first_spot(data);
    while (next_spot(&s)) {
        bool silent = s.content.kind != JSON_STRING;
        if (s.choice != choice || s.holder.kind != JSON_OBJECT)
            continue;
        if (silent && text.n == 0)
            break;
        say(&s, data, text, out);
        return;
    }
    buf_add(out, data);
}
