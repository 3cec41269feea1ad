/*
** once_rig.h -- a request with a key, sent again and again, to a runtime with a
** store of its own.
*/
#ifndef TESTS_RUN_ONCE_RIG_H
#define TESTS_RUN_ONCE_RIG_H

#include "net/folder.h"
#include "run/policy_rig.h"
#include "store/idem.h"

#define NUMBERED \
    "local n = 0 return function() n = n + 1 return p.say('a' .. n) end"

/* A runtime with a store of its own, under this policy. */
static inline void open_store(const char *policy, double deadline)
{
    folder_open();
    peri_options opt = {.store = folder_path("store"), .deadline = deadline};
    rig_open(&opt);
    CHECK_INT(load(policy), 0);
    if (*peri_error(peri) != '\0')
        printf("#    %s\n", peri_error(peri));
}

static inline void begin_with(const char *policy)
{
    open_store(policy, 0);
}

static inline void end(void)
{
    finish();
    folder_close();
}

static inline void send(const char *key, const char *body)
{
    peri_header header = {"Idempotency-Key", key};
    submit_with(body, &header, 1);
}

static inline void ask_keyed(const char *key, const char *body)
{
    send(key, body);
    await_done();
}

static inline void again(const char *key)
{
    ask_keyed(key, WHOLE);
}

/* Wait until all that was to be written is. */
static inline void settle(struct store_stat *stat)
{
    struct batch b;
    struct idem idem = {.store = NULL};
    unsigned char none[MAC_KEY] = {0};
    CHECK_INT(idem_open(&idem, folder_path("store"), 0, none, NULL), STORE_OK);
    batch_init(&b, 0);
    CHECK_INT(store_write(idem.store, &b), STORE_OK);
    batch_fini(&b);
    CHECK_INT(store_stat(idem.store, stat), STORE_OK);
    idem_close(&idem);
}

#endif
