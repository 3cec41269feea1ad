/*
** keys.c -- taking turns, and passing over.
*/
#include "net/call/keys.h"

static bool is_out(uint32_t but, int i)
{
    return but >> i & 1;
}

static bool take(const struct keys *keys, int i, nanos now)
{
    struct key_state *state = keys->key[i].state;
    return state == NULL || key_take(state, now);
}

int keys_choose(struct keys *keys, uint32_t but, nanos now)
{
    if (keys->n <= 1)
        return 0;
    for (int k = 0; k < keys->n; k++) {
        int i = (keys->next + k) % keys->n;
        if (is_out(but, i) || !take(keys, i, now))
            continue;
        keys->next = (i + 1) % keys->n;
        return i;
    }
    return -1;
}

static nanos wait_of(const struct keys *keys, int i, nanos now)
{
    struct key_state *state = keys->key[i].state;
    return state != NULL ? key_wait(state, now) : 0;
}

bool keys_others(struct keys *keys, uint32_t but, nanos now)
{
    for (int i = 0; i < keys->n; i++)
        if (!is_out(but, i) && wait_of(keys, i, now) == 0)
            return true;
    return false;
}

nanos keys_wait(struct keys *keys, nanos now)
{
    nanos least = keys->n > 0 ? wait_of(keys, 0, now) : 0;
    for (int i = 1; i < keys->n; i++) {
        nanos wait = wait_of(keys, i, now);
        least = wait < least ? wait : least;
    }
    return least;
}

enum key_trouble keys_trouble(const struct fault *fault)
{
    if (fault->kind == FAULT_RATE_LIMITED)
        return KEY_LIMITED;
    if (fault->kind == FAULT_AUTH && fault->firm)
        return KEY_REFUSED;
    return fault->kind == FAULT_QUOTA_EXHAUSTED && fault->firm ? KEY_SPENT
                                                               : KEY_FINE;
}

void keys_learn(struct keys *keys, int key, const struct fault *fault,
                nanos now)
{
    struct key_state *state =
        key >= 0 && key < keys->n ? keys->key[key].state : NULL;
    enum key_trouble trouble = keys_trouble(fault);
    if (state == NULL)
        return;
    if (trouble != KEY_FINE)
        key_troubled(state, trouble, fault->wait, now);
    else if (fault->kind == FAULT_NONE)
        key_works(state);
}
