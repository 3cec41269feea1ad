/*
** lookalike.c -- names that another program may take for ours.
**
** To us "Model" is a field like any other. A provider whose decoder passes over
** the case of names (Go's does, and takes the long s and the Kelvin sign for
** letters, too) reads it as the model, and so would run what no policy has
** seen. So a name that becomes one of those we look at, when it is folded that
** way, is refused.
*/
#include "serve/inner.h"

#include "base/defence.h"

#define LONGEST 24 /* bytes; more than any name below */

const char *const lookalike_body[] = {
    "model",          "messages",   "stream",
    "stream_options", "max_tokens", "max_completion_tokens",
    "tools",          "user",       "api_key",
    "api_base",       "base_url",   "extra_body",
    "extra_headers",  "perilune",   NULL};

const char *const lookalike_message[] = {"role", "content", "tool_calls", NULL};

const char *const lookalike_part[] = {"type", "text", NULL};

/* Can it be folded at all? Names are nearly always in small letters. */
static bool folds(str raw)
{
    for (size_t i = 0; i < raw.n; i++) {
        unsigned char c = (unsigned char)raw.p[i];
        if ((c >= 'A' && c <= 'Z') || c == '\\' || c >= 0x80)
            return true;
    }
    return false;
}

/* Fold n bytes in place; how many are left. */
static size_t fold(char *s, size_t n)
{
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        str rest = {s + i, n - i};
        char c = s[i];
        if (str_starts(rest, STR("\xc5\xbf"))) { /* U+017F */
            c = 's';
            i += 1;
        } else if (str_starts(rest, STR("\xe2\x84\xaa"))) { /* U+212A */
            c = 'k';
            i += 2;
        } else if (c >= 'A' && c <= 'Z') {
            c = (char)(c | 0x20);
        }
        s[to++] = c;
    }
    return to;
}

const char *lookalike(str raw, const char *const *names)
{
    char room[LONGEST * 3];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    if (raw.n > 2 + LONGEST * 6 || !folds(raw) || !DEFENCE(lookalikes))
        return NULL;
    json_decode((struct json){.kind = JSON_STRING, .text = raw}, &text);
    str exact = buf_str(&text);
    char folded[sizeof room];
    memcpy(folded, exact.p, exact.n);
    str other = {folded, fold(folded, exact.n)};
    if (!buf_ok(&text))
        return NULL;
    for (; *names != NULL; names++)
        if (str_eq(other, str_of(*names)) && !str_eq(other, exact))
            return *names;
    return NULL;
}
