/*
** lane.c -- a counter and a queue.
**
** The limit lives here and not in libcurl, whose own per-host limit costs CPU
** with every transfer that has to wait.
*/
#include "net/call/lane.h"

#include "base/mem.h"

static struct lane *lane_make(str name)
{
    struct lane *lane = mem_zero(sizeof *lane + name.n);
    if (lane == NULL)
        return NULL;
    lane->last = &lane->first;
    lane->name_len = name.n;
    memcpy(lane->name, name.p, name.n);
    return lane;
}

struct lane *lane_open(struct lane **lanes, str name)
{
    for (struct lane *lane = *lanes; lane != NULL; lane = lane->next)
        if (str_eq((str){lane->name, lane->name_len}, name))
            return lane;
    struct lane *lane = lane_make(name);
    if (lane != NULL) {
        lane->next = *lanes;
        *lanes = lane;
    }
    return lane;
}

static bool has_room(const struct lane *lane)
{
    return lane->limit == 0 || lane->inside < lane->limit;
}

static struct lane_pass *take_first(struct lane *lane)
{
    struct lane_pass *pass = lane->first;
    lane->first = pass->next;
    if (lane->first == NULL)
        lane->last = &lane->first;
    pass->waiting = false;
    return pass;
}

static void admit(struct lane *lane)
{
    if (lane->admitting)
        return;
    lane->admitting = true;
    while (lane->first != NULL && has_room(lane)) {
        struct lane_pass *pass = take_first(lane);
        pass->inside = true;
        lane->inside++;
        pass->go(pass);
    }
    lane->admitting = false;
}

void lane_limit(struct lane *lane, int limit)
{
    lane->limit = limit;
    admit(lane);
}

bool lane_enter(struct lane *lane, struct lane_pass *pass)
{
    if (lane->first == NULL && has_room(lane)) {
        lane->inside++;
        return pass->inside = true;
    }
    pass->next = NULL;
    pass->waiting = true;
    *lane->last = pass;
    lane->last = &pass->next;
    return false;
}

static void drop_waiting(struct lane *lane, struct lane_pass *pass)
{
    struct lane_pass **at = &lane->first;
    while (*at != pass)
        at = &(*at)->next;
    *at = pass->next;
    if (*at == NULL)
        lane->last = at;
    pass->waiting = false;
}

void lane_leave(struct lane *lane, struct lane_pass *pass)
{
    if (pass->waiting)
        drop_waiting(lane, pass);
    if (!pass->inside)
        return;
    pass->inside = false;
    lane->inside--;
    admit(lane);
}

void lane_free_all(struct lane *lanes)
{
    while (lanes != NULL) {
        struct lane *next = lanes->next;
        mem_free(lanes);
        lanes = next;
    }
}
