/*
** answer.c -- a reply reader that believes nothing and copies little.
**
** The head is gathered until its empty line; the body is counted, never kept,
** save its last bytes: they show whether a stream reached its [DONE].
*/
#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void answer_begin(struct answer *a)
{
    *a = (struct answer){.state = ANSWER_HEAD, .left = -1};
}

bool answer_ends_with(const struct answer *a, const char *text)
{
    size_t n = strlen(text);
    return n <= sizeof a->tail && a->body >= (int64_t)n &&
           memcmp(a->tail + sizeof a->tail - n, text, n) == 0;
}

bool answer_has_token(const char *p, size_t n)
{
    static const char token[] = "\"content\":\" w";
    return memmem(p, n, token, sizeof token - 1) != NULL;
}

static void keep_tail(struct answer *a, const char *p, size_t n)
{
    size_t room = sizeof a->tail;
    if (n >= room) {
        memcpy(a->tail, p + n - room, room);
        return;
    }
    memmove(a->tail, a->tail + n, room - n);
    memcpy(a->tail + room - n, p, n);
}

/* --- the head ------------------------------------------------------------- */

static bool line_is(const char *line, const char *start)
{
    return strncasecmp(line, start, strlen(start)) == 0;
}

static void read_field(struct answer *a, const char *line, bool *chunked)
{
    if (line_is(line, "content-length:"))
        a->left = strtoll(line + 15, NULL, 10);
    else if (line_is(line, "transfer-encoding: chunked"))
        *chunked = true;
    else if (line_is(line, "connection: close"))
        a->closes = true;
}

static enum answer_state after_head(struct answer *a)
{
    bool chunked = false;
    if (!line_is(a->head, "HTTP/1.1 "))
        return ANSWER_BROKEN;
    a->status = (int)strtol(a->head + 9, NULL, 10);
    for (const char *at = strchr(a->head, '\n'); at != NULL;
         at = strchr(at, '\n'))
        read_field(a, ++at, &chunked);
    if (chunked)
        return ANSWER_CHUNK_SIZE;
    if (a->left < 0)
        return ANSWER_BROKEN;
    return a->left == 0 ? ANSWER_WHOLE : ANSWER_BODY;
}

static size_t feed_head(struct answer *a, const char *p, size_t n)
{
    size_t had = a->head_len, room = sizeof a->head - 1 - had;
    size_t more = n < room ? n : room;
    memcpy(a->head + had, p, more);
    a->head_len += more;
    a->head[a->head_len] = '\0';

    char *end = strstr(a->head, "\r\n\r\n");
    if (end == NULL) {
        if (more == room)
            a->state = ANSWER_BROKEN;
        return more;
    }
    end[2] = '\0';
    size_t used = (size_t)(end - a->head) + 4 - had;
    a->left = -1;
    a->state = after_head(a);
    return used;
}

/* --- the body ------------------------------------------------------------- */

static size_t feed_data(struct answer *a, const char *p, size_t n)
{
    size_t part = (int64_t)n < a->left ? n : (size_t)a->left;
    keep_tail(a, p, part);
    a->body += (int64_t)part;
    a->left -= (int64_t)part;
    if (a->left == 0)
        a->state = a->state == ANSWER_BODY ? ANSWER_WHOLE : ANSWER_CHUNK_END;
    return part;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void size_line_ended(struct answer *a)
{
    if (a->line == 0)
        a->state = ANSWER_BROKEN;
    else
        a->state = a->left > 0 ? ANSWER_CHUNK_DATA : ANSWER_TRAILER;
    a->line = 0;
    a->sized = false;
}

/* One byte of a chunk's first line: its size, and what we skip after it. */
static void size_byte(struct answer *a, char c)
{
    if (c == '\n') {
        size_line_ended(a);
        return;
    }
    if (c == '\r' || c == ';')
        a->sized = true;
    if (a->sized)
        return;
    int digit = hex(c);
    if (digit < 0 || a->line >= 15) {
        a->state = ANSWER_BROKEN;
        return;
    }
    a->left = (a->line++ == 0 ? 0 : a->left * 16) + digit;
}

/* One byte of the line end after a chunk, or of a trailer. */
static void line_byte(struct answer *a, char c)
{
    if (c == '\n') {
        if (a->state == ANSWER_CHUNK_END)
            a->state = ANSWER_CHUNK_SIZE;
        else if (a->line == 0)
            a->state = ANSWER_WHOLE;
        a->line = 0;
    } else if (c != '\r') {
        a->line++;
        if (a->state == ANSWER_CHUNK_END)
            a->state = ANSWER_BROKEN;
    }
}

enum answer_state answer_feed(struct answer *a, const char *p, size_t n)
{
    while (n > 0 && a->state != ANSWER_BROKEN) {
        size_t used = 1;
        if (a->state == ANSWER_HEAD)
            used = feed_head(a, p, n);
        else if (a->state == ANSWER_BODY || a->state == ANSWER_CHUNK_DATA)
            used = feed_data(a, p, n);
        else if (a->state == ANSWER_CHUNK_SIZE)
            size_byte(a, *p);
        else if (a->state == ANSWER_WHOLE)
            a->state = ANSWER_BROKEN;
        else
            line_byte(a, *p);
        p += used;
        n -= used;
    }
    return a->state;
}
