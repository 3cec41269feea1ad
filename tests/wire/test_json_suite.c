/*
** test_json_suite.c -- every text in tests/data/json is judged by its name.
*/
#include "unit.h"

#include <dirent.h>

#include "wire/json.h"

#define FOLDER "tests/data/json/"

/* One file's bytes, in memory that ends where they do. */
static str read_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *in = fopen(path, "rb");
    CHECK(in != NULL);
    if (in == NULL)
        return STR_NONE;
    fseek(in, 0, SEEK_END);
    size_t n = (size_t)ftell(in);
    char *p = mem_alloc(n);
    rewind(in);
    CHECK_INT(fread(p, 1, n, in), n);
    fclose(in);
    return (str){p, n};
}

/* Judge all files whose names begin so: how many there were. */
static int judge(const char *prefix, bool good)
{
    struct dirent *entry;
    struct json_error error;
    int n = 0;
    DIR *folder = opendir(FOLDER);
    CHECK(folder != NULL);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        str text = read_file(entry->d_name);
        bool ok = json_check(text, &error);
        if (ok != good)
            printf("#    %s: %s\n", entry->d_name, ok ? "ok" : error.what);
        CHECK_INT(ok, good);
        mem_free((void *)(size_t)text.p);
        n++;
    }
    if (folder != NULL)
        closedir(folder);
    return n;
}

static void what_is_json_is_accepted(void)
{
    CHECK(judge("y_", true) >= 108);
}

static void what_is_not_is_refused(void)
{
    CHECK(judge("n_", false) >= 290);
}

static void what_the_standard_leaves_open_is_decided(void)
{
    CHECK(judge("i_y_", true) >= 8);
    CHECK(judge("i_n_", false) >= 6);
}

TESTS(what_is_json_is_accepted, what_is_not_is_refused,
      what_the_standard_leaves_open_is_decided)
