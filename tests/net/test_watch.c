/*
** Noticing edits, however they are made; each promise by inotify and by stat.
*/
#include "net/watch.h"

#include <fcntl.h>

#include "folder.h"

static struct watch *watch;

/* Begin with policy.lua in the folder, a folder beside it, and a watch. */
static void begin(bool no_inotify)
{
    folder_open();
    folder_write("policy.lua", "return 1");
    folder_make("v1");
    folder_write("v1/policy.lua", "return 1");
    folder_make("v2");
    folder_write("v2/policy.lua", "return 2");
    watch = watch_open(no_inotify);
    CHECK(watch != NULL);
}

static void finish(void)
{
    watch_close(watch);
    folder_close();
}

static void add(const char *name)
{
    CHECK_INT(watch_add(watch, folder_path(name)), 0);
    CHECK(!watch_changed(watch));
}

/* The promise, both ways. */
#define BOTH_WAYS(name)    \
    static void name(void) \
    {                      \
        name##_by(false);  \
        name##_by(true);   \
    }

static void what_nobody_touches_has_not_changed_by(bool no_inotify)
{
    begin(no_inotify);
    add("policy.lua");
    add("missing.lua");
    str text = STR("return 1");
    char was[16] = {0};
    FILE *f = fopen(folder_path("policy.lua"), "r");
    CHECK_INT(fread(was, 1, sizeof was, f), text.n);
    fclose(f);
    folder_write("another.lua", "return 3");
    CHECK(!watch_changed(watch));
    finish();
}
BOTH_WAYS(what_nobody_touches_has_not_changed)

static void a_file_renamed_over_it_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    add("policy.lua");
    folder_write(".policy.lua.swp", "return 1");
    CHECK(!watch_changed(watch));
    folder_rename(".policy.lua.swp", "policy.lua");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_file_renamed_over_it_is_a_change)

static void truncate_and_write_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    add("policy.lua");
    folder_write("policy.lua", "return 2 -- longer");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(truncate_and_write_is_a_change)

/* With inotify at once; stat needs a clock tick, so the time is set. */
static void an_edit_of_the_same_size_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    add("policy.lua");
    folder_write("policy.lua", "return 7");
    if (no_inotify) {
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 7}};
        CHECK_INT(utimensat(AT_FDCWD, folder_path("policy.lua"), times, 0), 0);
    }
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(an_edit_of_the_same_size_is_a_change)

static void a_link_swapped_at_the_file_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    folder_link("link.lua", "v1/policy.lua");
    add("link.lua");
    folder_link("link.lua", "v2/policy.lua");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_link_swapped_at_the_file_is_a_change)

static void a_link_swapped_at_a_folder_above_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    folder_link("current", "v1");
    add("current/policy.lua");
    folder_link("current", "v2");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_link_swapped_at_a_folder_above_is_a_change)

/* Kubernetes: policy.lua -> ..data/policy.lua, ..data -> a folder with a date;
** only ..data is swapped. */
static void a_link_in_the_middle_of_the_way_is_watched_too_by(bool no_inotify)
{
    begin(no_inotify);
    folder_link("..data", "v1");
    folder_link("mounted.lua", "..data/policy.lua");
    add("mounted.lua");
    folder_link("..data", "v2");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_link_in_the_middle_of_the_way_is_watched_too)

static void the_file_behind_a_link_is_watched_too_by(bool no_inotify)
{
    begin(no_inotify);
    folder_link("link.lua", folder_path("v1/policy.lua"));
    add("link.lua");
    folder_write("v1/policy.lua", "return 1 -- edited");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(the_file_behind_a_link_is_watched_too)

static void a_missing_file_that_appears_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    add("helpers.lua");
    folder_write("helpers.lua", "");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_missing_file_that_appears_is_a_change)

static void a_missing_folder_that_appears_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    add("helpers/init.lua");
    folder_make("helpers");
    folder_write("helpers/init.lua", "");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_missing_folder_that_appears_is_a_change)

static void a_removed_file_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    add("policy.lua");
    folder_remove("policy.lua");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_removed_file_is_a_change)

static void a_removed_folder_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    add("v1/policy.lua");
    folder_remove("v1/policy.lua");
    CHECK_INT(rmdir(folder_path("v1")), 0);
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_removed_folder_is_a_change)

static void a_folder_renamed_away_is_a_change_by(bool no_inotify)
{
    begin(no_inotify);
    add("v1/policy.lua");
    folder_rename("v1", "old");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(a_folder_renamed_away_is_a_change)

static void once_changed_it_stays_changed_by(bool no_inotify)
{
    begin(no_inotify);
    add("missing.lua");
    folder_write("missing.lua", "");
    CHECK(watch_changed(watch));
    folder_remove("missing.lua");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(once_changed_it_stays_changed)

static void paths_may_be_relative_and_hold_dots_by(bool no_inotify)
{
    begin(no_inotify);
    char back[PATH_MAX];
    CHECK(getcwd(back, sizeof back) != NULL);
    CHECK_INT(chdir(folder_path("v1")), 0);
    CHECK_INT(watch_add(watch, ".././v2/policy.lua"), 0);
    CHECK(!watch_changed(watch));
    folder_write("v2/policy.lua", "return 2 -- edited");
    CHECK(watch_changed(watch));
    CHECK_INT(chdir(back), 0);
    finish();
}
BOTH_WAYS(paths_may_be_relative_and_hold_dots)

static void links_in_a_circle_are_survived_by(bool no_inotify)
{
    begin(no_inotify);
    folder_link("a", "b");
    folder_link("b", "a");
    add("a");
    folder_link("a", "policy.lua");
    CHECK(watch_changed(watch));
    finish();
}
BOTH_WAYS(links_in_a_circle_are_survived)

static void without_memory_it_says_so_by(bool no_inotify)
{
    mem_fail_at(1, 0);
    CHECK(watch_open(no_inotify) == NULL);
    mem_fail_at(0, 0);
    begin(no_inotify);
    mem_fail_at(1, 1);
    CHECK(watch_add(watch, folder_path("policy.lua")) < 0);
    mem_fail_at(0, 0);
    finish();
}
BOTH_WAYS(without_memory_it_says_so)

TESTS(what_nobody_touches_has_not_changed, a_file_renamed_over_it_is_a_change,
      truncate_and_write_is_a_change, an_edit_of_the_same_size_is_a_change,
      a_link_swapped_at_the_file_is_a_change,
      a_link_swapped_at_a_folder_above_is_a_change,
      a_link_in_the_middle_of_the_way_is_watched_too,
      the_file_behind_a_link_is_watched_too,
      a_missing_file_that_appears_is_a_change,
      a_missing_folder_that_appears_is_a_change, a_removed_file_is_a_change,
      a_removed_folder_is_a_change, a_folder_renamed_away_is_a_change,
      once_changed_it_stays_changed, paths_may_be_relative_and_hold_dots,
      links_in_a_circle_are_survived, without_memory_it_says_so)
