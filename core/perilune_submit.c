/*
** perilune_submit.c -- requests that come from the host's own program.
**
** A submission is a copy of everything the host handed in, found by its id.
** Ids and not pointers, because cancel may come from another thread at the
** moment the request ends: a late one then finds nothing. Whatever happens,
** done is called once: also for what never got its turn before the close.
**
** What is said of one later, cancel or resume, is a mark on it and a place in
** a list: a host that wants to give up must not need memory for it.
*/
#include "perilune_inner.h"

#include "base/err.h"
#include "base/mem.h"

#define HEADERS_MAX 64

struct submission {
    struct submission *next;      /* in its bucket */
    struct submission *told_next; /* in s->told */
    perilune *s;
    peri_id id;
    peri_sink sink;
    struct arena arena; /* holds the copies */
    struct arrival arrival;
    struct request *request; /* NULL before and after it runs */
    bool taking, done;
    bool told, cancelled; /* under s->lock */
    size_t share;         /* of the hold */
};

static atomic_uint_fast64_t last_id;

/* --- the list -------------------------------------------------------------- */

static struct submission **bucket_of(perilune *s, peri_id id)
{
    return &s->submissions[id % SUBMISSION_BUCKETS];
}

static void link_in(struct submission *u)
{
    struct submission **bucket = bucket_of(u->s, u->id);
    pthread_mutex_lock(&u->s->lock);
    u->next = *bucket;
    *bucket = u;
    pthread_mutex_unlock(&u->s->lock);
    atomic_fetch_add(&u->s->submitted, 1);
}

static void unlink_from(struct submission *u)
{
    struct submission **at = bucket_of(u->s, u->id);
    pthread_mutex_lock(&u->s->lock);
    while (*at != u)
        at = &(*at)->next;
    *at = u->next;
    for (at = &u->s->told; *at != NULL; at = &(*at)->told_next)
        if (*at == u) {
            *at = u->told_next;
            break;
        }
    pthread_mutex_unlock(&u->s->lock);
    atomic_fetch_sub(&u->s->submitted, 1);
}

static void free_submission(struct submission *u)
{
    arena_fini(&u->arena);
    mem_free(u);
}

/* --- the sink -------------------------------------------------------------- */

static void end(struct submission *u, int outcome)
{
    u->done = true;
    u->request = NULL;
    hold_set(&u->s->rt.hold, &u->share, 0);
    unlink_from(u);
    if (u->sink.done != NULL)
        u->sink.done(u->sink.user, outcome);
    if (!u->taking)
        free_submission(u);
}

static void on_head(void *user, int status, const struct http_field *fields,
                    int n, int64_t length)
{
    struct submission *u = user;
    MEM_UNSET peri_header headers[HEADERS_MAX];
    size_t count = 0;
    (void)length;
    if (u->sink.head == NULL)
        return;
    for (int i = 0; i < n && count < HEADERS_MAX; i++) {
        str name = arena_copy(&u->arena, fields[i].name);
        str value = arena_copy(&u->arena, fields[i].value);
        if (name.p != NULL && value.p != NULL)
            headers[count++] = (peri_header){name.p, value.p};
    }
    u->sink.head(u->sink.user, status, headers, count);
}

static bool on_chunk(void *user, str bytes)
{
    struct submission *u = user;
    return u->sink.chunk == NULL ||
           u->sink.chunk(u->sink.user, bytes.p, bytes.n) != PERI_PAUSE;
}

static void on_done(void *user, enum outcome outcome)
{
    static const int outcomes[] = {
        [OUTCOME_ANSWERED] = PERI_DONE,
        [OUTCOME_BROKEN] = PERI_BROKEN,
        [OUTCOME_CLIENT_GONE] = PERI_CANCELLED,
        [OUTCOME_SHUTDOWN] = PERI_STOPPED,
    };
    end(user, outcomes[outcome]);
}

/* --- submitting ------------------------------------------------------------ */

static bool copy_headers(struct submission *u, const peri_request *req)
{
    size_t n = req->headers_len;
    struct http_field *fields = arena_zero(&u->arena, n * sizeof *fields);
    if (fields == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        fields[i].name = arena_copy(&u->arena, str_of(req->headers[i].name));
        fields[i].value = arena_copy(&u->arena, str_of(req->headers[i].value));
        if (fields[i].name.p == NULL || fields[i].value.p == NULL)
            return false;
    }
    u->arrival.fields = fields;
    u->arrival.fields_n = (int)n;
    return true;
}

static str path_only(str target)
{
    return (str){target.p, str_find(target, '?')};
}

/* The body goes into memory of its own: the request will own it. */
static bool copy_request(struct submission *u, const peri_request *req)
{
    struct arrival *a = &u->arrival;
    const char *method = req->method != NULL ? req->method : "POST";
    const char *path = req->path != NULL ? req->path : "/v1/chat/completions";
    a->method = arena_copy(&u->arena, str_of(method));
    a->path = path_only(arena_copy(&u->arena, str_of(path)));
    a->memory = mem_alloc(req->body_len + 1);
    if (a->memory == NULL || a->method.p == NULL || a->path.p == NULL)
        return false;
    if (req->body_len > 0)
        memcpy(a->memory, req->body, req->body_len);
    a->body = (str){a->memory, req->body_len};
    return copy_headers(u, req);
}

static bool is_cancelled(struct submission *u)
{
    pthread_mutex_lock(&u->s->lock);
    bool it_is = u->cancelled;
    pthread_mutex_unlock(&u->s->lock);
    return it_is;
}

static void take(void *arg)
{
    struct submission *u = arg;
    perilune *s = u->s;
    u->taking = true;
    hold_set(&s->rt.hold, &u->share, u->arrival.body.n);
    struct request *r = service_take(&s->service, &u->arrival);
    u->taking = false;
    if (u->done) {
        free_submission(u);
        return;
    }
    u->request = r;
    if (is_cancelled(u)) /* before its turn */
        request_stop(r, OUTCOME_CLIENT_GONE);
}

static struct submission *make(perilune *s, const peri_request *req,
                               const peri_sink *sink)
{
    struct submission *u = mem_zero(sizeof *u);
    if (u == NULL)
        return NULL;
    u->s = s;
    u->id = atomic_fetch_add(&last_id, 1) + 1;
    arena_init(&u->arena);
    if (sink != NULL)
        memcpy(&u->sink, sink,
               sink->size < sizeof u->sink ? sink->size : sizeof u->sink);
    u->arrival.sink = (struct sink){u, on_head, on_chunk, on_done};
    if (copy_request(u, req))
        return u;
    mem_free(u->arrival.memory);
    free_submission(u);
    return NULL;
}

int peri_submit(perilune *s, const peri_request *req, const peri_sink *sink,
                peri_id *id)
{
    peri_request all = {.size = sizeof all};
    memcpy(&all, req, req->size < sizeof all ? req->size : sizeof all);
    size_t max =
        s->limits.max_body != 0 ? s->limits.max_body : (size_t)64 << 20;
    if (s->admin != NULL)
        return PERI_ESTATE;
    if (all.body_len > max)
        return PERI_ELIMIT;
    struct submission *u = make(s, &all, sink);
    if (u == NULL)
        return PERI_EMEMORY;
    if (id != NULL)
        *id = u->id;
    link_in(u);
    if (world_post(s->world, take, u) == 0)
        return 0;
    unlink_from(u);
    mem_free(u->arrival.memory);
    free_submission(u);
    return PERI_EMEMORY;
}

/* --- later words about it -------------------------------------------------- */

/* One that was told something, and what; NULL when there is none. */
static struct submission *take_told(perilune *s, bool *cancelled)
{
    pthread_mutex_lock(&s->lock);
    struct submission *u = s->told;
    if (u != NULL) {
        s->told = u->told_next;
        u->told = false;
        *cancelled = u->cancelled;
    }
    pthread_mutex_unlock(&s->lock);
    return u;
}

static void heed(struct nudge *n)
{
    perilune *s = (void *)((char *)n - offsetof(perilune, heed));
    struct submission *u;
    bool cancelled = false;
    while ((u = take_told(s, &cancelled)) != NULL) {
        if (u->request != NULL && cancelled)
            request_stop(u->request, OUTCOME_CLIENT_GONE);
        else if (u->request != NULL)
            request_drained(u->request);
    }
}

static void tell(perilune *s, peri_id id, bool cancel)
{
    pthread_mutex_lock(&s->lock);
    struct submission *u = *bucket_of(s, id);
    while (u != NULL && u->id != id)
        u = u->next;
    if (u != NULL) {
        u->cancelled = u->cancelled || cancel;
        if (!u->told) {
            u->told_next = s->told;
            s->told = u;
        }
        u->told = true;
    }
    pthread_mutex_unlock(&s->lock);
    if (u != NULL)
        world_nudge(s->world, &s->heed);
}

void peri_cancel(perilune *s, peri_id id)
{
    tell(s, id, true);
}

void peri_resume(perilune *s, peri_id id)
{
    tell(s, id, false);
}

void submissions_init(perilune *s)
{
    s->heed.run = heed;
}

/* --- the close ------------------------------------------------------------- */

void submissions_close(perilune *s)
{
    for (int i = 0; i < SUBMISSION_BUCKETS; i++)
        while (s->submissions[i] != NULL) {
            struct submission *u = s->submissions[i];
            mem_free(u->arrival.memory);
            u->arrival.memory = NULL;
            end(u, PERI_STOPPED);
        }
}
