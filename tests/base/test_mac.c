/*
** test_mac.c -- what stands for a secret.
*/
#include <pthread.h>

#include "unit.h"

#include "base/mac.h"

static const unsigned char key[MAC_KEY] = "0123456789abcdef0123456789abcde"
                                          "f";

static void a_mark_is_hmac_sha_256(void)
{
    struct mac m;
    char hex[2 * MAC_BYTES];
    CHECK(mac_of(key, STR("peri-what the client sends"), &m));
    str_hex(hex, m.byte, MAC_BYTES);
    CHECK_STR(((str){hex, sizeof hex}), "3ffafba3b0f4653e959e43d18b2e1194"
                                        "3eccbacd4f60a6b8a5776b4de36f700d");
}

static bool same(str a, str b)
{
    struct mac x, y;
    CHECK(mac_of(key, a, &x) && mac_of(key, b, &y));
    return mac_eq(&x, &y);
}

/* A4: some kept what began a token, and took those for one that began alike. */
static void every_byte_of_a_text_counts(void)
{
    static const size_t shared[] = {0, 1, 16, 19, 20, 21, 63, 64, 65, 255};
    char a[300], b[300];
    memset(a, 'k', sizeof a);
    memset(b, 'k', sizeof b);
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        b[shared[i]] = 'x';
        CHECK(!same((str){a, sizeof a}, (str){b, sizeof b}));
        CHECK(!same((str){a, shared[i]}, (str){a, shared[i] + 1}));
        b[shared[i]] = 'k';
    }
    CHECK(same((str){a, sizeof a}, (str){b, sizeof b}));
    CHECK(!same(STR(""), STR("\0")));
    CHECK(same(STR(""), STR_NONE));
}

static void another_key_makes_other_marks(void)
{
    struct mac x, y;
    unsigned char other[MAC_KEY];
    memcpy(other, key, sizeof other);
    other[MAC_KEY - 1] ^= 1;
    CHECK(mac_of(key, STR("text"), &x) && mac_of(other, STR("text"), &y));
    CHECK(!mac_eq(&x, &y));
}

static void marks_differ_by_any_bit(void)
{
    struct mac x, y;
    CHECK(mac_of(key, STR("text"), &x));
    for (int bit = 0; bit < 8 * MAC_BYTES; bit++) {
        y = x;
        y.byte[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CHECK(!mac_eq(&x, &y));
    }
}

static void a_maker_makes_the_same_marks_each_time(void)
{
    static const size_t lengths[] = {0, 1, 20, 21, 55, 56, 63, 64, 65, 255};
    char text[256];
    struct mac x, y;
    struct mac_maker *m = mac_maker_new(key);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (char c = 'a'; c < 'd'; c++) {
            memset(text, c, sizeof text);
            str s = {text, lengths[i]};
            CHECK(mac_of(key, s, &x) && mac_make(m, s, &y) && mac_eq(&x, &y));
        }
    CHECK(mac_make(m, STR_NONE, &x) && mac_make(m, STR(""), &y));
    CHECK(mac_eq(&x, &y));
    mac_maker_free(m);
    mac_maker_free(NULL);
}

#define MAKERS 3
#define MARKS  3000

struct making {
    struct mac_maker *maker;
    char text[8];
    int wrong;
};

static void *make_many(void *passed)
{
    struct making *own = passed;
    struct mac want, is;
    mac_of(key, str_of(own->text), &want);
    for (int i = 0; i < MARKS; i++)
        own->wrong += !mac_make(own->maker, str_of(own->text), &is) ||
                      !mac_eq(&want, &is);
    return NULL;
}

static void threads_that_make_marks_at_once_make_their_own(void)
{
    struct mac_maker *m = mac_maker_new(key);
    struct making each[MAKERS] = {{m, "ann", 0}, {m, "bob", 0}, {m, "cem", 0}};
    pthread_t threads[MAKERS];
    for (int i = 0; i < MAKERS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, make_many, &each[i]), 0);
    for (int i = 0; i < MAKERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(each[i].wrong, 0);
    }
    mac_maker_free(m);
}

static void what_is_wiped_is_gone(void)
{
    unsigned char secret[4] = {1, 2, 3, 4};
    mac_wipe(secret, sizeof secret);
    CHECK(secret[0] + secret[1] + secret[2] + secret[3] == 0);
}

TESTS(a_mark_is_hmac_sha_256, every_byte_of_a_text_counts,
      another_key_makes_other_marks, marks_differ_by_any_bit,
      a_maker_makes_the_same_marks_each_time,
      threads_that_make_marks_at_once_make_their_own, what_is_wiped_is_gone)
