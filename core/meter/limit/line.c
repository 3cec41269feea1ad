/*
** line.c -- whoever waits has booked an instant; when there is more room than
** was thought, all of them book anew, in their order.
**
** That is done on the seat itself: the bookings are taken out, the last first, and
** put in again. Nobody may end up later than he was told, which could happen
** where entries of a log were merged: then all stays as it was. Where a burst is
** allowed nobody moves, since a debt cannot be taken apart again.
*/
#include "meter/limit/line.h"

#include "meter/limit/seats.h"

#define MOST 128 /* in a longer line nobody moves */

void line_join(struct limit_line *line, struct limit_wait *w)
{
    w->next = NULL;
    w->link = line->last;
    *line->last = w;
    line->last = &w->next;
    line->n++;
}

void line_leave(struct limit_line *line, struct limit_wait *w)
{
    if (w->link == NULL)
        return;
    *w->link = w->next;
    if (w->next != NULL)
        w->next->link = w->link;
    else
        line->last = w->link;
    w->link = NULL;
    line->n--;
}

/* A seat as it was. */
struct before {
    struct recent parts[LIMIT_PARTS];
    struct passed lists[LIMIT_PARTS][RECENT_MOST];
};

static void save(const struct seat *s, int parts, struct before *b)
{
    for (int i = 0; i < parts; i++) {
        b->parts[i] = s->parts[i].recent;
        for (int k = 0; k < b->parts[i].cap; k++)
            b->lists[i][k] = b->parts[i].list[k];
    }
}

static void restore(struct seat *s, int parts, const struct before *b)
{
    for (int i = 0; i < parts; i++) {
        s->parts[i].recent = b->parts[i];
        for (int k = 0; k < b->parts[i].cap; k++)
            s->parts[i].recent.list[k] = b->lists[i][k];
    }
}

static void take_out(struct seat *s, const struct limit_wait *w, nanos now)
{
    for (int i = 0; i < w->rules->n; i++) {
        const struct taken *t = &w->ticket->parts[i];
        recent_give(&s->parts[i].recent, &w->rules->parts[i].rate, t, t->n,
                    now);
    }
}

/* Book anew; false: it would be later than before. */
static bool put_in(struct seat *s, struct limit_wait *w, nanos now)
{
    nanos at = now;
    for (int i = 0; i < w->rules->n; i++) {
        nanos when = recent_when(&s->parts[i].recent, &w->rules->parts[i].rate,
                                 w->ticket->parts[i].n, now);
        at = when > at ? when : at;
    }
    if (at > w->at)
        return false;
    for (int i = 0; i < w->rules->n; i++)
        w->ticket->parts[i] =
            recent_take(&s->parts[i].recent, &w->rules->parts[i].rate,
                        w->ticket->parts[i].n, at);
    w->at = at;
    return true;
}

/* Those who wait for this seat, and whose instant is still to come. */
static int find(const struct limit_line *line, const struct seat *s, nanos now,
                struct limit_wait *found[MOST])
{
    int n = 0;
    for (struct limit_wait *w = line->first; w != NULL; w = w->next)
        if (w->who == s->who && w->at > now)
            found[n++] = w;
    return n;
}

static bool movable(const struct limit_rules *rules)
{
    bool lists = true;
    for (int i = 0; i < rules->n; i++)
        lists = lists && rules->parts[i].unit != COUNT_PLACES &&
                rules->parts[i].rate.burst == 0;
    return lists;
}

void line_move_up(struct limit_line *line, struct seat *s, nanos now)
{
    struct limit_wait *found[MOST];
    struct limit_ticket tickets[MOST];
    nanos times[MOST];
    struct before before;
    int n = line->n <= MOST ? find(line, s, now, found) : 0, put = 0;
    if (n == 0 || !movable(found[0]->rules))
        return;
    save(s, found[0]->rules->n, &before);
    for (int i = n - 1; i >= 0; i--) {
        tickets[i] = *found[i]->ticket;
        times[i] = found[i]->at;
        take_out(s, found[i], now);
    }
    while (put < n && put_in(s, found[put], now))
        put++;
    if (put < n)
        restore(s, found[0]->rules->n, &before);
    for (int i = 0; i < n; i++)
        if (put < n) {
            *found[i]->ticket = tickets[i];
            found[i]->at = times[i];
        } else if (found[i]->at < times[i]) {
            found[i]->moved(found[i]);
        }
}
