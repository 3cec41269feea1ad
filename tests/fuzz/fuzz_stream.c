/*
** fuzz_stream.c -- a streamed reply on its way through a call.
**
** The same bytes come from an upstream played by hand, once in one piece and
** once cut anywhere. Whoever reads must hear the same events and the same end,
** and what was learnt of the reply must be the same. What is heard is read by
** a second parser, written by the letter of the WHATWG's section 9.2.6: it
** must find what it finds in the upstream's bytes, but for events that were
** dropped and what follows the end. Byte order marks in front do not get here.
*/
#include "fuzz.h"

#include "net/call_rig.h"
#include "slow_sse.h"
#include "taps.h"

/* What came of a stream. */
struct outcome {
    struct ear ear;
    struct tap tap;
    enum call_state state;
};

static void play(str in, size_t most, struct outcome *o)
{
    struct cuts cuts = cuts_of(in, most);
    str piece;
    begin_stream();
    ear_attach(&o->ear);
    while (up.x != NULL && cuts_next(&cuts, &piece))
        upstream_says_bytes(piece);
    cuts_end(&cuts);
    if (up.x != NULL)
        upstream_ends(EXCHANGE_OK);
    MUST(o->ear.ends == 1);
    MUST(call->state == CALL_ENDED);
    o->tap = call->tap;
    MUST((o->ear.fault.kind == FAULT_NONE) == o->tap.terminal);
    o->ear.fault.message = o->ear.fault.body = o->ear.fault.detail = STR_NONE;
    finish();
    MUST(unit_failures == 0);
}

/* --- the second reading ----------------------------------------------------- */

/* Every event heard came from the upstream, in its order. */
static void is_part_of(str heard, str said)
{
    while (heard.n > 0) {
        str event = str_split(&heard, '\0');
        bool found = false;
        while (!found && said.n > 0)
            found = str_eq(str_split(&said, '\0'), event);
        MUST(found);
    }
}

/* A count is a count, and a part no more than the whole. */
static void usage_makes_sense(const struct usage *u)
{
    MUST(u->prompt >= 0 && u->prompt <= 1000000000000);
    MUST(u->completion >= 0 && u->completion <= 1000000000000);
    MUST(u->cached >= 0 && u->cached <= u->prompt);
    MUST(u->reasoning >= 0 && u->reasoning <= u->completion);
}

/* Nothing is heard behind the event that ends the stream. */
static void ends_with_its_end(const struct outcome *o, str events)
{
    bool ended = false;
    while (events.n > 0) {
        str event = str_split(&events, '\0');
        MUST(!ended);
        str data = str_from(event, str_find(event, '\n') + 1);
        ended = str_starts(data, STR("[DONE]")) && o->tap.terminal;
    }
    MUST(ended == o->tap.terminal);
}

/* Are all lines ended in the same way? Then not a byte may differ. */
static bool ends_alike(str in)
{
    bool cr = str_find(in, '\r') < in.n;
    for (size_t i = 0; cr && i < in.n; i++) {
        if (in.p[i] == '\r' && (i + 1 == in.n || in.p[i + 1] != '\n'))
            return false;
        if (in.p[i] == '\n' && (i == 0 || in.p[i - 1] != '\r'))
            return false;
    }
    return true;
}

static str unmarked(str in)
{
    while (in.n >= 3 && memcmp(in.p, "\xef\xbb\xbf", 3) == 0)
        in = str_from(in, 3);
    return in;
}

static void stream(str in)
{
    struct outcome whole, cut, bytes;
    struct slow_sse said, heard, heard_cut;
    /* NUL parts the events of the second reading. */
    if (str_find(in, '\0') < in.n)
        return;
    play(in, SIZE_MAX, &whole);
    play(in, 24, &cut);
    play(in, 1, &bytes);
    MUST(whole.ear.fault.kind == cut.ear.fault.kind);
    MUST(whole.ear.fault.kind == bytes.ear.fault.kind);
    MUST(taps_agree(&whole.tap, &cut.tap));
    MUST(taps_agree(&whole.tap, &bytes.tap));
    slow_sse(unmarked(in), &said);
    slow_sse(buf_str(&whole.ear.heard), &heard);
    slow_sse(buf_str(&cut.ear.heard), &heard_cut);
    is_part_of(buf_str(&heard.events), buf_str(&said.events));
    usage_makes_sense(&whole.tap.usage);
    ends_with_its_end(&whole, buf_str(&heard.events));
    MUST(str_eq(buf_str(&heard.events), buf_str(&heard_cut.events)));
    MUST(!ends_alike(in) ||
         str_eq(buf_str(&whole.ear.heard), buf_str(&bytes.ear.heard)));
    buf_fini(&said.events);
    buf_fini(&heard.events);
    buf_fini(&heard_cut.events);
    ear_close(&whole.ear);
    ear_close(&cut.ear);
    ear_close(&bytes.ear);
}

FUZZ(stream)
