/*
** Reading a small file whole, and not being fooled by what is none.
*/
#include "net/file.h"

#include "base/err.h"
#include "folder.h"

static struct arena arena;

static void begin(void)
{
    folder_open();
    arena_init(&arena);
}

static void finish(void)
{
    arena_fini(&arena);
    folder_close();
}

static void a_file_is_read_whole(void)
{
    str text;
    begin();
    folder_write("a", "one\ntwo\n");
    CHECK_INT(file_read(folder_path("a"), 100, &arena, &text), 0);
    CHECK_STR(text, "one\ntwo\n");
    finish();
}

static void an_empty_file_is_an_empty_text(void)
{
    str text = STR_NONE;
    begin();
    folder_write("a", "");
    CHECK_INT(file_read(folder_path("a"), 100, &arena, &text), 0);
    CHECK_STR(text, "");
    finish();
}

static void a_file_may_be_as_large_as_the_limit_and_no_larger(void)
{
    str text;
    begin();
    folder_write("a", "12345");
    CHECK_INT(file_read(folder_path("a"), 5, &arena, &text), 0);
    CHECK_INT(file_read(folder_path("a"), 4, &arena, &text), ERR_LIMIT);
    finish();
}

static void what_is_not_there_is_missing(void)
{
    str text;
    begin();
    folder_write("a", "x");
    CHECK_INT(file_read(folder_path("b"), 5, &arena, &text), ERR_MISSING);
    CHECK_INT(file_read(folder_path("a/b"), 5, &arena, &text), ERR_MISSING);
    finish();
}

static void a_fifo_or_a_folder_is_no_file_and_hangs_nobody(void)
{
    str text;
    begin();
    CHECK_INT(mkfifo(folder_path("fifo"), 0600), 0);
    folder_make("dir");
    CHECK_INT(file_read(folder_path("fifo"), 5, &arena, &text), ERR_INPUT);
    CHECK_INT(file_read(folder_path("dir"), 5, &arena, &text), ERR_INPUT);
    CHECK_INT(file_read("/dev/zero", 5, &arena, &text), ERR_INPUT);
    finish();
}

static void a_file_behind_a_link_is_read(void)
{
    str text;
    begin();
    folder_write("a", "here");
    folder_link("b", "a");
    CHECK_INT(file_read(folder_path("b"), 5, &arena, &text), 0);
    CHECK_STR(text, "here");
    folder_link("loop", "loop");
    CHECK_INT(file_read(folder_path("loop"), 5, &arena, &text), ERR_SYSTEM);
    finish();
}

static void a_file_held_open_is_read_whole_when_it_is_wanted(void)
{
    char *text = NULL;
    size_t n;
    begin();
    folder_write("a", "here");
    int fd = file_open(folder_path("a"));
    CHECK_INT(unlink(folder_path("a")), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(file_whole(fd, 4, &text, &n), 0);
        CHECK_STR(((str){text, n}), "here");
        mem_free(text);
    }
    CHECK_INT(file_whole(fd, 3, &text, &n), ERR_LIMIT);
    mem_fail_at(1, 1);
    CHECK_INT(file_whole(fd, 4, &text, &n), ERR_MEMORY);
    mem_fail_at(0, 0);
    file_close(fd);
    CHECK_INT(file_open(folder_path("a")), -1);
    file_close(-1);
    finish();
}

static void without_memory_it_says_so(void)
{
    str text;
    begin();
    folder_write("a", "here");
    mem_fail_at(1, 1);
    CHECK_INT(file_read(folder_path("a"), 5, &arena, &text), ERR_MEMORY);
    mem_fail_at(0, 0);
    finish();
}

TESTS(a_file_is_read_whole, an_empty_file_is_an_empty_text,
      a_file_may_be_as_large_as_the_limit_and_no_larger,
      what_is_not_there_is_missing,
      a_fifo_or_a_folder_is_no_file_and_hangs_nobody,
      a_file_behind_a_link_is_read,
      a_file_held_open_is_read_whole_when_it_is_wanted,
      without_memory_it_says_so)
