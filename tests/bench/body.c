/*
** body.c -- a chat request of a given size.
**
** The message is prose with a quote and a line break now and then, so that a
** server which looks into the JSON meets escapes as it does in life.
*/
#include "body.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_prose(FILE *out, size_t n)
{
    static const char prose[] =
        "The pilot asked: \\\"how far is it to the near side?\\\"\\n"
        "Nobody answered at once, for it depends on the day. ";
    const size_t len = sizeof prose - 1;
    for (; n >= len; n -= len)
        fwrite(prose, 1, len, out);
    for (; n > 0; n--)
        fputc('.', out);
}

static void put_chat(FILE *out, const struct body *body)
{
    char before[256], pace[64] = "";
    static const char after[] = "\"}]}";
    if (body->pace_ms > 0)
        snprintf(pace, sizeof pace, "\"metadata\":{\"pace_ms\":\"%ld\"},",
                 body->pace_ms);
    int n = snprintf(before, sizeof before,
                     "{\"model\":\"gpt-4o\",\"temperature\":0.2,%s%s%s"
                     "\"messages\":[{\"role\":\"user\",\"content\":\"",
                     body->stream ? "\"stream\":true," : "",
                     body->stream && body->usage
                         ? "\"stream_options\":{\"include_usage\":true},"
                         : "",
                     pace);
    size_t frame = (size_t)n + sizeof after - 1;
    fputs(before, out);
    put_prose(out, body->size > frame ? body->size - frame : 0);
    fputs(after, out);
}

static void put_file(FILE *out, const char *name)
{
    char block[4096];
    FILE *in = fopen(name, "r");
    if (in == NULL)
        tool_die("%s", name);
    for (size_t n; (n = fread(block, 1, sizeof block, in)) > 0;)
        fwrite(block, 1, n, out);
    fclose(in);
}

/* The lines of a file, ended as HTTP ends them. */
static void put_lines(FILE *out, const char *name)
{
    char line[1024];
    FILE *in = fopen(name, "r");
    if (in == NULL)
        tool_die("%s", name);
    while (fgets(line, sizeof line, in) != NULL)
        fprintf(out, "%.*s\r\n", (int)strcspn(line, "\r\n"), line);
    fclose(in);
}

/* The gateway gave it out; the other servers are sent the same bytes. */
static const char *client_key(void)
{
    const char *key = getenv("BENCH_CLIENT_KEY");
    return key != NULL ? key : "bench";
}

char *body_request(const struct body *body, size_t *len)
{
    char *content, *request;
    size_t content_len;
    FILE *out = open_memstream(&content, &content_len);
    if (body->file != NULL)
        put_file(out, body->file);
    else
        put_chat(out, body);
    fclose(out);

    out = open_memstream(&request, len);
    fprintf(out,
            "POST %s HTTP/1.1\r\n"
            "host: bench.invalid\r\n"
            "user-agent: perilune-bench\r\n"
            "accept: application/json\r\n"
            "content-type: application/json\r\n"
            "authorization: Bearer %s\r\n"
            "content-length: %zu\r\n",
            body->path, client_key(), content_len);
    if (body->more != NULL)
        put_lines(out, body->more);
    fputs("\r\n", out);
    fwrite(content, 1, content_len, out);
    fclose(out);
    free(content);
    return request;
}
