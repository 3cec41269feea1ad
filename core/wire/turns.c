/*
** turns.c -- roles, pieces, turns; and which of them leave first.
**
** Results stand close behind their calls, so a call is looked for among the
** latest few hundred only, and a result whose call is not found joins the
** piece before it: reading stays linear whatever a client sends.
*/
#include "wire/turns.h"

#include "base/defence.h"
#include "kernel/estimate.h"

#define LOOK_BACK 256 /* calls */
#define SHORT_ID  9   /* bytes; a shorter id repeats from one talk to another */

struct called {
    uint64_t id;
    int piece;
};

/* While reading. */
struct reading {
    struct turns *t;
    struct arena *arena;
    struct buf scratch;
    struct called called[LOOK_BACK]; /* a ring */
    unsigned n;                      /* calls so far */
    int calling;                     /* the latest piece with calls, or -1 */
};

/* --- texts ----------------------------------------------------------------- */

static void add_line(struct json part, struct buf *text)
{
    if (text->n > 0)
        buf_byte(text, '\n');
    json_decode(json_get(part, STR("text")), text);
}

bool turns_text(struct json message, struct buf *text)
{
    struct json content = json_get(message, STR("content"));
    bool all = content.kind == JSON_STRING || content.kind == JSON_ARRAY;
    if (content.kind == JSON_STRING)
        json_decode(content, text);
    struct json_walk parts = json_walk(content);
    while (content.kind == JSON_ARRAY && json_next(&parts)) {
        bool is_text =
            json_is(json_get(parts.value, STR("type")).text, STR("text")) &&
            json_get(parts.value, STR("text")).kind == JSON_STRING;
        if (is_text)
            add_line(parts.value, text);
        all = all && is_text;
    }
    return all;
}

struct json turns_question(struct json messages)
{
    struct json last = {.kind = JSON_NONE};
    struct json_walk w = json_walk(messages);
    while (messages.kind == JSON_ARRAY && json_next(&w))
        if (json_is(json_get(w.value, STR("role")).text, STR("user")))
            last = w.value;
    return last;
}

static int64_t text_tokens(struct reading *r, struct json text)
{
    buf_clear(&r->scratch);
    return estimate_tokens(json_text(text, &r->scratch));
}

static int64_t part_tokens(struct reading *r, struct json part)
{
    struct json text = json_get(part, STR("text"));
    return text.kind == JSON_STRING ? text_tokens(r, text) : ESTIMATE_PART;
}

static int64_t content_tokens(struct reading *r, struct json content)
{
    int64_t n = 0;
    if (content.kind != JSON_ARRAY)
        return text_tokens(r, content);
    struct json_walk parts = json_walk(content);
    while (json_next(&parts))
        n += part_tokens(r, parts.value);
    return n;
}

static int64_t message_tokens(struct reading *r, struct json message)
{
    struct json_walk w = json_walk(message);
    int64_t n = ESTIMATE_MESSAGE;
    while (message.kind == JSON_OBJECT && json_next(&w)) {
        if (json_is(w.name, STR("content")))
            n += content_tokens(r, w.value);
        else if (!json_is(w.name, STR("role")))
            n += estimate_tokens(w.value.text);
    }
    return n;
}

/* --- pieces ---------------------------------------------------------------- */

static enum turn_role role_of(struct json message)
{
    static const struct {
        const char *name;
        enum turn_role role;
    } roles[] = {{"system", TURN_SYSTEM}, {"developer", TURN_SYSTEM},
                 {"user", TURN_USER},     {"assistant", TURN_ASSISTANT},
                 {"tool", TURN_TOOL},     {"function", TURN_TOOL}};
    struct json role = json_get(message, STR("role"));
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (role.kind == JSON_STRING &&
            json_is(role.text, str_of(roles[i].name)))
            return roles[i].role;
    return TURN_OTHER;
}

/* The hash of an id as it stands; 0 when it is no text. */
static uint64_t hash_of(struct json id)
{
    if (id.kind != JSON_STRING)
        return 0;
    return str_hash((str){id.text.p + 1, id.text.n - 2}) | 1;
}

uint64_t turns_id(struct json id)
{
    return id.text.n < SHORT_ID + 2 ? 0 : hash_of(id);
}

static void note_calls(struct reading *r, struct json message, int piece)
{
    struct json calls = json_get(message, STR("tool_calls"));
    struct json_walk w = json_walk(calls);
    while (calls.kind == JSON_ARRAY && json_next(&w)) {
        r->called[r->n++ % LOOK_BACK] =
            (struct called){hash_of(json_get(w.value, STR("id"))), piece};
        r->calling = piece;
    }
    if (json_get(message, STR("function_call")).kind == JSON_OBJECT)
        r->calling = piece;
}

/* The piece that a result belongs to; -1 when no call is known. */
static int piece_of_result(const struct reading *r, struct json message)
{
    uint64_t id = hash_of(json_get(message, STR("tool_call_id")));
    for (unsigned back = 1; back <= r->n && back <= LOOK_BACK; back++) {
        const struct called *c = &r->called[(r->n - back) % LOOK_BACK];
        if (id != 0 && c->id == id)
            return c->piece;
    }
    return r->calling;
}

static void join(struct turns *t, int i, int piece)
{
    struct message *leader = &t->at[piece];
    t->at[i].piece = piece;
    t->at[i].turn = leader->turn;
    t->at[leader->tail].next = i;
    leader->tail = i;
}

static void place(struct reading *r, int i)
{
    struct message *m = &r->t->at[i];
    int piece = -1;
    if (m->role == TURN_USER)
        r->t->last++;
    if (m->role == TURN_TOOL && DEFENCE(call_and_result))
        piece = piece_of_result(r, m->body);
    m->piece = m->tail = i;
    m->turn = r->t->last;
    m->keep = m->role == TURN_SYSTEM;
    if (piece >= 0)
        join(r->t, i, piece);
    if (m->role == TURN_ASSISTANT)
        note_calls(r, m->body, i);
}

static int count(struct json messages)
{
    int n = 0;
    struct json_walk w = json_walk(messages);
    while (json_next(&w))
        n++;
    return n;
}

/* What is under way: the question and what came last. */
static void keep_latest(struct turns *t)
{
    int i = t->n - 1;
    if (t->n > 0)
        turns_keep(t, i);
    while (i >= 0 && t->at[i].role != TURN_USER)
        i--;
    if (i >= 0 && DEFENCE(last_question))
        turns_keep(t, i);
}

static void read_all(struct reading *r, struct json messages)
{
    struct json_walk w = json_walk(messages);
    for (int i = 0; json_next(&w); i++) {
        struct message *m = &r->t->at[i];
        *m = (struct message){.body = w.value, .role = role_of(w.value)};
        m->tokens = message_tokens(r, w.value);
        r->t->tokens += m->tokens;
        place(r, i);
    }
    keep_latest(r->t);
}

bool turns_read(struct turns *t, struct json messages, struct arena *arena)
{
    *t = (struct turns){.tokens = ESTIMATE_REQUEST};
    if (messages.kind != JSON_ARRAY || (t->n = count(messages)) > TURNS_MOST)
        return false;
    t->at = arena_zero(arena, (size_t)(t->n + 1) * sizeof *t->at);
    struct reading *r = arena_zero(arena, sizeof *r);
    if (t->at == NULL || r == NULL)
        return false;
    *r = (struct reading){.t = t, .arena = arena, .calling = -1};
    buf_init(&r->scratch, messages.text.n);
    read_all(r, messages);
    bool ok = buf_ok(&r->scratch);
    buf_fini(&r->scratch);
    return ok;
}

/* --- leaving out ----------------------------------------------------------- */

void turns_keep(struct turns *t, int at)
{
    t->at[t->at[at].piece].keep = true;
}

bool turns_loose(const struct turns *t, int at)
{
    return !t->at[t->at[at].piece].keep && !t->at[at].gone;
}

static int drop_piece(struct turns *t, int piece)
{
    int n = 0;
    for (int i = piece; n == 0 || i != 0; i = t->at[i].next) {
        t->at[i].gone = true;
        t->tokens -= t->at[i].tokens;
        n++;
    }
    return n;
}

/* May a piece led by this message leave, when `recent` turns are spared? The
** turn under way comes last of all; what it stands on is kept. */
static bool may_leave(const struct turns *t, int i, int recent)
{
    const struct message *m = &t->at[i];
    if (m->piece != i || m->keep || m->gone)
        return false;
    return m->turn == t->last || m->turn <= t->last - recent;
}

int turns_drop(struct turns *t, int64_t most, int recent)
{
    int n = 0;
    bool fits = t->tokens <= most;
    for (int i = 0; i < t->n && !fits; i++) {
        int turn = t->at[i].turn;
        if (may_leave(t, i, recent))
            n += drop_piece(t, i);
        bool whole =
            turn == t->last || i + 1 == t->n || t->at[i + 1].turn != turn;
        fits = whole && t->tokens <= most;
    }
    return n;
}

uint64_t turns_hash(const struct turns *t)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (int i = 0; i < t->n; i++)
        if (t->at[i].gone)
            h = (h ^ (uint64_t)i) * 0x100000001b3u;
    return h;
}

static void put_note(str note, struct buf *out)
{
    buf_text(out, "{\"role\":\"user\",\"content\":");
    json_put_string(out, note);
    buf_byte(out, '}');
}

static void comma(struct buf *out)
{
    if (out->p[out->n - 1] != '[')
        buf_byte(out, ',');
}

void turns_put(const struct turns *t, str note, struct buf *out)
{
    buf_byte(out, '[');
    for (int i = 0; i < t->n && buf_ok(out); i++) {
        bool gone = t->at[i].gone;
        if (gone && note.p == NULL)
            continue;
        comma(out);
        if (gone)
            put_note(note, out);
        else
            buf_add(out, t->at[i].body.text);
        note = gone ? STR_NONE : note;
    }
    buf_byte(out, ']');
}

/* --- loops ----------------------------------------------------------------- */

int turns_loop(struct json messages, uint64_t *ids, int most)
{
    struct json_walk w = json_walk(messages);
    uint64_t seen[64];
    unsigned n = 0;
    enum turn_role last = TURN_OTHER;
    while (messages.kind == JSON_ARRAY && json_next(&w)) {
        last = role_of(w.value);
        if (last != TURN_TOOL)
            continue;
        uint64_t id = turns_id(json_get(w.value, STR("tool_call_id")));
        if (id != 0)
            seen[n++ % 64] = id;
    }
    if (last != TURN_TOOL)
        return -1;
    int got = 0;
    for (unsigned back = 1; back <= n && back <= 64 && got < most; back++)
        ids[got++] = seen[(n - back) % 64];
    return got;
}
