/*
** test_plain_url.c -- which urls are understood to the letter.
*/
#include "net/plain/plain_url.h"

#include "unit.h"

static void a_url_is_taken_apart(void)
{
    static const struct {
        const char *url, *authority, *host;
        int port;
        const char *path;
    } cases[] = {
        {"http://a.b/v1/chat", "a.b", "a.b", 80, "/v1/chat"},
        {"HTTP://a.b:8000/v1?x=y", "a.b:8000", "a.b", 8000, "/v1?x=y"},
        {"http://a.b:80/", "a.b", "a.b", 80, "/"},
        {"http://a.b:/", "a.b", "a.b", 80, "/"},
        {"http://a_b-1:65535", "a_b-1:65535", "a_b-1", 65535, ""},
        {"http://a?x", "a", "a", 80, "?x"},
        {"http://a/b#c?d", "a", "a", 80, "/b"},
        {"http://127.0.0.1:1/", "127.0.0.1:1", "127.0.0.1", 1, "/"},
        {"http://[::1]:1/", "[::1]:1", "::1", 1, "/"},
        {"http://[fe80::1]", "[fe80::1]", "fe80::1", 80, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plain_url t;
        CHECK(plain_url_parse(cases[i].url, &t));
        CHECK_STR(t.authority, cases[i].authority);
        CHECK_STR(t.host, cases[i].host);
        CHECK_INT(t.port, cases[i].port);
        CHECK_STR(t.path, cases[i].path);
    }
}

static void what_needs_interpretation_is_none(void)
{
    static const char *const urls[] = {
        "https://a/",        "ftp://a/",       "a/b",
        "http:/a",           "http://",        "http:///b",
        "http://u@a/",       "http://u:p@a/",  "http://a%20b/",
        "http://a:b/",       "http://a:0/",    "http://a:65536/",
        "http://a:1x/",      "http://a:-1/",   "http://[::1/",
        "http://[::1%25e]/", "http://[]/",     "http://a/ b",
        "http://a/\r\nb",    "http://a/\x7f",  "http://a/\xc3\xa4",
        "http://\xc3\xa4/",  "http://a\\b/",   "http://a b/",
        "http://[::1]x/",    "http://a:80:80/"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct plain_url t;
        bool taken = plain_url_parse(urls[i], &t);
        if (taken)
            printf("#    %s\n", urls[i]);
        CHECK(!taken);
    }
}

TESTS(a_url_is_taken_apart, what_needs_interpretation_is_none)
