/*
** test_clients.c -- the clients' keys, as runtimes see them. What another
** process changes under them is tested over sockets, gate/client_keys.
*/
#include "net/folder.h"
#include "unit.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/realm/clients.h"
#include "store/keys/keeper.h"

static struct store_why why;
static const unsigned char fresh[MAC_KEY] = {7, 1, 2};
static struct realm *realm;
static struct clients *clients;

static void begin(void)
{
    folder_open();
    realm = realm_open(folder_path("store"));
    struct store_options options = {.path = folder_path("store")};
    realm_keep(realm, &options);
    clients = clients_of(realm);
    CHECK(clients != NULL);
}

static void end(void)
{
    realm_close(realm);
    folder_close();
}

static void add(const char *text)
{
    struct keeper k;
    struct client_key key = {
        .id = STR("key_1"), .expires = NANOS_NEVER, .revoked = NANOS_NEVER};
    CHECK_INT(keeper_open(&k, folder_path("store"), fresh, &why), STORE_OK);
    CHECK_INT(keeper_add(&k, &key, str_of(text), &why), STORE_OK);
    keeper_close(&k);
}

static enum clients_state look(nanos now)
{
    struct ring *ring;
    enum clients_state state = clients_look(clients, now, &ring, &why);
    CHECK((ring != NULL) == (state == CLIENTS_ON));
    ring_release(ring);
    return state;
}

static bool knows(nanos now, const char *text)
{
    struct ring *ring;
    struct mac mark;
    bool found = clients_look(clients, now, &ring, &why) == CLIENTS_ON &&
                 ring_find(ring, str_of(text), &mark) != NULL;
    ring_release(ring);
    return found;
}

static void without_a_store_there_are_no_keys(void)
{
    folder_open();
    realm = realm_open(folder_path("elsewhere"));
    clients = clients_of(realm);
    CHECK_INT(look(1), CLIENTS_OFF);
    end();
}

static void the_first_key_is_heard_of_within_a_second(void)
{
    begin();
    CHECK_INT(look(1), CLIENTS_OFF);
    add("peri-1");
    CHECK_INT(look(NANOS_S), CLIENTS_OFF);
    CHECK_INT(look(NANOS_S + 1), CLIENTS_ON);
    CHECK(knows(NANOS_S + 1, "peri-1"));
    CHECK(!knows(NANOS_S + 1, "peri-2"));
    end();
}

static void a_folder_without_a_key_asks_for_none(void)
{
    struct keeper k;
    begin();
    CHECK_INT(keeper_open(&k, folder_path("store"), fresh, &why), STORE_OK);
    keeper_close(&k);
    CHECK_INT(look(1), CLIENTS_OFF);
    end();
}

static void keys_that_cannot_be_read_let_nobody_in(void)
{
    char path[600];
    begin();
    add("peri-1");
    snprintf(path, sizeof path, "%s/keys/secret", folder_path("store"));
    CHECK_INT(truncate(path, 3), 0);
    CHECK_INT(look(1), CLIENTS_BROKEN);
    CHECK(strstr(why.text, "secret") != NULL);
    CHECK_INT(look(2), CLIENTS_BROKEN);
    unlink(path);
    CHECK_INT(look(1 + NANOS_S), CLIENTS_BROKEN);
    end();
}

static void a_file_that_is_no_store_lets_nobody_in(void)
{
    char path[600];
    begin();
    add("peri-1");
    snprintf(path, sizeof path, "%s/keys/data.mdb", folder_path("store"));
    CHECK_INT(truncate(path, 5000), 0);
    CHECK_INT(look(1), CLIENTS_BROKEN);
    end();
}

static void a_look_that_failed_keeps_nobody_out_for_longer(void)
{
    begin();
    mkdir(folder_path("store"), 0700);
    CHECK_INT(symlink("keys", folder_path("store/keys")), 0); /* a loop */
    CHECK_INT(look(1), CLIENTS_BROKEN);
    unlink(folder_path("store/keys"));
    CHECK_INT(look(2), CLIENTS_OFF);
    end();
}

static void a_folder_that_goes_away_takes_no_key_along(void)
{
    char from[600], to[600];
    begin();
    add("peri-1");
    CHECK(knows(1, "peri-1"));
    snprintf(from, sizeof from, "%s/keys", folder_path("store"));
    snprintf(to, sizeof to, "%s/gone", folder_path("store"));
    CHECK_INT(rename(from, to), 0);
    CHECK_INT(look(1 + 2 * NANOS_S), CLIENTS_ON);
    CHECK(knows(1 + 2 * NANOS_S, "peri-1"));
    add("peri-2");
    CHECK(knows(1 + 3 * NANOS_S, "peri-2"));
    CHECK(!knows(1 + 3 * NANOS_S, "peri-1"));
    end();
}

/* --- changes from within ----------------------------------------------------- */

static enum store_result add_one(void *user, struct keeper *k,
                                 struct store_why *wrong)
{
    struct client_key key = {
        .id = STR("key_1"), .expires = NANOS_NEVER, .revoked = NANOS_NEVER};
    return keeper_add(k, &key, str_of(user), wrong);
}

static enum store_result revoke_one(void *user, struct keeper *k,
                                    struct store_why *wrong)
{
    return keeper_revoke(k, str_of(user), 5, wrong);
}

static bool valid(nanos now, const char *text)
{
    struct ring *ring;
    struct mac mark;
    const struct client_key *key = NULL;
    if (clients_look(clients, now, &ring, &why) == CLIENTS_ON)
        key = ring_find(ring, str_of(text), &mark);
    bool is = key != NULL && client_key_holds(key, now);
    ring_release(ring);
    return is;
}

static void a_change_from_within_holds_at_once(void)
{
    begin();
    CHECK_INT(look(1), CLIENTS_OFF);
    CHECK_INT(clients_change(clients, fresh, add_one, "peri-1", &why),
              STORE_OK);
    CHECK(valid(1, "peri-1"));
    CHECK_INT(clients_change(clients, fresh, revoke_one, "key_1", &why),
              STORE_OK);
    CHECK(!valid(1, "peri-1"));
    CHECK_INT(clients_change(clients, fresh, revoke_one, "key_2", &why),
              STORE_MISSING);
    CHECK_INT(look(1), CLIENTS_ON);
    end();
}

static void changes_from_within_and_without_both_hold(void)
{
    begin();
    add("peri-1");
    CHECK(knows(1, "peri-1"));
    CHECK_INT(clients_change(clients, fresh, add_one, "peri-2", &why),
              STORE_OK);
    CHECK(knows(1, "peri-1") && knows(1, "peri-2"));
    end();
}

/* Somebody asks to come in while a change is under way. */
static enum store_result look_meanwhile(void *user, struct keeper *k,
                                        struct store_why *wrong)
{
    (void)k;
    (void)wrong;
    *(enum clients_state *)user = look(1);
    return STORE_OK;
}

static void nobody_comes_in_without_a_key_while_the_first_change_is_made(void)
{
    enum clients_state meanwhile = CLIENTS_OFF;
    begin();
    add("peri-1");
    CHECK_INT(clients_change(clients, fresh, look_meanwhile, &meanwhile, &why),
              STORE_OK);
    CHECK_INT(meanwhile, CLIENTS_ON);
    end();
}

static void without_a_store_nothing_is_changed(void)
{
    folder_open();
    realm = realm_open(folder_path("elsewhere"));
    clients = clients_of(realm);
    CHECK_INT(clients_change(clients, fresh, add_one, "peri-1", &why),
              STORE_MISSING);
    CHECK_INT(look(1), CLIENTS_OFF);
    end();
}

/* Each looks as a runtime's thread does, which finds the keys first, while the
** folder is replaced. */
static void *look_often(void *user)
{
    int *known = user;
    CHECK(clients_of(realm) == clients);
    for (nanos now = 1; now < 40 * NANOS_S; now += NANOS_S / 8)
        *known += knows(now, "peri-1");
    return NULL;
}

static void several_threads_look_at_one_ring(void)
{
    pthread_t threads[3];
    int known[3] = {0};
    begin();
    add("peri-1");
    CHECK(knows(1, "peri-1"));
    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, look_often, &known[i]), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK(known[0] == 320 && known[1] == 320 && known[2] == 320);
    end();
}

static void nobody_misses_a_key_while_others_are_added(void)
{
    char text[32];
    pthread_t threads[2];
    int known[2] = {0};
    begin();
    CHECK_INT(clients_change(clients, fresh, add_one, "peri-1", &why),
              STORE_OK);
    for (int i = 0; i < 2; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, look_often, &known[i]), 0);
    for (int i = 0; i < 10; i++) {
        snprintf(text, sizeof text, "peri-new-%d", i);
        CHECK_INT(clients_change(clients, fresh, add_one, text, &why),
                  STORE_OK);
        CHECK(knows(50 * NANOS_S, text));
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK(known[0] == 320 && known[1] == 320);
    end();
}

static void runtimes_share_the_keys(void)
{
    begin();
    struct realm *other = realm_open(folder_path("store"));
    CHECK(clients_of(other) == clients);
    realm_close(other);
    end();
}

TESTS(without_a_store_there_are_no_keys,
      the_first_key_is_heard_of_within_a_second,
      a_folder_without_a_key_asks_for_none,
      keys_that_cannot_be_read_let_nobody_in,
      a_file_that_is_no_store_lets_nobody_in,
      a_look_that_failed_keeps_nobody_out_for_longer,
      a_folder_that_goes_away_takes_no_key_along,
      a_change_from_within_holds_at_once,
      changes_from_within_and_without_both_hold,
      nobody_comes_in_without_a_key_while_the_first_change_is_made,
      without_a_store_nothing_is_changed, several_threads_look_at_one_ring,
      nobody_misses_a_key_while_others_are_added, runtimes_share_the_keys)
