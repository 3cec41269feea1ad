/*
** call_reply.c -- what comes back from the upstream, and what it means.
**
** Three things may come: an error (any status but 2xx), a whole reply, a
** stream. Of a stream each read is passed on up to its last complete event,
** in one piece; the unfinished tail waits. So whatever we add later, an error
** event for instance, never lands inside somebody's event.
*/
#include "net/call/call_inner.h"

#include "base/defence.h"

#define FRAME_MAX 4096 /* bytes of a frame; a larger one is not kept */

#define OWNER(x) \
    ((struct call *)(void *)((char *)(x)-offsetof(struct call, exchange)))

static bool well(const struct call *c)
{
    return c->status >= 200 && c->status < 300;
}

static void on_connected(struct exchange *x)
{
    struct call *c = OWNER(x);
    c->state = CALL_ASKED;
    c->arrived = true;
    c->connected = world_now(c->world);
    call_arm(c);
}

/* What was asked has left us; an answer may take its time. */
static void on_sent(struct exchange *x)
{
    struct call *c = OWNER(x);
    buf_fini(&c->request);
    call_weigh(c);
}

static bool is_event_stream(const struct http_field *fields, int n)
{
    for (int i = 0; i < n; i++) {
        str value = fields[i].value;
        if (!str_eq_nocase(fields[i].name, STR("content-type")))
            continue;
        str kind = str_trim(str_split(&value, ';'));
        return str_eq_nocase(kind, STR("text/event-stream"));
    }
    return false;
}

static void on_head(struct exchange *x, int status,
                    const struct http_field *fields, int n)
{
    struct call *c = OWNER(x);
    c->status = status;
    c->event_stream = is_event_stream(fields, n);
    hints_read(&c->hints, fields, n, world_calendar(c->world));
    call_target_heard(c);
}

/* --- a stream -------------------------------------------------------------- */

static void commit(struct call *c)
{
    c->state = CALL_COMMITTED;
    c->first = c->last_event;
    call_target_begun(c);
    call_arm(c);
    call_changed(c);
}

static void end_by_event(struct call *c, int verdict, str data)
{
    if (verdict == EVENT_ERROR)
        call_end_reported(c, data);
    else
        call_end(c, FAULT_MALFORMED,
                 "the stream holds an event that is not "
                 "JSON of its dialect");
}

static void pass_on(struct call *c, const char *from, const char *to)
{
    if (to > from)
        call_deliver(c, (str){from, (size_t)(to - from)});
}

/* Has more come than its bound allows, for certain? A provider may not know the
** limit that was written into the request, or not care. */
static bool is_past(const struct call *c)
{
    const struct bound *b = &c->ask.bound;
    return b->each > 0 && (spoken_over(&c->tap.spoken) ||
                           (c->tap.open != 0 && c->tap.usage.known &&
                            c->tap.usage.completion > bound_output(b)));
}

/* Nobody is charged for more than was reserved, and nobody reads on. */
static void end_past(struct call *c)
{
    static const char why[] = "it went on past the limit of its answer";
    c->past = true;
    if (!call_cut(c, why))
        call_end(c, FAULT_BROKEN_STREAM, why);
}

/* The next event that must be read; those that fit the mould need not be. */
static bool next_event(struct call *c, str *events, struct sse_event *event)
{
    int64_t said = c->tap.spoken.bytes;
    size_t same = mould_pass(&c->tap.mould, *events, &c->tap.spoken);
    c->tap.first = c->tap.first || c->tap.spoken.bytes > said;
    if (same > 0)
        c->last_event = world_now(c->world);
    *events = str_from(*events, same);
    return !is_past(c) && sse_next(events, event);
}

/* A stream that may be cut keeps a frame, to end it in the look of its own
** events: the first that says something has all that they share. */
static void keep_frame(struct call *c, const struct sse_event *event)
{
    struct buf frame;
    bool may_be_cut = c->ask.patience.total_holds || c->ask.bound.each > 0;
    if (!may_be_cut || c->frame.p != NULL || !c->tap.first || event->many)
        return;
    buf_init(&frame, FRAME_MAX);
    if (c->ask.provider->dialect->frame(event->data, &frame) && buf_ok(&frame))
        c->frame = arena_copy(&c->arena, buf_str(&frame));
    buf_fini(&frame);
}

/* Read whole events; those to be relayed leave together. */
static void take_events(struct call *c, str events)
{
    const struct dialect *dialect = c->ask.provider->dialect;
    const char *from = events.p, *end = events.p + events.n;
    struct sse_event event;
    nanos now = world_now(c->world);
    if (!c->begun && DEFENCE(stream_mark))
        from = (events = sse_unmarked(events)).p;
    c->begun = true;
    while (!c->tap.terminal && !is_past(c) && next_event(c, &events, &event)) {
        int verdict = dialect->event(&c->tap, &event, c->ask.asked.usage);
        if (event.data.p != NULL)
            c->last_event = now;
        if (verdict == EVENT_RELAY) {
            keep_frame(c, &event);
            continue;
        }
        pass_on(c, from, event.bytes.p);
        from = event.bytes.p + event.bytes.n;
        if (verdict != EVENT_DROP) {
            end_by_event(c, verdict, event.data);
            return;
        }
    }
    bool past = is_past(c) && !c->tap.terminal;
    if (c->tap.terminal && DEFENCE(nothing_after_end))
        end = event.bytes.p + event.bytes.n;
    pass_on(c, from, past ? events.p : end);
    if (!c->sealed && !buf_ok(&c->held)) {
        c->ours = true;
        call_end(c, FAULT_SERVER_ERROR, "no memory to hold the reply");
        return;
    }
    if (c->state == CALL_ASKED && c->tap.first)
        commit(c);
    if (c->tap.terminal)
        call_end(c, FAULT_NONE, "");
    else if (past)
        end_past(c);
}

/* Whoever gets half a tool call might run it, so there is no end but an error
** for one. A choice that finished needs none. */
bool call_cut(struct call *c, const char *why)
{
    struct tap *tap = &c->tap;
    if (tap->crowded || ((tap->open & tap->calls) != 0 && DEFENCE(half_a_call)))
        return false;
    struct buf end;
    buf_init(&end, c->frame.n * 2 + 64 * 128 + 1024);
    bool told = c->ask.asked.usage && tap->usage.known;
    c->ask.provider->dialect->put_end(&end, c->frame, tap->open,
                                      told ? &tap->usage : NULL);
    bool ok = buf_ok(&end);
    if (ok) {
        call_keep(c);
        call_deliver(c, buf_str(&end));
        ok = c->sealed || buf_ok(&c->held);
        if (ok && tap->finish[0] == '\0')
            memcpy(tap->finish, "length", sizeof "length");
        c->cut = ok && tap->open != 0;
        tap->terminal = true;
        if (ok)
            call_end_cut(c, why);
        call_release(c);
    }
    buf_fini(&end);
    return ok;
}

/* Only a line end can complete an event, or what shows that a CR was one. */
static bool may_complete(str tail, str in)
{
    return tail.p[tail.n - 1] == '\r' || str_find(in, '\n') < in.n ||
           str_find(in, '\r') < in.n;
}

static void take_stream(struct call *c, str in)
{
    if (c->tail.n == 0) {
        size_t whole = DEFENCE(whole_events) ? sse_complete(in) : in.n;
        if (whole > 0)
            take_events(c, (str){in.p, whole});
        if (c->state != CALL_ENDED)
            buf_add(&c->tail, str_from(in, whole));
    } else {
        size_t seen = c->tail.n;
        bool look = may_complete(buf_str(&c->tail), in);
        buf_add(&c->tail, in);
        size_t whole = look ? sse_complete_past(buf_str(&c->tail), seen) : 0;
        if (whole > 0)
            take_events(c, (str){c->tail.p, whole});
        buf_drop(&c->tail, whole);
    }
    if (!buf_ok(&c->tail))
        call_end(c, FAULT_MALFORMED, "one event of the stream is too large");
    else if (c->relayed > c->ask.provider->max_reply)
        call_end(c, FAULT_MALFORMED, "the stream is larger than max_reply");
}

/* --- bytes and their end --------------------------------------------------- */

/* A stream that flows holds nothing; all else must fit. */
static bool has_room(const struct call *c, size_t more)
{
    return c->ask.hold == NULL || c->sealed || hold_has(c->ask.hold, more);
}

static void on_body(struct exchange *x, str bytes)
{
    struct call *c = OWNER(x);
    if (c->state == CALL_ENDED)
        return; /* after the terminal event nothing counts */
    call_keep(c);
    if (!has_room(c, bytes.n)) {
        c->ours = true;
        call_end(c, FAULT_OVERLOADED, "no room for the reply (max_memory)");
    } else if (well(c) && c->event_stream && c->ask.asked.stream) {
        take_stream(c, bytes);
    } else if (well(c)) {
        buf_add(&c->held, bytes);
        if (!buf_ok(&c->held))
            call_end(c, FAULT_MALFORMED, "the reply is larger than max_reply");
    } else {
        buf_add(&c->tail, bytes);
    }
    if (c->held_back)
        buf_fit(&c->tail); /* nothing comes for a while */
    call_weigh(c);
    call_release(c);
}

static void end_whole(struct call *c)
{
    str body = buf_str(&c->held);
    int verdict = c->ask.provider->dialect->whole(&c->tap, body);
    if (verdict == EVENT_ERROR)
        call_end_reported(c, body);
    else if (verdict == EVENT_MALFORMED)
        call_end(c, FAULT_MALFORMED, "the reply is not JSON of its dialect");
    else if (c->ask.asked.stream)
        call_end(c, FAULT_MALFORMED, "a stream was asked and none came");
    else
        call_end(c, FAULT_NONE, "");
}

/* Some say an error in the middle of a stream as plain JSON, which never
** becomes an event. */
static bool left_an_error(struct call *c)
{
    struct upstream_error ignored;
    struct buf scratch;
    str rest = buf_str(&c->tail);
    if (rest.n == 0 || (rest.p[0] != '{' && rest.p[0] != '['))
        return false;
    buf_init(&scratch, rest.n + 16);
    bool it_did = c->ask.provider->dialect->error_of(rest, &ignored, &scratch);
    buf_fini(&scratch);
    return it_did;
}

static void end_by_exchange(struct call *c, enum exchange_end end, str detail)
{
    static const char *const whys[] = {
        [EXCHANGE_RESOLVE] = "the provider's name did not resolve",
        [EXCHANGE_CONNECT] = "no connection could be made",
        [EXCHANGE_UNTRUSTED] = "nobody vouches for its certificate",
        [EXCHANGE_CLOSED] = "the connection closed without a reply",
        [EXCHANGE_BROKEN] = "the reply broke off",
        [EXCHANGE_PROTOCOL] = "what came back is not proper HTTP",
        [EXCHANGE_LIMIT] = "the reply's head is too large",
        [EXCHANGE_MEMORY] = "not enough memory",
    };
    c->ours = end == EXCHANGE_MEMORY;
    if (end == EXCHANGE_UNTRUSTED)
        call_end_untrusted(c, whys[end], detail);
    else
        call_end_detailed(c, fault_of_end(end), whys[end], detail);
}

static void on_done(struct exchange *x, enum exchange_end end, str detail)
{
    struct call *c = OWNER(x);
    call_keep(c);
    call_exchange_over(c);
    if (c->state != CALL_ENDED) {
        bool stream = c->event_stream && c->ask.asked.stream;
        if ((c->status != 0 && !well(c)) || (stream && left_an_error(c)))
            call_end_reported(c, buf_str(&c->tail));
        else if (end != EXCHANGE_OK)
            end_by_exchange(c, end, detail);
        else if (stream)
            call_end(c, FAULT_BROKEN_STREAM,
                     "the stream ended without its last event");
        else
            end_whole(c);
    }
    call_release(c);
}

const struct exchange_events call_events = {
    .connected = on_connected,
    .sent = on_sent,
    .head = on_head,
    .body = on_body,
    .done = on_done,
};
