/*
** Ready policies are linked in: "policies/NAME.lua" means one of them in every
** folder that has no such file.
*/
#include "net/folder.h"
#include "policy_rig.h"

static char home[512]; /* where the tests were started */

static void begin_in_folder(void)
{
    CHECK(getcwd(home, sizeof home) != NULL);
    folder_open();
    CHECK_INT(chdir(folder), 0);
    rig_open(NULL);
}

static void finish_in_folder(void)
{
    finish();
    CHECK_INT(chdir(home), 0);
    folder_close();
}

static void check_loads(const char *path)
{
    int error = peri_load(peri, path);
    CHECK_INT(error, 0);
    if (error != 0)
        printf("#    %s\n", peri_error(peri));
}

static void write_own(const char *text)
{
    char all[256];
    snprintf(all, sizeof all, "return require 'perilune'.say '%s'", text);
    folder_write("policies/fallback.lua", all);
}

static void all_of_them_are_there_in_any_folder(void)
{
    static const char *const names[] = {"default",  "passthrough", "fallback",
                                        "balanced", "agents",      "ladder",
                                        "sticky"};
    begin_in_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "policies/%s.lua", names[i]);
        check_loads(path);
        chat();
        CHECK_INT(got.status, 200);
    }
    finish_in_folder();
}

static void a_file_of_that_name_goes_first(void)
{
    begin_in_folder();
    folder_make("policies");
    write_own("mine");
    check_loads("policies/fallback.lua");
    chat();
    CHECK_STR(said(), "mine");
    finish_in_folder();
}

/* An editor may take the file away before it puts the new one there. */
static void who_began_with_a_file_never_gets_the_linked_one(void)
{
    begin_in_folder();
    folder_make("policies");
    write_own("mine");
    check_loads("policies/fallback.lua");
    CHECK_INT(unlink("policies/fallback.lua"), 0);
    chat();
    CHECK_STR(said(), "mine");
    write_own("edited");
    chat();
    CHECK_STR(said(), "edited");
    finish_in_folder();
}

static void a_name_that_is_nobodys_is_told_as_a_missing_file(void)
{
    static const char *const names[] = {"policies/none.lua", "fallback.lua",
                                        "policies/faq.lua", "lua/perilune.lua",
                                        "./policies/fallback.lua"};
    begin_in_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK_INT(peri_load(peri, names[i]), PERI_EPOLICY);
        CHECK(strstr(peri_error(peri), "there is no such file") != NULL);
    }
    CHECK_INT(peri_load(peri, names[0]), PERI_EPOLICY);
    CHECK(strcmp(peri_error(peri), "policies/none.lua: there is no such file, "
                                   "and none of that name is built in") == 0);
    finish_in_folder();
}

static void a_library_folder_overrides_what_is_linked_in(void)
{
    begin_in_folder();
    folder_make("policies");
    write_own("from the library");
    peri_close(peri);
    peri_options opt = {.size = sizeof opt, .library = folder, .log = rig_log};
    CHECK_INT(chdir(home), 0);
    CHECK_INT(chdir("/"), 0);
    CHECK_INT(peri_open(&peri, &opt), 0);
    check_loads("policies/fallback.lua");
    chat();
    CHECK_STR(said(), "from the library");
    finish_in_folder();
}

TESTS(all_of_them_are_there_in_any_folder, a_file_of_that_name_goes_first,
      who_began_with_a_file_never_gets_the_linked_one,
      a_name_that_is_nobodys_is_told_as_a_missing_file,
      a_library_folder_overrides_what_is_linked_in)
