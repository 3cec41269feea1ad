/*
** req, as a policy reads it; and JSON to Lua and back.
*/
#include "policy_rig.h"

/* `body` of a function with req, for a request; it must come to say "yes". */
static void check_request(const char *json, const char *body)
{
    char policy[4096];
    snprintf(policy, sizeof policy,
             "return function(req) %s return p.say 'yes' end", body);
    begin(policy);
    ask(json);
    CHECK_STR(said(), "yes");
    if (got.status != 200)
        printf("#    %.*s\n", STR_ARG(log_field("policy_error", "message")));
    finish();
}

#define USER(content) \
    "{\"messages\":[{\"role\":\"user\",\"content\":" content "}]}"

static void text_is_the_last_message_of_the_user(void)
{
    check_request("{\"messages\":[{\"role\":\"user\",\"content\":\"first\"},"
                  "{\"role\":\"user\",\"content\":\"se\\u0063ond\\n\"},"
                  "{\"role\":\"assistant\",\"content\":\"third\"}]}",
                  "assert(req.text == 'second\\n')");
    check_request("{\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}",
                  "assert(req.text == nil)");
    check_request(USER("\"\""), "assert(req.text == '')");
    check_request(USER("null"), "assert(req.text == '')");
}

static void text_of_parts_is_their_text(void)
{
    check_request(USER("[{\"type\":\"text\",\"text\":\"one\"},"
                       "{\"type\":\"image_url\",\"image_url\":{\"url\":\"u\"}},"
                       "{\"type\":\"text\",\"text\":\"two\"}]"),
                  "assert(req.text == 'one\\ntwo')");
    check_request(USER("[{\"type\":\"image_url\"}]"), "assert(req.text == '')");
}

static void messages_are_tables(void)
{
    check_request("{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
                  "{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                  "\"text\":\"t\"}]}]}",
                  "local m = req.messages "
                  "assert(#m == 2 and m[1].role == 'system') "
                  "assert(m[2].content[1].text == 't') "
                  "assert(req.messages == m)");
}

static void tools_and_stream_are_told(void)
{
    check_request(
        "{\"stream\":true,\"tools\":[{\"type\":\"function\"}]," MESSAGES "}",
        "assert(req.stream == true) "
        "assert(req.tools[1].type == 'function')");
    check_request(WHOLE, "assert(req.stream == false and req.tools == nil)");
}

static void max_tokens_has_two_names(void)
{
    check_request("{\"max_tokens\":7," MESSAGES "}",
                  "assert(req.max_tokens == 7)");
    check_request("{\"max_completion_tokens\":8,\"max_tokens\":7," MESSAGES "}",
                  "assert(req.max_tokens == 8)");
    check_request("{\"max_tokens\":null," MESSAGES "}",
                  "assert(req.max_tokens == nil)");
}

static void params_are_the_other_fields(void)
{
    check_request("{\"model\":\"m\",\"temperature\":0.5,\"stop\":[\"a\"],"
                  "\"metadata\":{\"k\":\"v\"}," MESSAGES "}",
                  "local q = req.params "
                  "assert(q.temperature == 0.5 and q.stop[1] == 'a') "
                  "assert(q.metadata.k == 'v' and q.none == nil) "
                  "assert(q.model == nil and q.messages == nil)");
}

static void the_body_is_what_the_client_sent(void)
{
    check_request("{ \"model\" : \"m\\u0061\", " MESSAGES "} ",
                  "assert(req.body:find('{ \"model\" : \"m', 1, true) == 1) "
                  "assert(req.model == 'ma')");
}

static void headers_are_lower_case_and_without_credentials(void)
{
    static const peri_header headers[] = {
        {"X-Thing", "One"},           {"Authorization", "Bearer s"},
        {"X-Api-Key", "s"},           {"api-key", "s"},
        {"x-goog-api-key", "s"},      {"Cookie", "s"},
        {"Proxy-Authorization", "s"}, {"X-Request-Id", "r-1"},
        {"x-perilune-session", "s1"}, {"x-perilune-feature", "f1"}};
    begin("return function(req) "
          "  assert(req.headers['x-thing'] == 'One') "
          "  assert(req.headers['X-Thing'] == nil) "
          "  for _, n in ipairs { 'authorization', 'x-api-key', 'api-key', "
          "    'x-goog-api-key', 'cookie', 'proxy-authorization' } do "
          "    assert(req.headers[n] == nil, n) end "
          "  assert(req.id == 'r-1' and req.session == 's1') "
          "  assert(req.feature == 'f1') "
          "  return p.say 'yes' end");
    submit_with(WHOLE, headers, sizeof headers / sizeof headers[0]);
    await_done();
    CHECK_STR(said(), "yes");
    CHECK_STR(header("x-request-id"), "r-1");
    CHECK_STR(header("request-id"), "r-1");
    CHECK_STR(log_field("request", "session"), "s1");
    finish();
}

static void an_id_is_made_when_none_came_or_a_strange_one(void)
{
    static const peri_header strange[] = {{"x-request-id", "a b"}};
    begin("return function(req) return p.say(req.id) end");
    chat();
    CHECK(str_starts(said(), STR("req_")));
    CHECK(str_eq(said(), header("x-request-id")));
    submit_with(WHOLE, strange, 1);
    await_done();
    CHECK(str_starts(said(), STR("req_")));
    finish();
}

/* --- what is wrong with a body, before any policy runs -------------------- */

static void check_refused(const char *body, const char *param)
{
    ask(body);
    CHECK_INT(got.status, 400);
    CHECK_STR(error_of("type"), "invalid_request_error");
    if (param != NULL)
        CHECK_STR(error_of("param"), param);
    CHECK(error_of("message").n > 10);
}

static void a_body_that_makes_no_sense_is_told_why(void)
{
    begin("return p.say 'x'");
    check_refused("", NULL);
    check_refused("{", NULL);
    check_refused("[]", NULL);
    check_refused("{\"model\":\"m\",\"model\":\"n\"," MESSAGES "}", NULL);
    check_refused("{}", "messages");
    check_refused("{\"messages\":{}}", "messages");
    check_refused("{\"messages\":[]}", "messages");
    check_refused("{\"messages\":[7]}", "messages");
    check_refused("{\"messages\":[{\"content\":\"x\"}]}", "messages");
    check_refused(USER("7"), "messages");
    check_refused("{\"model\":7," MESSAGES "}", "model");
    check_refused("{\"stream\":1," MESSAGES "}", "stream");
    check_refused("{\"stream_options\":1," MESSAGES "}", "stream_options");
    check_refused("{\"max_tokens\":\"1\"," MESSAGES "}", "max_tokens");
    chat();
    CHECK_INT(got.status, 200);
    finish();
}

/* --- JSON ----------------------------------------------------------------- */

static void values_come_back_as_they_were(void)
{
    check_request(
        WHOLE,
        "for _, text in ipairs { 'null', 'true', '0', '-1', '1.0', '0.5', "
        "  '1e+300', '9223372036854775807', '-9223372036854775808', '0.1', "
        "  '9223372036854775808', '18446744073709551615', '1e400', '-1e400', "
        "  '1e-400', '-0.0', '-9223372036854775809', '1E+999', '0.0', "
        "  '[12345678901234567890,{\"a\":-98765432109876543210}]', "
        "  '\"\"', '[]', '{}', '[[],{}]', '[1,null,\"x\"]', '{\"a\":[{}]}', "
        "  '\"\\\\u0000\\\\n\\\\\"\\\\\\\\\"' } do "
        "  local v = p.json.decode(text) "
        "  local back = p.json.encode(v) "
        "  assert(back == text, text .. ' ~= ' .. back) end");
}

static void whole_numbers_stay_whole(void)
{
    check_request(WHOLE, "local d = p.json.decode "
                         "assert(math.type(d '1') == 'integer') "
                         "assert(math.type(d '1.0') == 'float') "
                         "assert(math.type(d '1e2') == 'float') "
                         "assert(d '9007199254740993' == 9007199254740993)");
}

static void what_lua_cannot_hold_stays_a_number(void)
{
    check_request(WHOLE,
                  "local d = p.json.decode "
                  "local big = d '18446744073709551616' "
                  "assert(tostring(big) == '18446744073709551616') "
                  "assert(big + 0 == 2.0^64 and -big == -2.0^64) "
                  "assert(big > 5 and 5 < big and big <= big + 1) "
                  "assert(big / 2 == 2.0^63 and big % 2 == 0) "
                  "assert(big == d '18446744073709551616') "
                  "assert(big ~= d '18446744073709551617') "
                  "assert(d '1e400' + 0 == math.huge) "
                  "assert(1 / d '-0' == -math.huge) "
                  "local ok, why = pcall(function() return big + 'x' end) "
                  "assert(not ok and why:find 'not with a string', why) "
                  "assert(getmetatable(big) == false)");
}

static void names_are_written_in_their_order(void)
{
    check_request(
        WHOLE,
        "local t = {} "
        "for i = 40, 1, -1 do t['k' .. i % 7 .. i] = i end "
        "local names = {} for name in p.json.encode(t):gmatch '\"(k%d+)\"' do "
        "  names[#names + 1] = name end "
        "assert(#names == 40) "
        "for i = 2, 40 do assert(names[i - 1] < names[i]) end "
        "assert(p.json.encode { b = 1, a = 2, [''] = 3, ab = 4 } == "
        "  '{\"\":3,\"a\":2,\"ab\":4,\"b\":1}')");
}

static void text_of_every_kind_comes_back(void)
{
    check_request(WHOLE, "local s = '\xe6\x9c\x88\xf0\x9f\x8c\x99\\0\\t' "
                         "assert(p.json.decode(p.json.encode(s)) == s) "
                         "assert(p.json.decode '\"\\\\ud83c\\\\udf19\"' == "
                         "  '\xf0\x9f\x8c\x99')");
}

static void null_is_a_value(void)
{
    check_request(WHOLE, "local t = p.json.decode '{\"a\":null}' "
                         "assert(t.a == p.json.null and t.b == nil) "
                         "assert(p.json.encode(nil) == 'null') "
                         "assert(p.json.encode { p.json.null } == '[null]')");
}

static void an_empty_table_is_an_object_unless_marked(void)
{
    check_request(WHOLE, "assert(p.json.encode {} == '{}') "
                         "assert(p.json.encode(p.json.array {}) == '[]') "
                         "assert(p.json.encode { 1, 2 } == '[1,2]')");
}

static void what_has_no_form_is_refused(void)
{
    check_request(
        WHOLE,
        "local function no(v, why) local ok, e = pcall(p.json.encode, v) "
        "  assert(not ok and e:find(why), e) end "
        "no(0/0, 'not a number') no(math.huge, 'not a number') "
        "no(type, 'no form') no(req, 'no form') no({ [1.5] = 1 }, 'key') "
        "no({ 1, x = 2 }, 'key') no({ [true] = 1 }, 'key') "
        "local t = {} t.t = t no(t, 'holds itself') "
        "no({ type }, 'no form')");
}

static void text_that_is_no_json_gives_nil_and_why(void)
{
    check_request(WHOLE, "for _, text in ipairs { '', '{', '[1,]', 'nil', "
                         "  '\\'x\\'', '01', 'NaN', '1 2' } do "
                         "  local v, why = p.json.decode(text) "
                         "  assert(v == nil and why:find 'byte', text) end");
}

TESTS(text_is_the_last_message_of_the_user, text_of_parts_is_their_text,
      messages_are_tables, tools_and_stream_are_told, max_tokens_has_two_names,
      params_are_the_other_fields, the_body_is_what_the_client_sent,
      headers_are_lower_case_and_without_credentials,
      an_id_is_made_when_none_came_or_a_strange_one,
      a_body_that_makes_no_sense_is_told_why, values_come_back_as_they_were,
      whole_numbers_stay_whole, what_lua_cannot_hold_stays_a_number,
      names_are_written_in_their_order, text_of_every_kind_comes_back,
      null_is_a_value, an_empty_table_is_an_object_unless_marked,
      what_has_no_form_is_refused, text_that_is_no_json_gives_nil_and_why)
