/*
** test_ranks.c -- what reading a rank file promises.
*/
#include "unit.h"

#include "base/err.h"
#include "kernel/rank_rig.h"

static int read(struct buf *file, struct ranks *r)
{
    int error = ranks_read(r, buf_str(file));
    if (error != 0)
        CHECK(r->at == NULL && r->slots == NULL && r->bytes == NULL);
    return error;
}

static void begin(struct buf *file)
{
    buf_init(file, 1 << 20);
    rig_bytes(file);
}

static void every_token_of_the_file_is_found(void)
{
    struct buf file;
    struct ranks r;
    begin(&file);
    rig_line(&file, STR("th"), 256);
    rig_line(&file, STR("the"), 257);
    rig_line(&file, STR(" the moon, and no further"), 258);
    rig_line(&file, STR("\0\0\0"), 259);
    CHECK_INT(read(&file, &r), 0);
    CHECK_INT(r.n, 260);
    CHECK_INT(r.longest, 25);
    CHECK_INT(ranks_find(&r, STR("the")), 257);
    CHECK_INT(ranks_find(&r, STR(" the moon, and no further")), 258);
    CHECK_INT(ranks_find(&r, STR("\0\0\0")), 259);
    CHECK_INT(ranks_find(&r, STR("\0")), 0);
    CHECK_INT(ranks_pair(&r, "th"), 256);
    CHECK_STR(ranks_bytes(&r, 256), "th");
    ranks_fini(&r);
    buf_fini(&file);
}

static void what_is_no_token_is_not_found(void)
{
    struct buf file;
    struct ranks r;
    begin(&file);
    rig_line(&file, STR("the moon"), 256);
    CHECK_INT(read(&file, &r), 0);
    CHECK(ranks_find(&r, STR("the moor")) == RANK_NONE);
    CHECK(ranks_find(&r, STR("the")) == RANK_NONE);
    CHECK(ranks_find(&r, STR("the moon and more")) == RANK_NONE);
    CHECK(ranks_find(&r, STR("")) == RANK_NONE);
    CHECK(ranks_pair(&r, "th") == RANK_NONE);
    ranks_fini(&r);
    buf_fini(&file);
}

static void refused(const char *more, int with)
{
    struct buf file;
    struct ranks r;
    begin(&file);
    buf_text(&file, more);
    CHECK_INT(read(&file, &r), with);
    buf_fini(&file);
}

static void what_is_no_rank_file_is_refused(void)
{
    struct ranks r;
    refused("dGhl 257\n", ERR_INPUT);           /* a rank left out */
    refused("dGhl 256\ndGhl 257\n", ERR_INPUT); /* twice */
    refused("dGh 256\n", ERR_INPUT);            /* no base64 */
    refused("d?hl 256\n", ERR_INPUT);
    refused("dGhl\n", ERR_INPUT);
    refused("dGhl 256x\n", ERR_INPUT);
    refused(" 256\n", ERR_INPUT);
    refused("\n", ERR_INPUT);
    refused("==== 256\n", ERR_INPUT);
    CHECK_INT(ranks_read(&r, STR("")), ERR_INPUT);
    CHECK_INT(ranks_read(&r, STR("IQ== 0\n")), ERR_INPUT); /* not all bytes */
    CHECK_INT(ranks_read(&r, STR("<html>")), ERR_INPUT);
}

static void a_token_may_have_128_bytes(void)
{
    struct buf file;
    struct ranks r;
    char long_one[129];
    memset(long_one, '-', sizeof long_one);
    begin(&file);
    rig_line(&file, (str){long_one, 128}, 256);
    CHECK_INT(read(&file, &r), 0);
    CHECK_INT(ranks_find(&r, (str){long_one, 128}), 256);
    ranks_fini(&r);
    rig_line(&file, (str){long_one, 129}, 257);
    CHECK_INT(read(&file, &r), ERR_LIMIT);
    buf_fini(&file);
}

static void without_memory_it_says_so(void)
{
    struct buf file;
    struct ranks r;
    begin(&file);
    for (int n = 1; n <= 4; n++) {
        mem_fail_at(n, 0);
        CHECK_INT(read(&file, &r), ERR_MEMORY);
        mem_fail_at(0, 0);
    }
    buf_fini(&file);
}

TESTS(every_token_of_the_file_is_found, what_is_no_token_is_not_found,
      what_is_no_rank_file_is_refused, a_token_may_have_128_bytes,
      without_memory_it_says_so)
