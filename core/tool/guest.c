/*
** guest.c -- one request of a client: it comes, listens, and may leave.
*/
#include "tool/stage_inner.h"

#include "base/mem.h"

#define MOST_BODY   ((size_t)256 << 20)
#define MOST_CHUNKS ((size_t)64 << 20)

/* --- listening ------------------------------------------------------------- */

static void on_head(void *user, int status, const struct http_field *fields,
                    int n, int64_t length)
{
    struct guest *g = user;
    (void)length;
    g->status = status;
    g->fields = arena_zero(&g->arena, (size_t)n * sizeof *fields);
    for (int i = 0; i < n && g->fields != NULL; i++) {
        g->fields[i].name = arena_copy(&g->arena, fields[i].name);
        g->fields[i].value = arena_copy(&g->arena, fields[i].value);
        g->fields_n++;
    }
}

static bool on_chunk(void *user, str bytes)
{
    struct guest *g = user;
    buf_add(&g->body, bytes);
    struct guest_chunk chunk = {world_now(g->stage->world), g->body.n};
    if (g->first == 0)
        g->first = chunk.at;
    buf_add(&g->chunks, (str){(const char *)&chunk, sizeof chunk});
    return true;
}

static void end(struct guest *g, enum outcome outcome)
{
    struct stage *s = g->stage;
    g->done = true;
    g->request = NULL;
    g->outcome = outcome;
    g->ended = world_now(s->world);
    hold_set(&s->rt.hold, &g->share, 0);
    s->ended = g;
}

static void on_done(void *user, enum outcome outcome)
{
    end(user, outcome);
}

/* --- coming and leaving ---------------------------------------------------- */

static void come(struct timer *t)
{
    struct guest *g = (void *)((char *)t - offsetof(struct guest, timer));
    struct stage *s = g->stage;
    g->came = world_now(s->world);
    g->taking = true;
    hold_set(&s->rt.hold, &g->share, g->arrival.body.n);
    struct request *r = service_take(&s->service, &g->arrival);
    g->taking = false;
    g->request = g->done ? NULL : r;
}

static bool copy(struct guest *g, const struct arrival *what)
{
    struct arrival *a = &g->arrival;
    size_t n = (size_t)what->fields_n;
    struct http_field *fields = arena_zero(&g->arena, n * sizeof *fields);
    a->method = arena_copy(&g->arena, what->method);
    a->path = arena_copy(&g->arena, what->path);
    a->memory = mem_alloc(what->body.n + 1);
    if (fields == NULL || a->memory == NULL || a->path.p == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        fields[i].name = arena_copy(&g->arena, what->fields[i].name);
        fields[i].value = arena_copy(&g->arena, what->fields[i].value);
    }
    a->fields = fields;
    a->fields_n = what->fields_n;
    if (what->body.n > 0)
        memcpy(a->memory, what->body.p, what->body.n);
    a->body = (str){a->memory, what->body.n};
    if (what->caller.key != NULL)
        a->caller.key = client_key_copy(&g->arena, what->caller.key);
    if (what->caller.key != NULL && a->caller.key == NULL)
        return false;
    a->sink = (struct sink){g, on_head, on_chunk, on_done};
    return true;
}

static void free_guest(struct guest *g)
{
    timer_stop(g->stage->world, &g->timer);
    mem_free(g->arrival.memory);
    buf_fini(&g->body);
    buf_fini(&g->chunks);
    arena_fini(&g->arena);
    mem_free(g);
}

struct guest *stage_guest(struct stage *s, const struct arrival *what, nanos at)
{
    struct guest *g = mem_zero(sizeof *g);
    if (g == NULL)
        return NULL;
    g->stage = s;
    g->timer.fire = come;
    g->number = s->guests.n / sizeof g;
    arena_init(&g->arena);
    buf_init(&g->body, MOST_BODY);
    buf_init(&g->chunks, MOST_CHUNKS);
    if (copy(g, what))
        buf_add(&s->guests, (str){(const char *)&g, sizeof g});
    if (s->guests.n / sizeof g == g->number) {
        free_guest(g);
        return NULL;
    }
    g->came = at;
    timer_start(s->world, &g->timer, at);
    return g;
}

void guest_leave(struct guest *g)
{
    if (g->done)
        return;
    g->left = true;
    if (g->request != NULL)
        request_stop(g->request, OUTCOME_CLIENT_GONE);
    else
        end(g, OUTCOME_CLIENT_GONE);
    timer_stop(g->stage->world, &g->timer);
}

/* --- by number ------------------------------------------------------------- */

static struct guest **place(struct stage *s, size_t number)
{
    struct guest **all = (struct guest **)(void *)s->guests.p;
    return number < s->guests.n / sizeof *all ? &all[number] : NULL;
}

struct guest *stage_nth(struct stage *s, size_t number)
{
    struct guest **at = place(s, number);
    return at != NULL ? *at : NULL;
}

void stage_forget(struct guest *g)
{
    if (!g->done)
        return;
    if (g->stage->ended == g)
        g->stage->ended = NULL;
    *place(g->stage, g->number) = NULL;
    free_guest(g);
}

void stage_forget_all(struct stage *s)
{
    size_t n = s->guests.n / sizeof(struct guest *);
    for (size_t i = 0; i < n; i++)
        if (stage_nth(s, i) != NULL) {
            guest_leave(stage_nth(s, i));
            stage_forget(stage_nth(s, i));
        }
}
