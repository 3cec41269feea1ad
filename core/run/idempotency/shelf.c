/*
** shelf.c -- a list, which loses what has expired when somebody looks at it.
*/
#include "run/idempotency/shelf.h"

#include "base/mem.h"

struct shelved {
    struct shelved *next;
    struct mac mark;
    nanos until;
    struct idem_answer *answer;
};

static size_t size_of(const struct idem_answer *a)
{
    return sizeof(struct shelved) + sizeof *a + a->model.n + a->body.n;
}

static void drop(struct shelf *s, struct shelved **at)
{
    struct shelved *one = *at;
    *at = one->next;
    s->bytes -= size_of(one->answer);
    idem_answer_release(one->answer);
    mem_free(one);
}

void shelf_fini(struct shelf *s)
{
    while (s->first != NULL)
        drop(s, &s->first);
}

static void drop_expired(struct shelf *s, nanos now)
{
    struct shelved **at = &s->first;
    while (*at != NULL)
        if ((*at)->until <= now)
            drop(s, at);
        else
            at = &(*at)->next;
}

bool shelf_put(struct shelf *s, const struct mac *mark,
               struct idem_answer *answer, nanos now, nanos until)
{
    drop_expired(s, now);
    size_t size = size_of(answer);
    struct shelved *one =
        size <= SHELF_MOST - s->bytes ? mem_zero(sizeof *one) : NULL;
    if (one == NULL)
        return false;
    *one = (struct shelved){s->first, *mark, until, idem_answer_hold(answer)};
    s->first = one;
    s->bytes += size;
    return true;
}

struct idem_answer *shelf_find(struct shelf *s, const struct mac *mark,
                               nanos now)
{
    drop_expired(s, now);
    for (struct shelved *one = s->first; one != NULL; one = one->next)
        if (mac_eq(&one->mark, mark))
            return idem_answer_hold(one->answer);
    return NULL;
}
