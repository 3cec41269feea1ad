/*
** main.c -- the `perilune` program.
**
** It is an embedding program like any other: it sees perilune.h and nothing
** else of ours. `serve` is here, because it is threads and signals; every
** other subcommand is a Lua module that the library runs.
*/
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/harden.h"
#include "gate/serve.h"
#include "perilune.h"

static void print(void *user, int stream, const char *text, size_t len)
{
    (void)user;
    fwrite(text, 1, len, stream == 2 ? stderr : stdout);
}

/* As https://no-color.org has it. */
static int shows_colour(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no == NULL || *no == '\0') &&
           term != NULL && strcmp(term, "dumb") != 0;
}

/* A variable that is empty says nothing. */
static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* What could not be printed was not done. */
static int printed(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "perilune: standard output cannot be written\n");
    return status != 0 ? status : 1;
}

int command(const char *name, int argc, char **argv)
{
    peri_terminal terminal = {.size = sizeof terminal,
                              .library = getenv("PERILUNE_LIBRARY"),
                              .store = setting("PERILUNE_STORE"),
                              .out = print,
                              .colour = shows_colour()};
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return peri_command("help", 1, (char *[]){(char *)name}, &terminal);
    return printed(peri_command(name, argc, argv, &terminal));
}

static int version(int argc, char **argv)
{
    if (argc > 0 && argv[0][0] == '-')
        return command("version", argc, argv);
    if (argc > 0) {
        fprintf(stderr, "perilune version: takes no '%s'\n", argv[0]);
        return 2;
    }
    printf("perilune %s\n", peri_version());
    return 0;
}

/* Those that are written in Lua. */
static bool in_lua(const char *name)
{
    static const char *const names[] = {"check", "test",   "store", "keys",
                                        "usage", "prices", "help"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";
    harden_stdio();
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "serve") == 0)
        return serve(argc - 2, argv + 2);
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0)
        return version(argc - 2, argv + 2);
    if (in_lua(name))
        return command(name, argc > 2 ? argc - 2 : 0, argv + 2);
    fprintf(stderr,
            "perilune: there is no subcommand '%s'; see perilune "
            "help\n",
            name);
    return 2;
}
