/*
** http_reasons.h -- what we take and another parser refuses, each with why.
** Private to fuzz_http.c.
*/
#ifndef TESTS_FUZZ_HTTP_REASONS_H
#define TESTS_FUZZ_HTTP_REASONS_H

/* The parsers know a list of methods, some of them for RTSP alone; we know any
** token (RFC 9110 9.1). What we cannot serve is answered 405, and not taken for
** a broken message. */
static bool method_is_unusual(str message)
{
    static const char *const usual[] = {"GET",    "POST",    "PUT",   "HEAD",
                                        "DELETE", "OPTIONS", "PATCH", "TRACE"};
    if (str_starts(message, STR("\r\n")))
        message = str_from(message, 2);
    str method = {message.p, str_find(message, ' ')};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (str_eq(method, str_of(usual[i])))
            return false;
    return true;
}

/* The extensions of each chunk of a message that we took, one by one. */
static bool any_extension(str message, bool (*is)(str extension))
{
    const char *body = memmem(message.p, message.n, "\r\n\r\n", 4);
    str rest = str_from(message, (size_t)(body + 4 - message.p));
    for (;;) {
        str line = {rest.p, str_find(rest, '\r')};
        size_t size = strtoull(line.p, NULL, 16), digits = 0;
        while (digits < line.n &&
               strchr("0123456789abcdefABCDEF", line.p[digits]) != NULL)
            digits++;
        if (is(str_from(line, digits)))
            return true;
        if (size == 0)
            return false;
        rest = str_from(rest, line.n + 2 + size + 2);
    }
}

static bool is_chunked(str message)
{
    return http_parse(&head, message) > 0 && head.chunked;
}

/* RFC 9112 7.1.1 allows blanks around the ';' and '=' of an extension. */
static bool has_blank(str extension)
{
    return str_find(extension, ' ') < extension.n ||
           str_find(extension, '\t') < extension.n;
}

static bool extension_has_blanks(str message)
{
    return is_chunked(message) && any_extension(message, has_blank);
}

/* A value may have tabs around it (RFC 9110 5.6.3). */
static bool has_tab(str value)
{
    const char *from = value.p, *to = value.p + value.n;
    if (value.p == NULL)
        return false;
    while (from[-1] == ' ')
        from--;
    while (*to == ' ')
        to++;
    return from[-1] == '\t' || *to == '\t';
}

/* Around the items of a list too. */
static bool list_has_tab(str value)
{
    return has_tab(value) || str_find(value, '\t') < value.n;
}

static bool framing_has_tab(str message)
{
    int n = http_parse(&head, message);
    for (int i = 0; n > 0 && i < head.fields_n; i++) {
        str name = head.fields[i].name;
        if (list_has_tab(head.fields[i].value) &&
            (str_eq_nocase(name, STR("transfer-encoding")) ||
             str_eq_nocase(name, STR("content-length")) ||
             str_eq_nocase(name, STR("connection"))))
            return true;
    }
    return false;
}

/* Proxy-Connection is no field of HTTP; they close on it. They also read what
** is said of the connection in trailers, where it means nothing. */
static bool is_said_aside(str message)
{
    int n = http_parse(&head, message);
    if (n > 0 && http_field(&head, STR("proxy-connection")).p != NULL)
        return true;
    for (str rest = str_from(message, (size_t)n); rest.p != NULL;) {
        str line = str_split(&rest, '\n');
        str name = {line.p, str_find(line, ':')};
        if (str_eq_nocase(name, STR("connection")) ||
            str_eq_nocase(name, STR("proxy-connection")))
            return true;
    }
    return false;
}

/* http_parser 2.9.4 stops comparing at the end of the name it looks for. */
static bool name_begins_as_coding(str message)
{
    const str coding = STR("transfer-encoding");
    int n = http_parse(&head, message);
    for (int i = 0; n > 0 && i < head.fields_n; i++) {
        str name = head.fields[i].name;
        if (name.n > coding.n && str_eq_nocase((str){name.p, coding.n}, coding))
            return true;
    }
    return false;
}

/* The same has quoted pairs in a quoted value: llhttp takes '\"' for its end,
** and nothing past ASCII behind a backslash. */
static bool has_quoted_pair(str extension)
{
    return str_find(extension, '\\') < extension.n;
}

static bool extension_has_quoted_pair(str message)
{
    return is_chunked(message) && any_extension(message, has_quoted_pair);
}

/* llhttp 8.1.0 wants a chunk's line to end behind an extension that has a
** value; the grammar has any number of them. */
static bool has_one_more(str extension)
{
    str value = str_from(extension, str_find(extension, '='));
    return str_find(value, ';') < value.n;
}

static bool extension_has_one_more(str message)
{
    return is_chunked(message) && any_extension(message, has_one_more);
}

#define CHUNKED \
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

#define TWO                                                    \
    "GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n" \
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"

static const struct reason reasons[] = {
    {"llhttp", "HPE_CLOSED_CONNECTION", "Proxy-Connection in the one before",
     is_said_aside, TWO},
    {"llhttp", "HPE_CLOSED_CONNECTION", "a tab behind keep-alive",
     framing_has_tab,
     "GET / HTTP/1.0\r\nConnection: keep-alive\t\r\n\r\n"
     "GET / HTTP/1.0\r\n\r\n"},
    {"llhttp", "HPE_CLOSED_CONNECTION", "a tab within a list", framing_has_tab,
     "GET / HTTP/1.0\r\nConnection: keep-alive\t,\r\n\r\n"
     "GET / HTTP/1.0\r\n\r\n"},
    {"llhttp", "HPE_CLOSED_CONNECTION", "a trailer Connection: close",
     is_said_aside,
     CHUNKED "0\r\nConnection: close\r\n\r\n"
             "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"llhttp", "HPE_INVALID_TRANSFER_ENCODING", "a tab behind the coding",
     framing_has_tab,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\t\r\n"
     "\r\n0\r\n\r\n"},
    {"llhttp", NULL, "a method it does not know, or not for HTTP",
     method_is_unusual, "QUERY / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"http_parser", NULL, "a method it does not know", method_is_unusual,
     "QUERY / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"http_parser", "HPE_INVALID_TRANSFER_ENCODING", "a tab behind the coding",
     framing_has_tab,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\t\r\n"
     "\r\n0\r\n\r\n"},
    {"llhttp", "HPE_INVALID_CONTENT_LENGTH", "a tab behind the length",
     framing_has_tab,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\t\r\n\r\n"},
    {"http_parser", "HPE_INVALID_CONTENT_LENGTH", "a tab behind the length",
     framing_has_tab,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\t\r\n\r\n"},
    {"http_parser", "HPE_INVALID_TRANSFER_ENCODING",
     "a field that it mistakes for Transfer-Encoding", name_begins_as_coding,
     "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding9: x\r\n\r\n"},
    {"http_parser", "HPE_UNEXPECTED_CONTENT_LENGTH",
     "a field that it mistakes for Transfer-Encoding", name_begins_as_coding,
     "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
     "Transfer-Encoding9: x\r\n\r\n"},
    {"http_parser", "HPE_INVALID_CHUNK_SIZE", "a tab before an extension",
     extension_has_blanks, CHUNKED "2\t;a\r\n{}\r\n0\r\n\r\n"},
    {"llhttp", "HPE_INVALID_CHUNK_SIZE", "blanks before an extension",
     extension_has_blanks, CHUNKED "2 ;a\r\n{}\r\n0\r\n\r\n"},
    {"llhttp", "HPE_STRICT", "blanks within an extension", extension_has_blanks,
     CHUNKED "2;a =b\r\n{}\r\n0\r\n\r\n"},
    {"llhttp", "HPE_INVALID_CHUNK_SIZE", "an extension behind one with a value",
     extension_has_one_more, CHUNKED "2;a=b;c\r\n{}\r\n0\r\n\r\n"},
    {"llhttp", "HPE_INVALID_CHUNK_SIZE", "a quoted pair in an extension",
     extension_has_quoted_pair,
     CHUNKED "2;a=b;c=\"d;\\\"e\"\r\n{}\r\n0\r\n\r\n"},
    {"llhttp", "HPE_STRICT", "a quoted pair in an extension",
     extension_has_quoted_pair, CHUNKED "2;a=\"\\\"b\"\r\n{}\r\n0\r\n\r\n"},
};

#endif
