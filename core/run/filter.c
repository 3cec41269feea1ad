/*
** filter.c -- text through a Lua function, event by event.
**
** Only the text of an event is changed, in place, so ids, roles, tool calls
** and usage pass as they came. What waits of a choice rides on the event that
** finishes it; should none come before the end, the last event that had text
** serves as the mould for one more.
*/
#include "run/filter.h"

#include <lauxlib.h>

#include "base/defence.h"
#include "base/mem.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/task.h"

#define LONGEST_WHY 4096

struct filtering {
    struct request *request;
    const struct filter *filter;
    struct filtering *inner; /* runs before this one */
    struct buf between;      /* what inner gave */
    bool stream, cut;
    bool torn;      /* a buffer failed: some text is lost */
    int cut_choice; /* the one that was asked about last */
    struct buf *out;
    struct buf tail[FILTER_CHOICES]; /* text that waits, per choice */
    struct buf mould;                /* data of the last event with text */
    struct buf text, shown, event;   /* scratch */
};

struct filtering *filtering_open(struct request *r, const struct filter *f,
                                 bool stream, struct buf *out)
{
    struct filtering *g = arena_zero(&r->arena, sizeof *g);
    if (g == NULL)
        return NULL;
    size_t max = out->max;
    *g = (struct filtering){
        .request = r, .filter = f, .stream = stream, .out = out};
    for (int i = 0; i < FILTER_CHOICES; i++)
        buf_init(&g->tail[i], max);
    buf_init(&g->mould, max);
    buf_init(&g->text, max);
    buf_init(&g->shown, max);
    buf_init(&g->event, max);
    buf_init(&g->between, max);
    if (f->inner != NULL) {
        g->inner = filtering_open(r, f->inner, stream, &g->between);
        if (g->inner == NULL)
            return NULL;
    }
    return g;
}

void filtering_close(struct filtering *f)
{
    for (; f != NULL; f = f->inner) {
        for (int i = 0; i < FILTER_CHOICES; i++)
            buf_fini(&f->tail[i]);
        buf_fini(&f->mould);
        buf_fini(&f->text);
        buf_fini(&f->shown);
        buf_fini(&f->event);
        buf_fini(&f->between);
    }
}

/* --- buffers --------------------------------------------------------------- */

/* Empty it, and remember if it had failed. */
static void renew(struct filtering *f, struct buf *b)
{
    f->torn = f->torn || !buf_ok(b);
    buf_clear(b);
}

static void drop(struct filtering *f, struct buf *b)
{
    renew(f, b);
    buf_fini(b);
}

static bool whole(struct filtering *f)
{
    bool ok = !f->torn && buf_ok(f->out) && buf_ok(&f->mould) &&
              buf_ok(&f->text) && buf_ok(&f->shown) && buf_ok(&f->event);
    for (int i = 0; i < FILTER_CHOICES; i++)
        ok = ok && buf_ok(&f->tail[i]);
    return ok;
}

/* --- asking the function --------------------------------------------------- */

/* Take what it returned off the stack: f->shown is the text to go on with. */
static bool take_result(struct filtering *f, lua_State *L)
{
    const struct written_reply *cut = luaL_testudata(L, -1, CUT_TYPE);
    str text = buf_str(&f->text);
    bool good = true;
    if (cut != NULL) {
        f->cut = true;
        text = (str){cut->text, cut->len};
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        text.p = lua_tolstring(L, -1, &text.n);
    } else {
        good = lua_isnoneornil(L, -1);
    }
    renew(f, &f->shown);
    buf_add(&f->shown, text);
    return good;
}

static int call_function(lua_State *L)
{
    str text = *(str *)lua_touserdata(L, 2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, lua_tointeger(L, 1));
    lua_pushlstring(L, text.p, text.n);
    lua_call(L, 1, 1);
    return 1;
}

static bool complain(struct filtering *f, const char *reason, str why)
{
    stat_add(&f->request->rt->stats.policy_errors, 1);
    event_policy(f->request->rt, f->request, reason, why);
    return false;
}

/* Ask about f->text. False when the function raised or returned nonsense. */
static bool ask(struct filtering *f)
{
    lua_State *L = f->request->gen->L;
    str text = buf_str(&f->text);
    struct buf why;
    buf_init(&why, LONGEST_WHY);
    int top = lua_gettop(L);
    lua_pushcfunction(L, call_function);
    lua_pushinteger(L, f->filter->function);
    lua_pushlightuserdata(L, &text);
    const char *reason = task_call(f->request, L, 2, &why);
    bool good = reason == NULL && take_result(f, L);
    if (reason != NULL)
        complain(f, reason, buf_str(&why));
    else if (!good)
        complain(f, "bad_return",
                 STR("p.filter: the function returned neither nil, a text nor "
                     "p.cut(text)"));
    lua_settop(L, top);
    buf_fini(&why);
    return good;
}

/* --- events ---------------------------------------------------------------- */

static void put_event(struct filtering *f, str data)
{
    buf_text(f->out, "data: ");
    buf_add(f->out, data);
    buf_text(f->out, "\n\n");
}

/* How much of a text may leave when the last `hold` bytes wait: never half of
** a character. */
static size_t may_leave(str text, size_t hold)
{
    size_t n = text.n > hold ? text.n - hold : 0;
    while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* Put the text of one choice through and into `data`; with a cut, f->event is
** the end of the stream. `last`: nothing further comes, so nothing waits. */
static bool put_choice(struct filtering *f, struct buf *data, int choice,
                       bool last)
{
    const struct dialect *dialect = f->request->dialect;
    struct buf *tail = &f->tail[choice];
    bool waited = tail->n > 0;
    if (!ask(f))
        return false;
    str shown = buf_str(&f->shown);
    f->cut_choice = choice;
    bool all = f->cut || last || !f->stream;
    size_t leaves = all ? shown.n : may_leave(shown, f->filter->hold);
    if (!f->cut && !waited && leaves == shown.n &&
        str_eq(shown, buf_str(&f->text)))
        return true; /* said as it came: its escapes stay what they were */
    renew(f, tail);
    buf_add(tail, str_from(shown, leaves));
    renew(f, &f->event);
    if (f->cut && f->stream) {
        dialect->put_cut(&f->event, buf_str(data), choice, shown);
        return true;
    }
    dialect->recontent(buf_str(data), choice, (str){shown.p, leaves},
                       &f->event);
    renew(f, data);
    buf_add(data, buf_str(&f->event));
    return true;
}

/* Let all that waits ride on this event, as far as its choices go. */
static void flush_tails(struct filtering *f, struct buf *data)
{
    for (int i = 0; i < FILTER_CHOICES; i++) {
        if (f->tail[i].n == 0)
            continue;
        renew(f, &f->event);
        f->request->dialect->recontent(buf_str(data), i, buf_str(&f->tail[i]),
                                       &f->event);
        if (f->event.n == data->n)
            continue; /* no such choice in it */
        renew(f, data);
        buf_add(data, buf_str(&f->event));
        renew(f, &f->tail[i]);
    }
}

static void flush_into_mould(struct filtering *f)
{
    for (int i = 0; i < FILTER_CHOICES; i++) {
        if (f->tail[i].n == 0)
            continue;
        renew(f, &f->event);
        f->request->dialect->recontent(buf_str(&f->mould), i,
                                       buf_str(&f->tail[i]), &f->event);
        put_event(f, buf_str(&f->event));
        renew(f, &f->tail[i]);
    }
}

/* What an event is to a filter. */
static struct tap look(struct filtering *f, const struct sse_event *event)
{
    struct tap tap = {0};
    f->request->dialect->event(&tap, event, true);
    return tap;
}

/* Gather the held tail and the nth new text of `data`: true if there is one.
** A reply with more choices than can be watched is not let pass. */
static bool gather(struct filtering *f, str data, int nth, int *choice,
                   bool *good)
{
    struct buf piece;
    buf_init(&piece, data.n + 1);
    bool found = f->request->dialect->content(data, nth, choice, &piece);
    if (found && (*choice < 0 || *choice >= FILTER_CHOICES)) {
        *good = complain(f, "error",
                         STR("p.filter: a reply with more than 16 choices"));
        found = false;
    }
    if (found) {
        renew(f, &f->text);
        buf_add(&f->text, buf_str(&f->tail[*choice]));
        buf_add(&f->text, buf_str(&piece));
    }
    drop(f, &piece);
    return found;
}

/* Put every text of `data` through: `now` becomes the changed data. */
static bool put_texts(struct filtering *f, str data, struct buf *now, bool last)
{
    bool good = true;
    int choice;
    for (int nth = 0; good && !f->cut && gather(f, data, nth, &choice, &good);
         nth++) {
        renew(f, &f->mould);
        buf_add(&f->mould, data);
        good = put_choice(f, now, choice, last);
    }
    return good;
}

/* Put an event's data through. One that is not changed leaves as it came,
** when `bytes` are those of the whole event. */
static bool put_data(struct filtering *f, str data, str bytes, bool last)
{
    struct buf now;
    buf_init(&now, f->out->max);
    buf_add(&now, data);
    bool good = put_texts(f, data, &now, last);
    if (good && f->cut) {
        buf_add(f->out, buf_str(&f->event));
    } else if (good) {
        if (last)
            flush_tails(f, &now);
        if (bytes.p != NULL && str_eq(buf_str(&now), data))
            buf_add(f->out, bytes);
        else
            put_event(f, buf_str(&now));
    }
    drop(f, &now);
    return good;
}

/* An event whose data stands on several lines is put on one: in JSON a line can
** only end where a space may stand, too. */
static bool put_lines(struct filtering *f, const struct sse_event *event,
                      bool last)
{
    char *joined = mem_alloc(event->bytes.n);
    str data = joined != NULL ? sse_data(event, joined) : STR_NONE;
    for (size_t i = 0; i < data.n; i++)
        if (joined[i] == '\n' && DEFENCE(one_line))
            joined[i] = ' ';
    bool good = joined != NULL && put_data(f, data, STR_NONE, last);
    mem_free(joined);
    return good;
}

static bool put_one(struct filtering *f, const struct sse_event *event)
{
    struct tap tap = look(f, event);
    bool last = tap.finish[0] != '\0';
    if (tap.terminal)
        flush_into_mould(f);
    if (tap.terminal || (event->data.p == NULL && !event->many)) {
        buf_add(f->out, event->bytes);
        return true;
    }
    return event->many ? put_lines(f, event, last)
                       : put_data(f, event->data, event->bytes, last);
}

/* --- in and out ------------------------------------------------------------ */

static bool put_stream(struct filtering *f, str bytes)
{
    struct sse_event event;
    while (!f->cut && sse_next(&bytes, &event))
        if (!put_one(f, &event))
            return false;
    return true;
}

/* After a cut in one choice the others say nothing: they were not seen. */
static bool put_whole(struct filtering *f, str body)
{
    struct buf now;
    buf_init(&now, f->out->max);
    buf_add(&now, body);
    bool good = put_texts(f, body, &now, true);
    for (int i = 0; good && f->cut && i < FILTER_CHOICES; i++) {
        if (i == f->cut_choice)
            continue;
        renew(f, &f->event);
        f->request->dialect->recontent(buf_str(&now), i, STR(""), &f->event);
        renew(f, &now);
        buf_add(&now, buf_str(&f->event));
    }
    buf_add(f->out, buf_str(&now));
    drop(f, &now);
    return good;
}

bool filtering_put(struct filtering *f, str bytes, bool *raised)
{
    if (f->inner != NULL) {
        renew(f, &f->between);
        f->cut = !filtering_put(f->inner, bytes, raised);
        bytes = buf_str(&f->between);
        if (*raised)
            return false;
    }
    bool over = f->cut;
    f->cut = false; /* what the inner one gave still passes through here */
    *raised = !(f->stream ? put_stream(f, bytes) : put_whole(f, bytes));
    if (!*raised && !whole(f))
        *raised =
            !complain(f, "memory",
                      STR("p.filter: the text is larger than max_reply, or "
                          "there is no memory for it"));
    return !f->cut && !over;
}
