/*
** Everything a policy can call, called with everything it can have; and the
** ways in which this Lua is known to have crashed.
*/
#include <lauxlib.h>

#include "policy_rig.h"

#include "perilune_inner.h"
#include "run/generation.h"

/* Collect at almost every allocation, so that what dangles is found. */
static void collect_often(void)
{
    lua_gc(peri->rt.current->L, LUA_GCINC, 20, 1000, 5);
}

static void begin_often(const char *policy)
{
    peri_options opt = {.policy_cpu = 60};
    rig_open(&opt);
    CHECK_INT(load(policy), 0);
    if (peri->rt.current == NULL)
        printf("#    %s\n", peri_error(peri));
    else
        collect_often();
}

static void say_well(int times)
{
    for (int i = 0; i < times; i++) {
        chat();
        CHECK_STR(said(), "well");
        if (got.status != 200)
            printf("#    %.*s\n",
                   STR_ARG(log_field("policy_error", "message")));
    }
}

/* Three arguments of each kind, in each order, to each function there is. */
static void no_function_minds_what_it_is_given(void)
{
    begin_often(OK(
        "a") "local cjson = require 'cjson' "
             "local m, secret = p.model 'a/x', p.secret 'HOME' "
             "local watched = p.filter { m, with = function() end } "
             "local words = { 'model', 'provider', 'has', 'asked', 'ladder', "
             "  'filter', 'cut', 'rescue', 'say', 'sorry', 'refuse', 'secret', "
             "  'file', 'log', 'now' } "
             "local globals = { pcall, xpcall, setmetatable, getmetatable, "
             "  tostring, tonumber, type, select, next, pairs, ipairs, rawget, "
             "  rawlen, rawequal, assert, error, require } "
             "local libraries = { string = { 'byte', 'char', 'find', 'format', "
             "  'gmatch', 'gsub', 'len', 'lower', 'match', 'pack', 'packsize', "
             "  'rep', 'reverse', 'sub', 'unpack', 'upper', 'dump' }, "
             "  table = { 'concat', 'insert', 'move', 'pack', 'remove', "
             "'sort', "
             "  'unpack' }, utf8 = { 'char', 'codepoint', 'codes', 'len', "
             "  'offset' } } "
             "return function(req) "
             "  local reply = m(req) "
             "  local f = { req.with, m.ask, reply.text, reply.json, "
             "reply.each, "
             "    m, watched, cjson.encode, cjson.decode, p.json.encode, "
             "    p.json.decode, p.json.array, p.units.seconds, p.units.bytes, "
             "    p.units.amount, p.say('x').text, p.say('x').each, "
             "    p.say('x').json, reply:each(), ('x'):gmatch('x') } "
             "  for _, w in ipairs(words) do f[#f + 1] = p[w] end "
             "  for _, g in ipairs(globals) do f[#f + 1] = g end "
             "  for l, names in pairs(libraries) do for _, n in ipairs(names) "
             "do "
             "    f[#f + 1] = ({ string = string, table = table, "
             "      utf8 = utf8 })[l][n] end end "
             "  local v = { n = 15, nil, true, 0, -1, 0 / 0, 3, 'x', '%', {}, "
             "    0, req, m, reply, p.say 'x', secret, p.json.null } "
             "  v[10] = function(...) return ... end v[16] = p.cut 'x' v.n = "
             "16 "
             "  for i = 1, #f do for a = 1, v.n do for b = 1, v.n do "
             "    local c = (a * 5 + b * 3 + i) % v.n + 1 "
             "    pcall(f[i], v[a], v[b], v[c]) "
             "  end end end "
             "  for a = 1, v.n do for b = 1, v.n do "
             "    pcall(function() return v[a][v[b]] end) "
             "    pcall(function() v[a][v[b]] = 1 end) "
             "    pcall(function() return v[a] .. v[b] end) "
             "    pcall(function() return v[a] < v[b], v[a] == v[b] end) "
             "    pcall(function() return #v[a] + v[b] end) "
             "    pcall(function() return tostring(v[a]), v[a]() end) "
             "  end end "
             "  return p.say 'well' end");
    say_well(1);
    finish();
}

/* With what dies on the way: closing variables, errors, waits between. */
static void closing_variables_hold(void)
{
    begin_often(
        "local function deep(n) return n > 0 and 1 + deep(n - 1) or 0 end "
        "local function closing(f) return setmetatable({}, { __close = f }) "
        "end "
        "local grow = function() deep(5000) end "
        "local function results() local c <close> = closing(grow) "
        "  return 1, 2, 3 end "
        "local function iterator(f) return function(_, i) "
        "  return (i or 0) < 3 and (i or 0) + 1 or nil end, nil, nil, "
        "  closing(f) end "
        "return function(req) local closed = 0 "
        "  local function count() closed = closed + 1 deep(300) end "
        "  local a, b, c = results() assert(a == 1 and b == 2 and c == 3) "
        "  for i in iterator(count) do if i == 2 then break end end "
        "  for i in iterator(count) do if i == 2 then goto out end end "
        "  ::out:: "
        "  pcall(function() for _ in iterator(count) do error 'x' end end) "
        "  for _ in iterator(function() p.sleep '1ms' count() end) do "
        "    p.sleep '1ms' break end "
        "  assert(closed == 4, closed) "
        "  for _ = 1, 3 do pcall(function() "
        "    local x <close> = closing(function() error 'x' end) "
        "    local y <close> = closing(function(_, e) error(e) end) "
        "    local z <close> = closing(grow) error 'first' end) end "
        "  local function many(n) local c <close> = closing(count) "
        "    if n > 0 then return pcall(many, n - 1) end p.sleep '1ms' end "
        "  many(60) "
        "  local t <close> = closing(function() p.sleep '1ms' end) "
        "  return p.say 'well' end");
    say_well(5);
    finish();
}

/* A growing result lies in a box that is closed when a callback raises. */
static void results_that_grow_are_let_go(void)
{
    begin_often(
        "local function deep(n) return n > 0 and 1 + deep(n - 1) or 0 end "
        "return function(req) "
        "  for i = 1, 20 do local n = 0 "
        "    pcall(string.gsub, ('x'):rep(3000), 'x', function() n = n + 1 "
        "      deep(200) if n == 2900 then error 'x' end return 'yyy' end) "
        "    pcall(string.gsub, ('x'):rep(3000), 'x', 'y%2') "
        "    pcall(table.concat, { ('x'):rep(5000), ('y'):rep(5000), {} }) "
        "    pcall(string.format, ('%s'):rep(30), ('x'):rep(3000)) "
        "    pcall(table.sort, { 3, 2, 1, 5, 4 }, function(a, b) "
        "      if a == 5 then deep(1000) error 'x' end return a < b end) "
        "  end return p.say 'well' end");
    say_well(3);
    finish();
}

static void a_comparator_may_change_what_it_sorts(void)
{
    begin_often(
        "return function(req) local t = {} "
        "  for i = 1, 200 do t[i] = 200 - i end "
        "  pcall(table.sort, t, function(a, b) t[#t] = nil "
        "    t[#t + 1] = a return a < b end) "
        "  pcall(table.sort, t, function(a, b) for i = 1, 20 do t[i] = nil "
        "    end return a < b end) "
        "  local s = { 1, 2, 3 } "
        "  pcall(table.concat, setmetatable(s, { __index = s })) "
        "  for _ = 1, 50 do local u = { 5, 3, 1 } "
        "    pcall(table.sort, u, function() return math.random(2) == 1 end) "
        "  end return p.say 'well' end");
    say_well(3);
    finish();
}

/* The compiler compares each label with those before it. */
static void many_labels_end_at_the_deadline(void)
{
    peri_options opt = {.policy_cpu = 1};
    struct buf text;
    rig_open(&opt);
    buf_init(&text, 1 << 20);
    for (int i = 0; text.n < 900000; i++)
        buf_print(&text, "::l%d:: f() ", i);
    peri->rt.limits.load_cpu = 50 * NANOS_MS;
    CHECK_INT(peri_load_text(peri, "P", text.p, text.n), PERI_EPOLICY);
    CHECK(strstr(peri_error(peri), "processor time") != NULL);
    buf_fini(&text);
    CHECK_INT(load("return p.say 'well'"), 0);
    say_well(1);
    finish();
}

/* With a key that lies in wait for the collector, __mode means nothing. */
static void no_table_is_weak(void)
{
    begin("local mt = {} local t = setmetatable({}, mt) "
          "mt['__' .. 'mode'] = 'kv' t[{}] = {} t[1] = {} "
          "return function(req) local s = 0 "
          "  for i = 1, 3e4 do s = s + #{ i, {} } end "
          "  assert(next(t) and t[1]) return p.say 'well' end");
    lua_gc(peri->rt.current->L, LUA_GCCOLLECT);
    say_well(2);
    finish();
}

static void a_provider_may_have_several_headers(void)
{
    begin("p.provider('a', { url = 'http://127.0.0.1:1/v1', headers = { "
          "  ['x-a'] = '1', ['x-b'] = '2', ['x-c'] = '3' } }) "
          "local m = p.model 'a/x' "
          "return function(req) return p.say(m.provider .. 'ok') end");
    chat();
    CHECK_STR(said(), "aok");
    finish();
}

static int add_code(lua_State *L, const void *p, size_t n, void *to)
{
    (void)L;
    buf_add(to, (str){p, n});
    return 0;
}

/* Bytes that Lua itself would run. */
static void compile(const char *policy, struct buf *code)
{
    lua_State *L = luaL_newstate();
    CHECK_INT(luaL_loadstring(L, policy), LUA_OK);
    CHECK_INT(lua_dump(L, add_code, code, 1), 0);
    lua_close(L);
}

static void bytecode_is_no_policy_and_no_module(void)
{
    struct buf code;
    buf_init(&code, 1 << 16);
    compile("return 'sim/x'", &code);
    static const char *const begins[] = {"\x1bLua", "#!/x\n\x1bLua",
                                         "# expect\n\x1bLuaT"};
    rig_open(NULL);
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        CHECK_INT(peri_load_text(peri, "P", begins[i], strlen(begins[i])),
                  PERI_EPOLICY);
    CHECK_INT(peri_load_text(peri, "P", code.p, code.n), PERI_EPOLICY);
    CHECK(strstr(peri_error(peri), "binary chunk") != NULL);
    buf_fini(&code);
    finish();
}

TESTS(a_provider_may_have_several_headers, no_function_minds_what_it_is_given,
      closing_variables_hold, results_that_grow_are_let_go,
      a_comparator_may_change_what_it_sorts, many_labels_end_at_the_deadline,
      no_table_is_weak, bytecode_is_no_policy_and_no_module)
