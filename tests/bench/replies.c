/*
** replies.c -- the mock's replies, as bytes ready for the wire.
**
** The mock is the floor of every measurement, so it composes nothing while
** it serves: each reply it can give is built here, once.
*/
#include "replies.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

#define CHUNK                                                      \
    "data: {\"id\":\"chatcmpl-Bench0123456789abcdef\",\"object\":" \
    "\"chat.completion.chunk\",\"created\":1700000000,"            \
    "\"model\":\"gpt-4o-2024-08-06\",\"choices\":["

static FILE *begin(struct reply *reply)
{
    FILE *out = open_memstream(&reply->bytes, &reply->len);
    if (out == NULL)
        tool_die("open_memstream");
    return out;
}

/* Whatever was written since the last mark becomes one part. */
static void mark(struct reply *reply, FILE *out)
{
    fflush(out);
    reply->marks =
        tool_grow(reply->marks, (reply->parts + 1) * sizeof *reply->marks);
    reply->marks[reply->parts++] = reply->len;
}

static void finish(struct reply *reply, FILE *out)
{
    mark(reply, out);
    fclose(out);
}

static void put_whole(FILE *out, const char *status, const char *body)
{
    fprintf(out,
            "HTTP/1.1 %s\r\n"
            "content-type: application/json\r\n"
            "content-length: %zu\r\n"
            "\r\n%s",
            status, strlen(body), body);
}

struct reply replies_whole(size_t size)
{
    static const char before[] =
        "{\"id\":\"chatcmpl-Bench0123456789abcdef\","
        "\"object\":\"chat.completion\",\"created\":1700000000,"
        "\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,"
        "\"message\":{\"role\":\"assistant\",\"content\":\"";
    static const char after[] =
        "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":200,\"completion_tokens\":100,"
        "\"total_tokens\":300,\"prompt_tokens_details\":{"
        "\"cached_tokens\":0}}}";
    static const char words[] = "All the moons of one planet keep time. ";
    struct reply body = {0}, reply = {0};
    FILE *text = begin(&body);
    fputs(before, text);
    for (size_t n = sizeof before + sizeof after; n < size; n++)
        fputc(words[n % (sizeof words - 1)], text);
    fputs(after, text);
    finish(&body, text);

    FILE *out = begin(&reply);
    put_whole(out, "200 OK", body.bytes);
    finish(&reply, out);
    return reply;
}

struct reply replies_error(const char *status)
{
    struct reply reply = {0};
    FILE *out = begin(&reply);
    put_whole(out, status,
              "{\"error\":{\"message\":\"the mock does not serve this\","
              "\"type\":\"invalid_request_error\",\"param\":null,"
              "\"code\":null}}");
    finish(&reply, out);
    return reply;
}

/* One event in one HTTP chunk. */
static void put_event(FILE *out, const char *text)
{
    fprintf(out, "%zx\r\n%s\r\n", strlen(text), text);
}

static void put_content(FILE *out, size_t i)
{
    char event[512];
    snprintf(event, sizeof event,
             CHUNK "{\"index\":0,\"delta\":{\"content\":\" w%03zu\"},"
                   "\"logprobs\":null,\"finish_reason\":null}]}\n\n",
             i);
    put_event(out, event);
}

static void put_ending(FILE *out, int usage)
{
    put_event(out, CHUNK "{\"index\":0,\"delta\":{},\"logprobs\":null,"
                         "\"finish_reason\":\"stop\"}]}\n\n");
    if (usage)
        put_event(out, CHUNK "],\"usage\":{\"prompt_tokens\":200,"
                             "\"completion_tokens\":200,"
                             "\"total_tokens\":400}}\n\n");
    put_event(out, "data: [DONE]\n\n");
    fputs("0\r\n\r\n", out);
}

struct reply replies_stream(size_t events, int usage)
{
    struct reply reply = {0};
    FILE *out = begin(&reply);
    fputs("HTTP/1.1 200 OK\r\n"
          "content-type: text/event-stream; charset=utf-8\r\n"
          "cache-control: no-cache\r\n"
          "transfer-encoding: chunked\r\n"
          "\r\n",
          out);
    put_event(out, CHUNK "{\"index\":0,\"delta\":{\"role\":\"assistant\","
                         "\"content\":\"\"},\"logprobs\":null,"
                         "\"finish_reason\":null}]}\n\n");
    mark(&reply, out);
    for (size_t i = 0; i < events; i++) {
        put_content(out, i);
        mark(&reply, out);
    }
    put_ending(out, usage);
    finish(&reply, out);
    return reply;
}
