/*
** http_stream.c -- the list of messages that a parser reports in pieces.
*/
#include "http_oracle.h"

void http_stream_init(struct http_stream *s, size_t n)
{
    *s = (struct http_stream){.n = 0};
    for (int i = 0; i < HTTP_MESSAGES; i++)
        buf_init(&s->at[i].text, 2 * n + 64);
}

void http_stream_fini(struct http_stream *s)
{
    for (int i = 0; i < HTTP_MESSAGES; i++)
        buf_fini(&s->at[i].text);
}

struct http_message *http_stream_last(struct http_stream *s)
{
    return &s->at[s->n - 1];
}

void http_stream_begin(struct http_stream *s)
{
    s->n++;
    s->value_open = false;
}

void http_stream_line(struct http_stream *s, str method, str target)
{
    struct buf *text = &http_stream_last(s)->text;
    buf_add(text, method);
    buf_byte(text, ' ');
    buf_add(text, target);
    buf_byte(text, '\n');
}

/* A value ends where the next name begins; white space at its end is none of
** it (RFC 9112 5.1), which not every parser removes. */
static void close_value(struct http_stream *s)
{
    struct buf *text = &http_stream_last(s)->text;
    if (!s->value_open)
        return;
    s->value_open = false;
    while (text->n > s->value_from &&
           (text->p[text->n - 1] == ' ' || text->p[text->n - 1] == '\t'))
        text->n--;
    buf_byte(text, '\n');
}

void http_stream_name(struct http_stream *s, str piece)
{
    close_value(s);
    buf_add(&http_stream_last(s)->text, piece);
}

void http_stream_value(struct http_stream *s, str piece)
{
    struct buf *text = &http_stream_last(s)->text;
    if (!s->value_open) {
        buf_byte(text, ':');
        s->value_open = true;
        s->value_from = text->n;
    }
    buf_add(text, piece);
}

void http_stream_headed(struct http_stream *s)
{
    close_value(s);
    buf_byte(&http_stream_last(s)->text, '\n');
}

void http_stream_end(struct http_stream *s, size_t end)
{
    http_stream_last(s)->complete = true;
    http_stream_last(s)->end = end;
}
