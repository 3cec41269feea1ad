/*
** test_tokenizers.c -- vocabularies that the runtimes of a realm share.
*/
#include "unit.h"

#include <pthread.h>

#include "base/err.h"
#include "kernel/rank_rig.h"
#include "net/folder.h"
#include "run/realm/tokenizers.h"

static struct realm *realm;
static struct tokenizers *shared;

static void write_ranks(const char *name)
{
    struct buf file;
    buf_init(&file, 1 << 16);
    rig_bytes(&file);
    buf_byte(&file, '\0');
    folder_write(name, file.p);
    buf_fini(&file);
}

static void begin(void)
{
    folder_open();
    realm = realm_open(folder);
    write_ranks("o200k_base.tiktoken");
}

static void end(void)
{
    realm_close(realm);
    folder_close();
}

static void a_vocabulary_is_read_once_and_shared(void)
{
    int error;
    begin();
    shared = tokenizers_open(realm, folder, "");
    const struct encoding *e = tokenizers_get(shared, ENCODING_O200K, &error);
    CHECK(e != NULL && e->split == SPLIT_O200K && e->ranks.n == 256);
    CHECK_INT(error, 0);
    CHECK(tokenizers_open(realm, "/nowhere", "") == shared);
    CHECK(tokenizers_get(shared, ENCODING_O200K, &error) == e);
    end();
}

static void a_file_that_is_not_there_is_no_error(void)
{
    int error;
    begin();
    shared = tokenizers_open(realm, folder, "");
    CHECK(!tokenizers_has(shared, ENCODING_CL100K));
    CHECK(tokenizers_get(shared, ENCODING_CL100K, &error) == NULL);
    CHECK_INT(error, 0);
    CHECK(tokenizers_get(shared, ENCODING_NONE, &error) == NULL);
    CHECK(tokenizers_get(NULL, ENCODING_O200K, &error) == NULL);
    end();
}

static void it_is_found_at_the_start_and_read_later(void)
{
    int error;
    begin();
    shared = tokenizers_open(realm, folder, "");
    CHECK_INT(unlink(folder_path("o200k_base.tiktoken")), 0);
    CHECK(tokenizers_get(shared, ENCODING_O200K, &error) != NULL);
    end();
}

static void a_file_that_is_none_is_said_once(void)
{
    int error;
    begin();
    folder_write("cl100k_base.tiktoken", "IQ== 0\n");
    shared = tokenizers_open(realm, folder, "");
    CHECK(tokenizers_has(shared, ENCODING_CL100K));
    CHECK(tokenizers_get(shared, ENCODING_CL100K, &error) == NULL);
    CHECK_INT(error, ERR_INPUT);
    CHECK(tokenizers_get(shared, ENCODING_CL100K, &error) == NULL);
    CHECK_INT(error, 0);
    CHECK(!tokenizers_has(shared, ENCODING_CL100K));
    end();
}

static void without_memory_it_is_tried_again(void)
{
    int error;
    begin();
    shared = tokenizers_open(realm, folder, "");
    for (int n = 1; n <= 5; n++) {
        mem_fail_at(n, 0);
        CHECK(tokenizers_get(shared, ENCODING_O200K, &error) == NULL);
        mem_fail_at(0, 0);
        CHECK_INT(error, ERR_MEMORY);
    }
    CHECK(tokenizers_get(shared, ENCODING_O200K, &error) != NULL);
    end();
}

static void *get(void *to)
{
    int error;
    *(const struct encoding **)to =
        tokenizers_get(shared, ENCODING_O200K, &error);
    return NULL;
}

static void threads_that_ask_at_once_get_the_same(void)
{
    pthread_t threads[4];
    const struct encoding *got[4];
    begin();
    shared = tokenizers_open(realm, folder, "");
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, get, &got[i]), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK(got[i] != NULL && got[i] == got[0]);
    end();
}

TESTS(a_vocabulary_is_read_once_and_shared,
      a_file_that_is_not_there_is_no_error,
      it_is_found_at_the_start_and_read_later, a_file_that_is_none_is_said_once,
      without_memory_it_is_tried_again, threads_that_ask_at_once_get_the_same)
