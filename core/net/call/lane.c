/*
** lane.c -- a counter and a queue.
**
** The limit lives here and not in libcurl, whose own per-host limit costs CPU
** with every transfer that has to wait. Whoever waits knows its place in the
** list, so that giving up costs the same however many wait.
*/
#include "net/call/lane.h"

#include "base/defence.h"
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

static void line_up(struct lane *lane, struct lane_pass *pass)
{
    pass->next = NULL;
    pass->at = lane->last;
    pass->waiting = true;
    *lane->last = pass;
    lane->last = &pass->next;
    lane->waiting++;
}

static void step_out(struct lane *lane, struct lane_pass *pass)
{
    *pass->at = pass->next;
    if (pass->next != NULL)
        pass->next->at = pass->at;
    else
        lane->last = pass->at;
    pass->waiting = false;
    lane->waiting--;
}

static void admit(struct lane *lane)
{
    if (lane->admitting)
        return;
    lane->admitting = true;
    while (lane->first != NULL && has_room(lane)) {
        struct lane_pass *pass = lane->first;
        step_out(lane, pass);
        pass->inside = true;
        lane->inside++;
        pass->go(pass);
    }
    lane->admitting = false;
}

void lane_limit(struct lane *lane, int limit, int queue)
{
    lane->limit = limit;
    lane->queue = queue;
    admit(lane);
}

enum lane_entry lane_enter(struct lane *lane, struct lane_pass *pass)
{
    if (lane->first == NULL && has_room(lane)) {
        lane->inside++;
        pass->inside = true;
        return LANE_INSIDE;
    }
    if (DEFENCE(lane_queue) && lane->queue != 0 && lane->waiting >= lane->queue)
        return LANE_FULL;
    line_up(lane, pass);
    return LANE_WAITS;
}

void lane_leave(struct lane *lane, struct lane_pass *pass)
{
    if (pass->waiting)
        step_out(lane, pass);
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
