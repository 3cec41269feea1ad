/*
** queue.c -- p.queue: work that can wait is kept, and answered 202.
**
** The client is answered once the store has the job: who is told of it finds it
** again, whatever becomes of this process. A client that is told something else, or
** leaves first, has no job: it is taken back. What is kept is the request as it
** came, less what may not be: its key, and what concerned this exchange alone. It
** is kept as one that wants no stream, since nobody will be there to see one flow.
*/
#include "bind/bind.h"

#include <stdio.h>

#include "base/defence.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/jobs/depot.h"
#include "run/jobs/shown.h"
#include "run/path.h"
#include "run/sandbox.h"
#include "run/task.h"

#define QUEUE_TYPE "perilune.queue"
#define MOST_STATE 4096
#define PATIENCE   NANOS_S /* at least, with a store that does not answer */

struct queue {
    struct jobs_queue *queue; /* the realm's; NULL: it cannot be opened */
    str name;
    bool all; /* also for clients that do not ask for it */
    struct queue_rules rules;
};

/* --- declaring ------------------------------------------------------------- */

static nanos seconds(lua_State *L, const char *name)
{
    lua_getfield(L, 3, name);
    nanos n = nanos_of(luaL_checknumber(L, -1));
    lua_pop(L, 1);
    return n;
}

static lua_Integer whole(lua_State *L, const char *name)
{
    lua_getfield(L, 3, name);
    lua_Integer n = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    return n;
}

/* Open the depot of the realm, and have this runtime work there; one that serves
** nobody (perilune check) does not. */
static void join(struct runtime *rt, struct queue *q)
{
    if (rt->hand == NULL)
        return;
    struct store_why why = {.result = STORE_OK};
    struct depot *d = depot_of(rt->realm, rt->world, &why);
    str text = str_of(why.text);
    if (d != NULL) {
        depot_join(d, rt->hand);
        q->queue = depot_queue(d, q->name, &q->rules);
    } else if (realm_first(rt->realm, "jobs", str_hash(text))) {
        event_runtime(rt, "jobs_unreadable", text);
    }
}

/* queue(name, all, { first =, longest =, expires =, keep = seconds, most =,
** at_once =, room = bytes }) -> a queue */
static int new_queue(lua_State *L)
{
    struct runtime *rt = generation_of(L)->rt;
    str name = bind_keep(L, 1);
    luaL_checktype(L, 3, LUA_TTABLE);
    struct queue *q = arena_zero(&generation_of(L)->arena, sizeof *q);
    if (q == NULL)
        return luaL_error(L, "not enough memory for a queue");
    *q = (struct queue){.name = name,
                        .all = lua_toboolean(L, 2),
                        .rules = {.first = seconds(L, "first"),
                                  .longest = seconds(L, "longest"),
                                  .expires = seconds(L, "expires"),
                                  .keep = seconds(L, "keep"),
                                  .most = (int)whole(L, "most"),
                                  .at_once = (int)whole(L, "at_once"),
                                  .room = (size_t)whole(L, "room")}};
    if (!rt->world->replays &&
        (rt->hand == NULL || realm_folder(rt->realm) == NULL))
        return sandbox_raise(L, "queue: jobs are kept in the store, and this "
                                "runtime has none");
    join(rt, q);
    struct queue **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = q;
    luaL_setmetatable(L, QUEUE_TYPE);
    return 1;
}

/* --- does the client want it ----------------------------------------------- */

/* "respond-async", in a list of preferences (RFC 7240)? */
static bool names_async(str list)
{
    while (list.p != NULL) {
        str one = str_split(&list, ',');
        str word = str_trim((str){one.p, str_find(one, ';')});
        if (str_eq_nocase(word, STR("respond-async")))
            return true;
    }
    return false;
}

static bool wishes(const struct request *r)
{
    for (int i = 0; i < r->fields_n; i++)
        if (str_eq_nocase(r->fields[i].name, STR("prefer")) &&
            names_async(r->fields[i].value))
            return true;
    return false;
}

/* --- what is kept ---------------------------------------------------------- */

static bool is_kept(str name)
{
    static const char *const others[] = {
        "prefer",       "idempotency-key", "x-request-id",
        "host",         "connection",      "content-length",
        "keep-alive",   "accept-encoding", "transfer-encoding",
        "content-type", "expect"};
    if (bind_is_secret(name) && DEFENCE(jobs_secrets))
        return false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (str_eq_nocase(name, str_of(others[i])))
            return false;
    return true;
}

/* The body as one that wants no stream: that member says false, and the one that
** belongs to it leaves with the comma beside it. */
static str plain_body(struct request *r)
{
    struct json_edit edits[2];
    struct json_walk w = json_walk(r->root);
    const char *before = NULL, *first = NULL; /* an end; a member to cut */
    int n = 0;
    if (!r->asked.stream)
        return r->body;
    while (json_next(&w)) {
        const char *end = w.value.text.p + w.value.text.n;
        if (first != NULL)
            edits[n++] = (struct json_edit){{first, (size_t)(w.name.p - first)},
                                            STR("")};
        first = NULL;
        if (json_is(w.name, STR("stream")))
            edits[n++] = (struct json_edit){w.value.text, STR("false")};
        else if (json_is(w.name, STR("stream_options")) && before != NULL)
            edits[n++] =
                (struct json_edit){{before, (size_t)(end - before)}, STR("")};
        else if (json_is(w.name, STR("stream_options")))
            first = w.name.p;
        before = end;
    }
    struct buf body;
    buf_init(&body, r->body.n + 8);
    json_splice(r->body, edits, n, &body);
    str copy = buf_ok(&body) ? arena_copy(&r->arena, buf_str(&body)) : STR_NONE;
    buf_fini(&body);
    return copy;
}

static bool fill_offer(struct request *r, struct job_offer *offer)
{
    struct job_packet *packet = &offer->packet;
    if (r->key != NULL) {
        offer->key = r->key->id;
        offer->user = r->key->user;
        offer->team = r->key->team;
    }
    packet->body = plain_body(r);
    packet->fields =
        arena_zero(&r->arena, (size_t)r->fields_n * sizeof *packet->fields + 1);
    if (packet->fields == NULL || packet->body.p == NULL)
        return false;
    for (int i = 0; i < r->fields_n; i++)
        if (is_kept(r->fields[i].name))
            packet->fields[packet->fields_n++] = r->fields[i];
    return true;
}

/* --- giving it ------------------------------------------------------------- */

/* What a strand waits for; in its request's arena. */
struct put {
    struct ending ending; /* first */
    const struct queue *queue;
    nanos until; /* it is waited for */
    bool done, wished, left;
    enum store_result result;
    char id[JOB_ID + 1];
};

struct put_order {
    struct order order; /* first */
    struct request *request;
    uint64_t serial;
    struct strand *strand;
    struct put *put;
};

static struct job_caller caller_of(const struct request *r)
{
    if (r->key == NULL)
        return (struct job_caller){STR_NONE, STR_NONE, STR_NONE};
    return (struct job_caller){r->key->id, r->key->user, r->key->team};
}

/* The request has ended: where something else was said, or another job was told of,
** nobody knows of this one. */
static void ended(struct ending *ending, struct request *r)
{
    struct put *p = (struct put *)(void *)ending;
    struct job_view view;
    struct job_caller caller = caller_of(r);
    str id = {p->id, JOB_ID};
    if (p->done && p->result == STORE_OK && !str_eq(r->job_told, id) &&
        DEFENCE(jobs_told))
        depot_cancel(r->rt->hand, id, &caller, &view);
}

static void stored(struct order *order, enum store_result result)
{
    const struct put_order *o = (const struct put_order *)(void *)order;
    struct request *r = o->request;
    bool waits = r->serial == o->serial && !r->over && !o->put->left;
    depot_stored(order->hand, order->id, result, waits || !DEFENCE(jobs_told));
    if (!waits)
        return;
    o->put->done = true;
    o->put->result = result;
    memcpy(o->put->id, order->id, sizeof o->put->id);
    task_wake(o->strand);
}

static int decline(lua_State *L, struct request *r, const struct queue *q,
                   enum put_word word, enum store_result result)
{
    static const char *const words[] = {[PUT_GIVEN] = "not_stored",
                                        [PUT_MOST] = "full",
                                        [PUT_ROOM] = "full",
                                        [PUT_LARGE] = "too_large",
                                        [PUT_STORE] = "not_stored"};
    static const char *const whys[] = {
        [PUT_MOST] = "as many jobs wait as it takes; try again later",
        [PUT_ROOM] = "its jobs take all the room it has; try again later",
        [PUT_LARGE] = "the request is too large to be kept",
    };
    char room[200];
    const char *why = word == PUT_MOST || word == PUT_ROOM || word == PUT_LARGE
                          ? whys[word]
                          : room;
    snprintf(room, sizeof room, "the job cannot be kept: %s",
             store_word(result));
    struct fault fault = {.kind = FAULT_OVERLOADED,
                          .status = fault_status(FAULT_OVERLOADED),
                          .message = arena_print(&r->arena, "queue %.*s: %s",
                                                 STR_ARG(q->name), why)};
    strand_fault(bind_strand(L, r), &fault);
    request_step(r, q->name, words[word]);
    return 0;
}

/* The 202: the job's state, where it is found and when it may be done. */
static int push_given(lua_State *L, struct request *r, const struct put *p)
{
    struct job_view view = {.state = JOB_QUEUED};
    struct job_caller caller = caller_of(r);
    str id = {p->id, JOB_ID};
    struct buf text;
    depot_see(r->rt->hand->depot, id, &caller, world_now(r->rt->world), &view);
    char room[MOST_STATE];
    text = (struct buf){.p = room, .cap = sizeof room, .max = sizeof room};
    depot_describe(&view, id, &text);
    struct written_reply *w =
        bind_push_written(L, WRITTEN_QUEUED, buf_str(&text));
    w->status = 202;
    w->wait = view.eta > 0 ? view.eta : NANOS_S;
    w->wished = p->wished;
    request_step(r, p->queue->name, "queued");
    return 1;
}

/* A store that does not answer in time is told to forget it when it does. */
static int given(lua_State *L, int status, lua_KContext context)
{
    struct put *p = (struct put *)context;
    struct request *r = request_of(L);
    (void)status;
    p->left = !p->done && world_now(r->rt->world) >= p->until &&
              DEFENCE(jobs_patience);
    if (!p->done && !p->left)
        return lua_yieldk(L, 0, context, given);
    if (p->left)
        return decline(L, r, p->queue, PUT_STORE, STORE_QUEUE);
    if (p->result != STORE_OK)
        return decline(L, r, p->queue, PUT_STORE, p->result);
    return push_given(L, r, p);
}

/* Hand it in; it waits. */
static int put(lua_State *L, struct request *r, struct queue *q, bool wished)
{
    struct hand *hand = r->rt->hand;
    struct job_offer offer = {.queue = q->queue};
    enum store_result result = STORE_MEMORY;
    struct put *p = arena_zero(&r->arena, sizeof *p);
    struct put_order *order = order_new(sizeof *order, hand, stored);
    if (p == NULL || order == NULL || !fill_offer(r, &offer)) {
        if (order != NULL)
            order_drop(&order->order);
        return decline(L, r, q, PUT_STORE, result);
    }
    offer.wait = fault_comeback(&bind_strand(L, r)->fault);
    *p = (struct put){.queue = q, .wished = wished};
    order->request = r;
    order->serial = r->serial;
    order->strand = strand_of(L);
    order->put = p;
    enum put_word word = depot_put(hand, &offer, &order->order, &result);
    if (word != PUT_GIVEN)
        return decline(L, r, q, word, result);
    p->ending.run = ended;
    request_on_end(r, &p->ending);
    p->until = world_now(r->rt->world) + PATIENCE;
    p->until = p->until > r->deadline ? p->until : r->deadline;
    task_sleep(strand_of(L), p->until);
    return lua_yieldk(L, 0, (lua_KContext)p, given);
}

/* Did it fail for a reason that lies in the request, so that a job would fail the
** same way? */
static bool is_hopeless(const struct fault *fault)
{
    return fault->kind != FAULT_NONE && fault->status < 500 &&
           fault->status != 429;
}

/* queue_put(queue, req) -> a 202; or nothing: the client does not ask for it, the
** request is a job already, waiting would not help, or it cannot be kept, and
** req.fault says why. Waits */
static int queue_put(lua_State *L)
{
    struct queue **box = luaL_checkudata(L, 1, QUEUE_TYPE);
    struct queue *q = *box;
    struct request *r = bind_view(L, 2)->request;
    bool wished = wishes(r);
    if (r->job != NULL && DEFENCE(jobs_once))
        return 0;
    if ((!wished && !q->all) || is_hopeless(&bind_strand(L, r)->fault))
        return 0;
    bind_request(L, "p.queue");
    if (q->queue == NULL)
        join(r->rt, q);
    if (q->queue == NULL)
        return decline(L, r, q, PUT_STORE, STORE_IO);
    return put(L, r, q, wished);
}

static const luaL_Reg functions[] = {
    {"queue", new_queue},
    {"queue_put", queue_put},
    {NULL, NULL},
};

void bind_queue(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = QUEUE_TYPE});
    luaL_setfuncs(L, functions, 0);
}
