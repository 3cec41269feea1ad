/*
** key_check.c -- a rule for each member.
**
** Names are printable ASCII without spaces: bytes tell them apart, a log line
** shows them as they are, and no two of them look alike by being written in
** other letters.
*/
#include "store/keys/key_check.h"

#include "store/keys/key_limits.h"

#define LONGEST_VALUE 1000 /* bytes of a text in metadata */
#define LONGEST_LIST  1000 /* bytes of JSON, of limits or budgets */

static const char name_wrong[] =
    "a name of 1 to 256 printable characters of ASCII, without spaces";
static const char models_wrong[] =
    "a list of patterns such as \"openai/*\" or \"local/llama\", with one * at "
    "most; 200 at most";
static const char list_wrong[] = "a list of at most 1000 bytes";
static const char metadata_wrong[] =
    "an object of words with texts (of a line, 1000 bytes at most), numbers, "
    "true or false; 4096 bytes in all";

static bool is_plain(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0 && s.n <= CLIENT_KEY_TEXT;
}

static bool is_name(str s)
{
    return s.p == NULL || is_plain(s);
}

/* "provider/model" with one star at most, or "*". */
static bool is_pattern(str s)
{
    size_t star = str_find(s, '*');
    bool one =
        star == s.n || str_find(str_from(s, star + 1), '*') + star + 1 == s.n;
    return is_plain(s) && one &&
           (str_find(s, '/') < s.n || str_eq(s, STR("*")));
}

static bool are_models(str json)
{
    char room[CLIENT_KEY_TEXT * 6 + 2];
    int n = 0;
    if (json.p == NULL)
        return true;
    struct json list = json_of(json);
    struct json_walk w = json_walk(list);
    while (list.kind == JSON_ARRAY && json_next(&w)) {
        struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
        str pattern = json_text(w.value, &text);
        if (pattern.p == NULL || !is_pattern(pattern) || ++n > KEY_MODELS)
            return false;
    }
    return list.kind == JSON_ARRAY;
}

/* No control bytes: a value may come to stand in a header or a log. */
static bool is_line(struct json v)
{
    char room[LONGEST_VALUE * 6 + 2];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    str s = json_text(v, &text);
    for (size_t i = 0; s.p != NULL && i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    return s.p != NULL && s.n <= LONGEST_VALUE;
}

static bool is_value(struct json v)
{
    return v.kind == JSON_NUMBER || v.kind == JSON_TRUE ||
           v.kind == JSON_FALSE || (v.kind == JSON_STRING && is_line(v));
}

static bool is_metadata(str json)
{
    if (json.p == NULL)
        return true;
    struct json object = json_of(json);
    struct json_walk w = json_walk(object);
    while (object.kind == JSON_OBJECT && json_next(&w)) {
        str name = {w.name.p + 1, w.name.n - 2};
        if (!str_is_word(name) || !is_value(w.value))
            return false;
    }
    return object.kind == JSON_OBJECT && json.n <= KEY_METADATA;
}

struct key_wrong key_check(const struct client_key *key)
{
    struct limit_rules rules;
    struct key_budgets budgets;
    const struct {
        const char *member, *message;
        bool well;
    } plain[] = {
        {"user", name_wrong, is_name(key->user)},
        {"team", name_wrong, is_name(key->team)},
        {"feature", name_wrong, is_name(key->feature)},
        {"models", models_wrong, are_models(key->models)},
        {"metadata", metadata_wrong, is_metadata(key->metadata)},
        {"limits", list_wrong, key->limits.n <= LONGEST_LIST},
        {"budgets", list_wrong, key->budgets.n <= LONGEST_LIST},
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (!plain[i].well)
            return (struct key_wrong){plain[i].member, plain[i].message};
    struct key_wrong limits = {"limits", key_limits_read(key->limits, &rules)};
    if (limits.message != NULL)
        return limits;
    return (struct key_wrong){"budgets",
                              key_budgets_read(key->budgets, &budgets)};
}
