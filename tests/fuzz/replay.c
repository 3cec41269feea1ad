/*
** replay.c -- a fuzz target as a plain test: every file of the folders given
** is fed to it once, in memory of just its size. "at FILE" is printed before,
** so that the last such line names what stopped it.
*/
#include <dirent.h>

#include "fuzz.h"

#define LARGEST (1 << 20)

static void feed(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *room = malloc(LARGEST);
    MUST(file != NULL && room != NULL);
    size_t n = fread(room, 1, LARGEST, file);
    fclose(file);
    uint8_t *exact = malloc(n > 0 ? n : 1);
    MUST(exact != NULL);
    memcpy(exact, room, n);
    free(room);
    printf("at %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static int shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct dirent **files;
        int n = scandir(argv[i], &files, shown, alphasort);
        MUST(n > 0);
        for (int f = 0; f < n; f++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], files[f]->d_name);
            feed(path);
            free(files[f]);
        }
        free(files);
    }
    return 0;
}
