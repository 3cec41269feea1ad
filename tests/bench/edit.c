/*
** edit.c -- the two ways in which editors save: into the file itself, or
** beside it with a rename at the end. A gateway that watches its policy must
** survive both.
*/
#include "edit.h"
#include "tool.h"

#include <stdio.h>

void edit_open(struct edit *edit, const char *path)
{
    *edit = (struct edit){.path = path};
    snprintf(edit->fresh, sizeof edit->fresh, "%s.fresh", path);
    FILE *in = fopen(path, "r");
    FILE *out = open_memstream(&edit->text, &edit->len);
    if (in == NULL || out == NULL)
        tool_die("%s", path);
    for (int c; (c = fgetc(in)) != EOF;)
        fputc(c, out);
    fclose(in);
    fclose(out);
}

static void save(struct edit *edit, const char *path)
{
    FILE *out = fopen(path, "w");
    if (out == NULL)
        tool_die("%s", path);
    fwrite(edit->text, 1, edit->len, out);
    fprintf(out, "-- version %ld\n", ++edit->saved);
    if (fclose(out) != 0)
        tool_die("%s", path);
}

void edit_replace(struct edit *edit)
{
    save(edit, edit->fresh);
    if (rename(edit->fresh, edit->path) != 0)
        tool_die("%s", edit->path);
}

void edit_in_place(struct edit *edit)
{
    save(edit, edit->path);
}
