/*
** Policies that are files: what they may read, and what an edit does. Every
** edit is made as an editor or a deployment makes it.
*/
#include "net/folder.h"
#include "policy_rig.h"

static int no_inotify;

static void begin_folder(void)
{
    peri_options opt = {.no_inotify = no_inotify};
    folder_open();
    rig_open(&opt);
}

static void finish_folder(void)
{
    finish();
    folder_close();
}

static void write_policy(const char *text)
{
    char all[4096];
    snprintf(all, sizeof all, "local p = require 'perilune' %s", text);
    folder_write("P.lua", all);
}

static void load_file(void)
{
    int error = peri_load(peri, folder_path("P.lua"));
    CHECK_INT(error, 0);
    if (error != 0)
        printf("#    %s\n", peri_error(peri));
}

static void check_says(const char *want)
{
    chat();
    CHECK_STR(said(), want);
}

static bool load_says(const char *what)
{
    CHECK_INT(peri_load(peri, folder_path("P.lua")), PERI_EPOLICY);
    bool says = strstr(peri_error(peri), what) != NULL;
    if (!says)
        printf("#    %s\n", peri_error(peri));
    return says;
}

/* --- require -------------------------------------------------------------- */

static void a_module_beside_the_policy_is_found(void)
{
    begin_folder();
    folder_write("helpers.lua", "local name = ... "
                                "return { word = 'from ' .. name }");
    write_policy("return p.say(require 'helpers'.word)");
    load_file();
    check_says("from helpers");
    finish_folder();
}

static void a_folder_with_init_is_a_module(void)
{
    begin_folder();
    folder_make("helpers");
    folder_write("helpers/init.lua", "return 'init'");
    folder_write("helpers/deep.lua", "return 'deep'");
    write_policy("return p.say(require 'helpers' .. require 'helpers.deep')");
    load_file();
    check_says("initdeep");
    finish_folder();
}

static void a_file_shadows_a_folder(void)
{
    begin_folder();
    folder_make("helpers");
    folder_write("helpers/init.lua", "return 'init'");
    folder_write("helpers.lua", "return 'file'");
    write_policy("return p.say(require 'helpers')");
    load_file();
    check_says("file");
    finish_folder();
}

static void a_module_runs_once(void)
{
    begin_folder();
    folder_write("helpers.lua", "return {}");
    write_policy("assert(require 'helpers' == require 'helpers') "
                 "return p.say 'same'");
    load_file();
    check_says("same");
    finish_folder();
}

static void names_that_leave_the_folder_are_refused(void)
{
    static const char *const names[] = {"../x", "..", "/etc/passwd", "a/b",
                                        ".a",   "a.", "a..b",        ""};
    begin_folder();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char policy[128];
        snprintf(policy, sizeof policy, "local x = require '%s'", names[i]);
        write_policy(policy);
        CHECK(load_says("is not a module name"));
    }
    finish_folder();
}

static void what_is_missing_is_named_with_the_line(void)
{
    begin_folder();
    write_policy("\nlocal x = require 'helpers'");
    CHECK(load_says("P.lua:2: module 'helpers' not found"));
    finish_folder();
}

static void nobody_shadows_perilune(void)
{
    begin_folder();
    folder_make("perilune");
    folder_write("perilune.lua", "error 'shadow'");
    folder_write("perilune/core.lua", "error 'shadow'");
    folder_write("perilune/units.lua", "error 'shadow'");
    write_policy("return p.say(p.units.seconds '1m' .. '')");
    load_file();
    check_says("60");
    finish_folder();
}

static void a_module_lives_in_the_same_sandbox(void)
{
    begin_folder();
    folder_write("helpers.lua", "\nreturn os.time()");
    write_policy("return p.say(require 'helpers')");
    CHECK(load_says("helpers.lua:2: undefined variable 'os'"));
    folder_write("helpers.lua", "x = 1");
    CHECK(load_says("helpers.lua:1: undefined variable 'x' is assigned"));
    folder_write("helpers.lua", "\x1bLua");
    CHECK(load_says("binary chunk"));
    finish_folder();
}

static void require_belongs_into_the_load(void)
{
    begin_folder();
    folder_write("helpers.lua", "return 'x'");
    write_policy("return function(req)\n require 'helpers' end");
    load_file();
    chat();
    CHECK_INT(got.status, 500);
    CHECK(holds(log_field("policy_error", "message"),
                "P.lua:2: require \"helpers\" belongs"));
    finish_folder();
}

/* --- p.file --------------------------------------------------------------- */

static void a_file_beside_the_policy_is_read(void)
{
    begin_folder();
    folder_make("data");
    folder_write("data/faq.txt", "answers");
    write_policy("return p.say(p.file 'data/faq.txt')");
    load_file();
    check_says("answers");
    finish_folder();
}

static void p_file_stays_in_the_folder(void)
{
    static const char *const paths[] = {
        "../x", "/etc/passwd", "a/../../x", "..", "", "a\\0b"};
    begin_folder();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char policy[128];
        snprintf(policy, sizeof policy, "\nlocal x = p.file '%s'", paths[i]);
        write_policy(policy);
        CHECK(load_says("P.lua:2: file: cannot read"));
        if (strchr(paths[i], '\\') == NULL) /* else it ends the message */
            CHECK(holds(str_of(peri_error(peri)), "in the policy's folder"));
    }
    write_policy("\nlocal x = p.file 'none.txt'");
    CHECK(load_says("there is no such file"));
    finish_folder();
}

/* --- reload --------------------------------------------------------------- */

#define BOTH_WAYS(name)      \
    static void name(void)   \
    {                        \
        no_inotify = 0;      \
        name##_either_way(); \
        no_inotify = 1;      \
        name##_either_way(); \
        no_inotify = 0;      \
    }

static void an_edit_rules_the_next_request_either_way(void)
{
    begin_folder();
    write_policy("return p.say 'one'");
    load_file();
    check_says("one");
    write_policy("return p.say 'the second'");
    check_says("the second");
    folder_write("new.lua", "local p = require 'perilune' "
                            "return p.say 'third'");
    folder_rename("new.lua", "P.lua");
    check_says("third");
    finish_folder();
}
BOTH_WAYS(an_edit_rules_the_next_request)

static void an_edited_module_or_text_rules_too_either_way(void)
{
    begin_folder();
    folder_write("helpers.lua", "return 'a'");
    folder_write("faq.txt", "b");
    write_policy("return p.say(require 'helpers' .. p.file 'faq.txt')");
    load_file();
    check_says("ab");
    folder_write("helpers.lua", "return 'other'");
    check_says("otherb");
    folder_write("faq.txt", "text");
    check_says("othertext");
    finish_folder();
}
BOTH_WAYS(an_edited_module_or_text_rules_too)

static void a_new_file_that_shadows_rules_too_either_way(void)
{
    begin_folder();
    folder_make("helpers");
    folder_write("helpers/init.lua", "return 'init'");
    write_policy("return p.say(require 'helpers')");
    load_file();
    check_says("init");
    folder_write("helpers.lua", "return 'file'");
    check_says("file");
    folder_remove("helpers.lua");
    check_says("init");
    finish_folder();
}
BOTH_WAYS(a_new_file_that_shadows_rules_too)

static void a_swapped_link_rules_too_either_way(void)
{
    begin_folder();
    folder_make("v1");
    folder_make("v2");
    folder_write("v1/P.lua", "local p = require 'perilune' "
                             "return p.say(require 'h')");
    folder_write("v2/P.lua", "local p = require 'perilune' "
                             "return p.say('2' .. require 'h')");
    folder_write("v1/h.lua", "return 'one'");
    folder_write("v2/h.lua", "return 'two'");
    folder_link("current", "v1");
    CHECK_INT(peri_load(peri, folder_path("current/P.lua")), 0);
    check_says("one");
    folder_link("current", "v2");
    check_says("2two");
    finish_folder();
}
BOTH_WAYS(a_swapped_link_rules_too)

static void a_version_that_does_not_load_changes_nothing_either_way(void)
{
    begin_folder();
    write_policy("return p.say 'good'");
    load_file();
    check_says("good");
    write_policy("return function(");
    check_says("good");
    CHECK(log_field("policy_error", "message").n > 0);
    check_says("good");
    folder_remove("P.lua");
    check_says("good");
    write_policy("return p.say 'better'");
    check_says("better");
    finish_folder();
}
BOTH_WAYS(a_version_that_does_not_load_changes_nothing)

static void an_error_is_told_once(void)
{
    begin_folder();
    write_policy("return p.say 'good'");
    load_file();
    write_policy("return function(");
    chat();
    size_t told = logged.n;
    CHECK(log_field("policy_error", "message").n > 0);
    buf_clear(&logged);
    chat();
    CHECK(log_field("policy_error", "message").p == NULL);
    CHECK(told > 0);
    finish_folder();
}

static void who_began_on_a_version_ends_on_it(void)
{
    begin_folder();
    write_policy("return function(req) local w = 'old' "
                 "p.sleep(req.model == 'slow' and '30ms' or '0s') "
                 "return p.say(w) end");
    load_file();
    submit("{\"model\":\"slow\"," MESSAGES "}");
    peri_step(peri, 0);
    write_policy("return p.say 'new'");
    struct got slow = got;
    got = (struct got){0};
    chat();
    CHECK_STR(said(), "new");
    got_clear();
    got = slow;
    await_done();
    CHECK_STR(said(), "old");
    finish_folder();
}

static void a_version_has_a_name_in_header_and_log(void)
{
    begin_folder();
    write_policy("return p.say 'a'");
    load_file();
    chat();
    char first[16];
    str version = header("x-perilune-policy");
    CHECK_INT(version.n, 8);
    snprintf(first, sizeof first, "%.*s", STR_ARG(version));
    write_policy("return p.say 'b'");
    chat();
    CHECK(!str_eq(header("x-perilune-policy"), str_of(first)));
    write_policy("return p.say 'a'");
    chat();
    CHECK_STR(header("x-perilune-policy"), first);
    CHECK_STR(log_field("request", "policy_version"), first);
    finish_folder();
}

TESTS(a_module_beside_the_policy_is_found, a_folder_with_init_is_a_module,
      a_file_shadows_a_folder, a_module_runs_once,
      names_that_leave_the_folder_are_refused,
      what_is_missing_is_named_with_the_line, nobody_shadows_perilune,
      a_module_lives_in_the_same_sandbox, require_belongs_into_the_load,
      a_file_beside_the_policy_is_read, p_file_stays_in_the_folder,
      an_edit_rules_the_next_request, an_edited_module_or_text_rules_too,
      a_new_file_that_shadows_rules_too, a_swapped_link_rules_too,
      a_version_that_does_not_load_changes_nothing, an_error_is_told_once,
      who_began_on_a_version_ends_on_it, a_version_has_a_name_in_header_and_log)
