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
    struct guest *v = user;
    (void)length;
    v->status = status;
    v->fields = arena_zero(&v->arena, (size_t)n * sizeof *fields);
    for (int i = 0; i < n && v->fields != NULL; i++) {
        v->fields[i].name = arena_copy(&v->arena, fields[i].name);
        v->fields[i].value = arena_copy(&v->arena, fields[i].value);
        v->fields_n++;
    }
}

static bool on_chunk(void *user, str bytes)
{
    struct guest *v = user;
    buf_add(&v->body, bytes);
    struct guest_chunk chunk = {world_now(v->stage->world), v->body.n};
    if (v->first == 0)
        v->first = chunk.at;
    buf_add(&v->chunks, (str){(const char *)&chunk, sizeof chunk});
    return true;
}

static void end(struct guest *v, enum outcome outcome)
{
    struct stage *s = v->stage;
    v->done = true;
    v->request = NULL;
    v->outcome = outcome;
    v->ended = world_now(s->world);
    hold_set(&s->rt.hold, &v->share, 0);
    s->ended = v;
}

static void on_done(void *user, enum outcome outcome)
{
    end(user, outcome);
}

/* --- coming and leaving ---------------------------------------------------- */

static void come(struct timer *t)
{
    struct guest *v = (void *)((char *)t - offsetof(struct guest, timer));
    struct stage *s = v->stage;
    v->came = world_now(s->world);
    v->taking = true;
    hold_set(&s->rt.hold, &v->share, v->arrival.body.n);
    struct request *r = service_take(&s->service, &v->arrival);
    v->taking = false;
    v->request = v->done ? NULL : r;
}

static bool copy(struct guest *v, const struct arrival *what)
{
    struct arrival *a = &v->arrival;
    size_t n = (size_t)what->fields_n;
    struct http_field *fields = arena_zero(&v->arena, n * sizeof *fields);
    a->method = arena_copy(&v->arena, what->method);
    a->path = arena_copy(&v->arena, what->path);
    a->memory = mem_alloc(what->body.n + 1);
    if (fields == NULL || a->memory == NULL || a->path.p == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        fields[i].name = arena_copy(&v->arena, what->fields[i].name);
        fields[i].value = arena_copy(&v->arena, what->fields[i].value);
    }
    a->fields = fields;
    a->fields_n = what->fields_n;
    if (what->body.n > 0)
        memcpy(a->memory, what->body.p, what->body.n);
    a->body = (str){a->memory, what->body.n};
    a->sink = (struct sink){v, on_head, on_chunk, on_done};
    return true;
}

static void free_guest(struct guest *v)
{
    timer_stop(v->stage->world, &v->timer);
    mem_free(v->arrival.memory);
    buf_fini(&v->body);
    buf_fini(&v->chunks);
    arena_fini(&v->arena);
    mem_free(v);
}

struct guest *stage_guest(struct stage *s, const struct arrival *what, nanos at)
{
    struct guest *v = mem_zero(sizeof *v);
    if (v == NULL)
        return NULL;
    v->stage = s;
    v->timer.fire = come;
    v->number = s->guests.n / sizeof v;
    arena_init(&v->arena);
    buf_init(&v->body, MOST_BODY);
    buf_init(&v->chunks, MOST_CHUNKS);
    if (copy(v, what))
        buf_add(&s->guests, (str){(const char *)&v, sizeof v});
    if (s->guests.n / sizeof v == v->number) {
        free_guest(v);
        return NULL;
    }
    v->came = at;
    timer_start(s->world, &v->timer, at);
    return v;
}

void guest_leave(struct guest *v)
{
    if (v->done)
        return;
    v->left = true;
    if (v->request != NULL)
        request_stop(v->request, OUTCOME_CLIENT_GONE);
    else
        end(v, OUTCOME_CLIENT_GONE);
    timer_stop(v->stage->world, &v->timer);
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

void stage_forget(struct guest *v)
{
    if (!v->done)
        return;
    if (v->stage->ended == v)
        v->stage->ended = NULL;
    *place(v->stage, v->number) = NULL;
    free_guest(v);
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
