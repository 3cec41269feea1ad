/*
** What the library compiles to is kept: that a later load differs in nothing
** but its cost.
*/
#include "net/folder.h"
#include "perilune_inner.h"
#include "policy_rig.h"
#include "run/compiled.h"

#define MISTAKE "return p.say 'x', p.model { 'sim/moon', timout = '1s' }"

static size_t kept(void)
{
    size_t n = 0;
    for (const char *text; (text = compiled_nth(&peri->rt, n)) != NULL; n++)
        CHECK(strncmp(text, "-- perilune", 11) == 0);
    return n;
}

static void the_library_is_compiled_once(void)
{
    rig_open(NULL);
    CHECK_INT(load("return p.say 'one'"), 0);
    size_t first = kept();
    CHECK(first > 5);
    CHECK_INT(load("return p.say 'two'"), 0);
    CHECK_INT(kept(), first);
    chat();
    CHECK_STR(said(), "two");
    finish();
}

static void all_of_it_may_be_compiled_before_the_first_load(void)
{
    rig_open(NULL);
    compiled_all(&peri->rt);
    size_t all = kept();
    CHECK_INT(load("return p.say 'one'"), 0);
    CHECK_INT(kept(), all);
    chat();
    CHECK_STR(said(), "one");
    finish();
}

static void a_mistake_is_told_alike_by_every_load(void)
{
    char first[1024];
    rig_open(NULL);
    CHECK_INT(load(MISTAKE), PERI_EPOLICY);
    snprintf(first, sizeof first, "%s", peri_error(peri));
    CHECK(strstr(first, "P:1: ") != NULL);
    CHECK_INT(load(MISTAKE), PERI_EPOLICY);
    CHECK_STR(str_of(peri_error(peri)), first);
    finish();
}

static void a_module_from_a_folder_is_not_kept(void)
{
    folder_open();
    folder_make("lua");
    folder_make("lua/perilune");
    folder_write("lua/perilune/units.lua", "error 'from the folder'");
    peri_options opt = {.library = folder_path("")};
    rig_open(&opt);
    CHECK_INT(load("return p.say 'x'"), PERI_EPOLICY);
    CHECK(strstr(peri_error(peri), "from the folder") != NULL);
    folder_write("lua/perilune/units.lua", "error 'and edited'");
    CHECK_INT(load("return p.say 'x'"), PERI_EPOLICY);
    CHECK(strstr(peri_error(peri), "and edited") != NULL);
    CHECK(kept() > 0); /* and each is the library's own text */
    finish();
    folder_close();
}

static void without_memory_to_keep_it_a_policy_loads_all_the_same(void)
{
    rig_open(NULL);
    for (long n = 1; n < 400; n++) {
        mem_fail_at(n, 0);
        load("return p.say 'x'");
        mem_fail_at(0, 0);
    }
    CHECK_INT(load("return p.say 'x'"), 0);
    chat();
    CHECK_STR(said(), "x");
    finish();
}

TESTS(the_library_is_compiled_once,
      all_of_it_may_be_compiled_before_the_first_load,
      a_mistake_is_told_alike_by_every_load, a_module_from_a_folder_is_not_kept,
      without_memory_to_keep_it_a_policy_loads_all_the_same)
