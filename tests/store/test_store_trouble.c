/*
** test_store_trouble.c -- folders that are not what they should be, and those
** that another process has.
**
** Each is told in words, and none ends the process. What needs a process of its
** own runs in a child.
*/
#include "store/trouble_rig.h"

#include <signal.h>

/* Spoil the head of each page that holds a text. */
static void spoil_page_with(const char *text)
{
    char page[PAGE];
    int fd = open(folder_path("store/data.mdb"), O_RDWR);
    for (off_t at = 0; pread(fd, page, PAGE, at) == PAGE; at += PAGE)
        if (memmem(page, PAGE, text, strlen(text)) != NULL)
            CHECK_INT(pwrite(fd, "spoilt", 6, at), 6);
    close(fd);
}

/* --- folders --------------------------------------------------------------- */

static void a_path_that_is_a_file_is_told(void)
{
    rig_open();
    rig_close_shut();
    folder_write("file", "hello");
    options.path = folder_path("file");
    CHECK_INT(store_open(&store, &options, &why), STORE_FOLDER);
    CHECK(strstr(why.text, "Not a directory") != NULL);
    options.path = folder_path("none/none");
    CHECK_INT(store_open(&store, &options, &why), STORE_FOLDER);
    CHECK(strstr(why.text, "whose parent is there") != NULL);
    rig_close();
}

static void looking_where_nothing_was_stored_yet_is_told_so(void)
{
    rig_open();
    rig_close_shut();
    options.read_only = true;
    options.path = folder_path("none");
    CHECK_INT(store_open(&store, &options, &why), STORE_ABSENT);
    CHECK(strstr(why.text, "nothing is stored there yet") != NULL);
    CHECK_INT(mkdir(folder_path("empty"), 0700), 0);
    options.path = folder_path("empty");
    CHECK_INT(store_open(&store, &options, &why), STORE_ABSENT);
    options.read_only = false;
    rig_close();
}

static bool opens_as_nobody(void)
{
    return setgid(65534) == 0 && setuid(65534) == 0 &&
           open_again() == STORE_READ_ONLY &&
           strstr(why.text, "let the user that runs this write") != NULL;
}

static void a_folder_that_may_not_be_written_is_told(void)
{
    rig_open();
    rig_close_shut();
    CHECK_INT(chmod(folder_path("."), 0755), 0);
    CHECK_INT(chmod(folder_path("store"), 0555), 0);
    if (getuid() == 0)
        CHECK(in_child(opens_as_nobody));
    else
        CHECK_INT(chmod(folder_path("store/perilune.lock"), 0400), 0);
    if (getuid() != 0)
        refused(STORE_READ_ONLY, "let the user that runs this write");
    CHECK_INT(chmod(folder_path("store"), 0755), 0);
    CHECK_INT(chmod(folder_path("store/perilune.lock"), 0600), 0);
    rig_close();
}

static bool is_busy(void)
{
    char pid[32];
    snprintf(pid, sizeof pid, "process %d", (int)getppid());
    return open_again() == STORE_BUSY && strstr(why.text, pid) != NULL;
}

static bool looks_while_busy(void)
{
    options.read_only = true;
    return open_again() == STORE_OK && has("a", "x") &&
           put("b", "y") == STORE_READ_ONLY;
}

static void a_second_process_may_look_and_not_write(void)
{
    int go[2];
    char byte;
    folder_open();
    options = (struct store_options){.path = folder_path("store")};
    CHECK_INT(pipe(go), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        bool kept =
            read(go[0], &byte, 1) == 1 && is_busy() && looks_while_busy();
        _exit(kept ? 0 : 1);
    }
    CHECK_INT(open_again(), STORE_OK);
    put("a", "x");
    CHECK_INT(write(go[1], "x", 1), 1);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_INT(status, 0);
    close(go[0]);
    close(go[1]);
    rig_close();
}

/* What is being written is not looked through: it would never be whole. A page
** that is spoilt, of another table, stands for one that changes meanwhile. */
static void a_store_that_is_written_is_not_looked_through(void)
{
    int go[2];
    char byte;
    struct batch b;
    folder_open();
    options = (struct store_options){.path = folder_path("store")};
    CHECK_INT(pipe(go), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(read(go[0], &byte, 1) == 1 && looks_while_busy() ? 0 : 1);
    CHECK_INT(open_again(), STORE_OK);
    put("a", "x");
    batch_init(&b, 0);
    batch_put(&b, STR("other"), STR("a"), STR("to be spoilt"), STAY);
    CHECK_INT(store_write(store, &b), STORE_OK);
    batch_fini(&b);
    spoil_page_with("to be spoilt");
    CHECK_INT(write(go[1], "x", 1), 1);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_INT(status, 0);
    close(go[0]);
    close(go[1]);
    rig_close_shut();
    refused(STORE_DAMAGED, "not what it should be");
    rig_close();
}

static bool the_parents_store_is_refused(void)
{
    struct batch b;
    batch_init(&b, 0);
    batch_put(&b, STR("t"), STR("b"), STR("y"), STAY);
    bool told = store_commit(store, &b) == STORE_FORKED;
    struct store_stat stat;
    told = told && store_stat(store, &stat) == STORE_FORKED;
    told = told && store_open(&store, &options, &why) == STORE_FORKED;
    batch_fini(&b);
    return told;
}

static void a_child_is_told_that_the_store_is_its_parents(void)
{
    rig_open();
    put("a", "x");
    CHECK(in_child(the_parents_store_is_refused));
    CHECK(has("a", "x"));
    CHECK_INT(put("b", "y"), STORE_OK);
    rig_close();
}

/* Says that it lives, and lives on for a while. */
static void outlive(int to)
{
    int me = (int)getpid();
    alarm(60);
    close(STDOUT_FILENO);
    if (write(to, &me, sizeof me) == sizeof me)
        for (;;)
            pause();
    _exit(1);
}

/* The writer is killed; its child lives on. */
static void a_lock_is_never_stale(void)
{
    int said[2], heir = 0;
    folder_open();
    options = (struct store_options){.path = NULL};
    CHECK_INT(pipe(said), 0);
    fflush(stdout);
    pid_t writer = fork();
    if (writer == 0) {
        if (open_again() != STORE_OK || put("a", "x") != STORE_OK)
            _exit(1);
        if (fork() == 0)
            outlive(said[1]);
        for (;;)
            pause();
    }
    close(said[1]);
    CHECK_INT(read(said[0], &heir, sizeof heir), sizeof heir);
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    CHECK_INT(open_again(), STORE_OK);
    if (heir > 0)
        kill(heir, SIGKILL);
    CHECK(store != NULL && has("a", "x"));
    close(said[0]);
    rig_close();
}

static void a_folder_is_one_store_by_whatever_name(void)
{
    struct store *other;
    rig_open();
    put("a", "x");
    folder_link("alias", "store");
    struct store_options by = {.path = folder_path("alias")};
    CHECK_INT(store_open(&other, &by, &why), STORE_OK);
    CHECK(other == store);
    store_close(other);
    CHECK(has("a", "x"));
    rig_close();
}

TESTS(a_path_that_is_a_file_is_told,
      looking_where_nothing_was_stored_yet_is_told_so,
      a_folder_that_may_not_be_written_is_told,
      a_second_process_may_look_and_not_write,
      a_store_that_is_written_is_not_looked_through,
      a_child_is_told_that_the_store_is_its_parents, a_lock_is_never_stale,
      a_folder_is_one_store_by_whatever_name)
