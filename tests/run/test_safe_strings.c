/*
** Our string functions agree with Lua's own, in results and in errors, on
** patterns and subjects thrown together by seeded dice.
*/
#include "safe_rig.h"

static const char *const calls[] = {
    "local s, p = ... return string.find(s, p)",
    "local s, p = ... return string.find(s, p, -3)",
    "local s, p = ... return string.find(s, p, 2, true)",
    "local s, p = ... return string.find(s, p, #s + 2)",
    "local s, p = ... return string.match(s, p)",
    "local s, p = ... return s:match(p, 3)",
    "local s, p = ... local t = {} for a, b, c in s:gmatch(p) do "
    "t[#t + 1] = tostring(a) .. tostring(b) .. tostring(c) end return t",
    "local s, p = ... local t = {} for a in s:gmatch(p, -4) do "
    "t[#t + 1] = a end return t",
    "local s, p = ... return s:gsub(p, '<%0%1>')",
    "local s, p, r = ... return s:gsub(p, r)",
    "local s, p, r = ... return s:gsub(p, r, 2)",
    "local s, p = ... return s:gsub(p, '')",
    "local s, p = ... return s:gsub(p, { a = 'x', b = 1, ab = false })",
    "local s, p = ... return s:gsub(p, function(a, b) "
    "return b and a .. '|' .. b or nil end)",
};

/* Pieces of patterns; most of them make sense, some do not. */
static const char *const pieces[] = {
    "a",     "b",     "ab",    ".",      "%a",     "%d",    "%s",   "%w",
    "%p",    "%c",    "%x",    "%u",     "%l",     "%g",    "%A",   "%D",
    "%S",    "%W",    "%P",    "%C",     "%X",     "%U",    "%L",   "%G",
    "[ab]",  "[^a]",  "[a-c]", "[]]",    "[^]]",   "[%a_]", "[a-]", "[-a]",
    "[%]b]", "[^%s]", "(",     ")",      "()",     "(a)",   "(.)",  "%1",
    "%2",    "%b()",  "%bab",  "%f[%a]", "%f[^a]", "$",     "^",    "%$",
    "%%",    "%.",    "%z",    "[%d-z]", "]",      "[",     "%",    "%b",
    "%bx",   "%f",    "%f[",   "[a",     "%0",     "%9",    "[%",   "[^",
    "[a-%]"};
static const char *const repeats[] = {"", "", "", "*", "+", "-", "?"};

static str random_pattern(struct buf *to)
{
    buf_clear(to);
    if (pick(8) == 0)
        buf_byte(to, '^');
    for (unsigned n = 1 + pick(6); n > 0; n--) {
        unsigned few = pick(4) == 0 ? sizeof pieces / sizeof pieces[0] : 50;
        buf_text(to, pieces[pick(few)]);
        buf_text(to, repeats[pick(7)]);
    }
    if (pick(8) == 0)
        buf_byte(to, '$');
    if (pick(16) == 0)
        buf_byte(to, (char)pick(256));
    return buf_str(to);
}

static str random_text(struct buf *to, unsigned most)
{
    static const char bytes[] = "aaaabbb(c)[]1 _%-.A\0\n\xff\x80";
    buf_clear(to);
    for (unsigned n = pick(most); n > 0; n--)
        buf_byte(to, bytes[pick(sizeof bytes)]);
    return buf_str(to);
}

static str random_replacement(struct buf *to)
{
    static const char *const parts[] = {"x", "%0", "%1", "%2", "%%", "%", "%x"};
    buf_clear(to);
    for (unsigned n = pick(4); n > 0; n--)
        buf_text(to, parts[pick(pick(3) == 0 ? 7 : 5)]);
    return buf_str(to);
}

static void patterns_match_as_in_lua(void)
{
    long rounds = getenv("PERILUNE_LONG") != NULL ? 3000000 : 60000;
    struct buf subject, pattern, with;
    buf_init(&subject, 1 << 12);
    buf_init(&pattern, 1 << 12);
    buf_init(&with, 1 << 12);
    two_open();
    for (int wrong = 0; rounds > 0 && wrong < 5; rounds--) {
        str args[3] = {random_text(&subject, 24), random_pattern(&pattern),
                       random_replacement(&with)};
        wrong += !both(calls[pick(sizeof calls / sizeof calls[0])], args, 3);
    }
    two_close();
    buf_fini(&subject);
    buf_fini(&pattern);
    buf_fini(&with);
}

/* Every byte, in every class and as itself. */
static void classes_hold_the_same_bytes(void)
{
    static const char letters[] = "acdglpsuwxACDGLPSUWXzbfi.";
    two_open();
    for (int c = 0; c < 256; c++)
        for (const char *letter = letters; *letter != '\0'; letter++) {
            char s[1] = {(char)c}, p[2] = {'%', *letter};
            char set[6] = {'[', '^', '_', '%', *letter, ']'};
            str args[3] = {{s, 1}, {p, 2}, {set, 6}};
            both("local s, p, q = ... return s:find(p), s:find(q)", args, 3);
        }
    two_close();
}

static void limits_are_those_of_lua(void)
{
    static const char *const codes[] = {
        "return ('a'):rep(50):find(('a?'):rep(190))",
        "return ('a'):rep(50):find(('a?'):rep(250))",
        "return ('a'):rep(300):find(('(a)'):rep(32))",
        "return ('a'):rep(300):find(('(a)'):rep(33))",
        "return ('a'):rep(3):find(('a*'):rep(199))",
        "return ('a'):rep(3):find(('a*'):rep(200))",
        "return ('a'):rep(3):find(('(a-)'):rep(20))",
        "return ('x'):rep(300):find(('[xy]'):rep(300))",
        "return (('a'):rep(40000):gsub('a', '%0%0'))",
        "return ('abc'):gsub('%w', '%1%1')",
        "return ('abc'):gsub('%w', '%2')",
        "return ('abc'):gsub('', '-')",
        "return ('abc'):gsub('b*', '-')",
        "return ('hello world'):gsub('o', 'x', 0)",
        "return ('hello world'):gsub('o', 'x', -1)",
        "return ('abc'):gsub('b', true)",
        "return ('abc'):gsub('b', function() return {} end)",
        "return ('abc'):gsub('b', setmetatable({}, { __index = "
        "function(_, k) return k:upper() end }))",
        "return ('abc'):gsub('b')",
        "return ('abc'):find()",
        "return ('abc'):find('b', 'x')",
        "return ('a.b'):find('.', 1, true)",
        "return (''):find('')",
        "return (''):find('', 2)",
        "return ('abc'):find('', 4)",
        "return ('abc'):find('b', math.mininteger)",
        "return ('abc'):match('()b()')",
        "return ('abc'):gmatch('b')()",
        "return string.gsub(1234, 2, 5)",
        "return ('a\\0b'):find('\\0')",
        "return ('a\\0b'):match('%z')",
        "return ('x'):rep(0)",
        "return ('x'):rep(-1, ',')",
        "return ('x'):rep(1, ',')",
        "return ('xy'):rep(5, ', ')",
        "return (''):rep(7)",
        "return (''):rep(4, '-')",
        "return ('x'):rep()",
        "return ('%s|%d|%5.1f|%q|%%|%i|%x|%c'):format('a', 3, 2.5, 'q\\n', 4, "
        "255, 65)",
        "return ('%s %s %s'):format(true, nil, 1.5)",
        "return ('%-10s|%.2s'):format('ab', 'abc')",
        "return ('%s'):format(setmetatable({}, { __tostring = "
        "function() return 'T' end }))",
        "return ('%s'):format()",
        "return ('%d'):format('x')",
        "return ('%d'):format({})",
        "return ('%y'):format(1)",
        "return ('%'):format(1)",
        "return ('%-+ #0123456789d'):format(1)",
    };
    two_open();
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        both(codes[i], NULL, 0);
    two_close();
}

TESTS(patterns_match_as_in_lua, classes_hold_the_same_bytes,
      limits_are_those_of_lua)
