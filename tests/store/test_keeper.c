/*
** test_keeper.c -- keys of clients: found by their mark, kept, ended.
*/
#include "net/folder.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/batch.h"
#include "store/keys/keeper.h"

static struct store_why why;
static const unsigned char fresh[MAC_KEY] = {7, 1, 2};
static struct keeper keeper;

static void keep(void)
{
    CHECK_INT(keeper_open(&keeper, folder_path("store"), fresh, &why),
              STORE_OK);
}

static struct client_key named(const char *id)
{
    return (struct client_key){.id = str_of(id),
                               .user = STR("ada"),
                               .expires = NANOS_NEVER,
                               .revoked = NANOS_NEVER};
}

static void add(const char *id, const char *text)
{
    struct client_key key = named(id);
    CHECK_INT(keeper_add(&keeper, &key, str_of(text), &why), STORE_OK);
}

static void begin(void)
{
    folder_open();
    keep();
}

static void end(void)
{
    keeper_close(&keeper);
    folder_close();
}

/* What becomes of a text: the id of its key and how that is; "" for none. */
static const char *known(str text)
{
    static char said[64];
    struct mac mark;
    struct ring *ring = keeper_read(keeper.store, keeper.secret, NULL, &why);
    const struct client_key *key =
        ring != NULL ? ring_find(ring, text, &mark) : NULL;
    said[0] = '\0';
    if (key != NULL)
        snprintf(said, sizeof said, "%.*s%s", STR_ARG(key->id),
                 key->revoked != NANOS_NEVER ? " revoked" : "");
    ring_release(ring);
    return said;
}

#define KNOWN(text) str_of(known(STR(text)))

static void a_key_is_found_by_its_whole_text(void)
{
    begin();
    add("key_1", "peri-aaaaaaaaaaaaaaaaaaaaaaaaaa1");
    add("key_2", "peri-aaaaaaaaaaaaaaaaaaaaaaaaaa2");
    CHECK_STR(KNOWN("peri-aaaaaaaaaaaaaaaaaaaaaaaaaa1"), "key_1");
    CHECK_STR(KNOWN("peri-aaaaaaaaaaaaaaaaaaaaaaaaaa2"), "key_2");
    CHECK_STR(KNOWN("peri-aaaaaaaaaaaaaaaaaaaaaaaaaa"), "");
    CHECK_STR(KNOWN("peri-aaaaaaaaaaaaaaaaaaaaaaaaaa11"), "");
    CHECK_STR(KNOWN(""), "");
    end();
}

/* A3: whatever a client sends, 32 bytes of it are looked for. */
static void no_text_is_too_odd_to_be_unknown(void)
{
    static char large[100000];
    memset(large, 0xff, sizeof large);
    begin();
    add("key_1", "peri-1");
    for (size_t n = 0; n < sizeof large; n = n * 2 + 511)
        CHECK_STR(str_of(known((str){large, n})), "");
    CHECK_STR(KNOWN("../../etc/passwd"), "");
    CHECK_STR(KNOWN("\0"), "");
    CHECK_STR(KNOWN("' or 1=1 --"), "");
    end();
}

static void a_slot_that_is_taken_is_no_key_that_is_known(void)
{
    char text[32];
    struct mac mark;
    begin();
    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof text, "peri-%d", i);
        add(text, text);
    }
    struct ring *ring = keeper_read(keeper.store, keeper.secret, NULL, &why);
    CHECK_INT(ring_rows(ring), 40);
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "peri-%d", i);
        CHECK((ring_find(ring, str_of(text), &mark) != NULL) == (i < 40));
    }
    ring_release(ring);
    end();
}

static void a_key_that_is_revoked_stays_so(void)
{
    begin();
    add("key_1", "peri-1");
    CHECK_INT(keeper_revoke(&keeper, STR("key_1"), 5, &why), STORE_OK);
    CHECK_STR(KNOWN("peri-1"), "key_1 revoked");
    CHECK_INT(keeper_revoke(&keeper, STR("key_1"), 6, &why), STORE_OK);
    CHECK_INT(keeper_rotate(&keeper, STR("key_1"), STR("peri-2"), &why),
              STORE_MISSING);
    CHECK_STR(KNOWN("peri-2"), "");
    CHECK_INT(keeper_revoke(&keeper, STR("key_9"), 5, &why), STORE_MISSING);
    end();
}

static void a_key_that_is_rotated_has_the_new_text_alone(void)
{
    begin();
    add("key_1", "peri-1");
    CHECK_INT(keeper_rotate(&keeper, STR("key_1"), STR("peri-2"), &why),
              STORE_OK);
    CHECK_STR(KNOWN("peri-1"), "");
    CHECK_STR(KNOWN("peri-2"), "key_1");
    end();
}

static bool give_to_bob(void *user, struct client_key *key)
{
    key->user = STR("bob");
    key->limits = STR("[\"5 requests/min\"]");
    return *(bool *)user;
}

static void a_key_that_is_edited_keeps_its_text(void)
{
    bool really = false;
    struct mac mark;
    begin();
    add("key_1", "peri-1");
    add("key_2", "peri-2");
    for (int i = 0; i < 2; i++) {
        CHECK_INT(
            keeper_edit(&keeper, STR("key_1"), give_to_bob, &really, &why),
            STORE_OK);
        struct ring *ring =
            keeper_read(keeper.store, keeper.secret, NULL, &why);
        const struct client_key *key = ring_find(ring, STR("peri-1"), &mark);
        CHECK_STR(key->user, really ? "bob" : "ada");
        CHECK((key->rules != NULL) == really);
        CHECK_STR(ring_find(ring, STR("peri-2"), &mark)->user, "ada");
        ring_release(ring);
        really = true;
    }
    CHECK_INT(keeper_edit(&keeper, STR("key_9"), give_to_bob, &really, &why),
              STORE_MISSING);
    end();
}

/* --- what lies on the disk ------------------------------------------------- */

static bool holds(const char *path, str what)
{
    static char bytes[1 << 20];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, bytes, sizeof bytes);
    close(fd);
    CHECK(n >= 0);
    return n > 0 && memmem(bytes, (size_t)n, what.p, what.n) != NULL;
}

static void the_text_of_a_key_is_in_no_file(void)
{
    char path[800];
    struct dirent *e;
    begin();
    add("key_1", "peri-CANARY-of-a-key");
    DIR *dir = opendir(keeper.path);
    while ((e = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", keeper.path, e->d_name);
        if (e->d_type == DT_REG)
            CHECK(!holds(path, STR("CANARY")));
    }
    closedir(dir);
    end();
}

static void the_secret_is_its_owners_alone(void)
{
    struct stat st;
    char path[800];
    begin();
    snprintf(path, sizeof path, "%s/secret", keeper.path);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    CHECK_INT(st.st_size, MAC_KEY);
    CHECK_INT(stat(keeper.path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0700);
    end();
}

static void the_secret_stays_when_another_is_brought(void)
{
    static const unsigned char other[MAC_KEY] = {9};
    begin();
    add("key_1", "peri-1");
    keeper_close(&keeper);
    CHECK_INT(keeper_open(&keeper, folder_path("store"), other, &why),
              STORE_OK);
    CHECK_STR(KNOWN("peri-1"), "key_1");
    end();
}

static void keys_without_their_secret_are_told_of(void)
{
    char path[800];
    begin();
    add("key_1", "peri-1");
    snprintf(path, sizeof path, "%s/secret", keeper.path);
    keeper_close(&keeper);
    unlink(path);
    CHECK_INT(keeper_open(&keeper, folder_path("store"), fresh, &why),
              STORE_DAMAGED);
    CHECK(strstr(why.text, "secret is gone") != NULL);
    CHECK(access(path, F_OK) != 0);
    folder_close();
}

static void a_secret_of_another_length_is_none(void)
{
    char path[800];
    begin();
    snprintf(path, sizeof path, "%s/secret", keeper.path);
    keeper_close(&keeper);
    CHECK_INT(truncate(path, 31), 0);
    CHECK_INT(keeper_open(&keeper, folder_path("store"), fresh, &why),
              STORE_DAMAGED);
    CHECK_INT(truncate(path, 33), 0);
    CHECK_INT(keeper_open(&keeper, folder_path("store"), fresh, &why),
              STORE_DAMAGED);
    folder_close();
}

static void a_row_that_is_no_record_is_an_unknown_key(void)
{
    bool damaged;
    begin();
    add("key_1", "peri-1");
    struct batch b;
    batch_init(&b, 0);
    batch_put(&b, STR(KEYS_TABLE), STR("short"), STR("{\"id\":\"k\"}"),
              NANOS_NEVER);
    CHECK_INT(store_write(keeper.store, &b), STORE_OK);
    batch_fini(&b);
    struct ring *ring =
        keeper_read(keeper.store, keeper.secret, &damaged, &why);
    CHECK_INT(ring_rows(ring), 2);
    CHECK(!damaged);
    ring_release(ring);
    CHECK_STR(KNOWN("peri-1"), "key_1");
    end();
}

static void a_ring_lasts_as_long_as_it_is_held(void)
{
    struct mac mark;
    begin();
    add("key_1", "peri-1");
    struct ring *ring = keeper_read(keeper.store, keeper.secret, NULL, &why);
    struct ring *held = ring_hold(ring);
    ring_release(ring);
    const struct client_key *key = ring_find(held, STR("peri-1"), &mark);
    CHECK(key != NULL);
    CHECK_STR(key->user, "ada");
    ring_release(held);
    end();
}

static void a_version_is_another_after_each_change(void)
{
    begin();
    uint64_t before = store_version(keeper.store);
    add("key_1", "peri-1");
    uint64_t after = store_version(keeper.store);
    CHECK(after != before);
    CHECK(store_version(keeper.store) == after);
    CHECK_INT(keeper_revoke(&keeper, STR("key_1"), 5, &why), STORE_OK);
    CHECK(store_version(keeper.store) != after);
    end();
}

static void a_text_of_a_key_is_its_dice_in_hex(void)
{
    char text[KEEPER_TEXT];
    unsigned char dice[KEEPER_DICE] = {0xab};
    keeper_text(text, dice);
    CHECK_STR(str_of(text),
              "peri-ab0000000000000000000000000000000000000000000000");
}

TESTS(a_key_is_found_by_its_whole_text, no_text_is_too_odd_to_be_unknown,
      a_slot_that_is_taken_is_no_key_that_is_known,
      a_key_that_is_revoked_stays_so,
      a_key_that_is_rotated_has_the_new_text_alone,
      a_key_that_is_edited_keeps_its_text, the_text_of_a_key_is_in_no_file,
      the_secret_is_its_owners_alone, the_secret_stays_when_another_is_brought,
      keys_without_their_secret_are_told_of, a_secret_of_another_length_is_none,
      a_row_that_is_no_record_is_an_unknown_key,
      a_ring_lasts_as_long_as_it_is_held,
      a_version_is_another_after_each_change,
      a_text_of_a_key_is_its_dice_in_hex)
