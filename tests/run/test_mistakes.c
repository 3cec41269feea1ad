/*
** LANGUAGE.md, "What an author's mistake is told": word by word.
*/
#include "policy_rig.h"

static void no_return(void)
{
    CHECK_RUN_ERROR("return function(req)\n"
                    "  local x = req.text\n"
                    "end",
                    "P:3: the policy ended without a reply; write \"return "
                    "answers(req) or ...\"");
}

static void a_condition_is_returned(void)
{
    CHECK_RUN_ERROR("local admin = true return function(req)\n"
                    "  return admin or p.say 'x'\n"
                    "end",
                    "P:2: the policy returned true, not a reply; a condition "
                    "belongs before \"and\": \"not admin and daily(req) or "
                    "large(req)\"");
}

static void the_rung_is_returned(void)
{
    CHECK_RUN_ERROR("local small = p.model 'sim/x'\n"
                    "return function(req)\n"
                    "  return small\n"
                    "end",
                    "P:3: the policy returned the rung small, not its reply; "
                    "write small(req)");
    CHECK_RUN_ERROR("local steps = p.ladder { 'sim/x' }\n"
                    "return function(req)\n"
                    "  if req.stream then return p.say 'x' end\n"
                    "  return steps\n"
                    "end",
                    "P:4: the policy returned the rung steps, not its reply; "
                    "write steps(req)");
}

static void a_string_is_returned(void)
{
    CHECK_RUN_ERROR("return function(req)\n"
                    "  return \"hello\"\n"
                    "end",
                    "P:2: the policy returned a string, not a reply; write "
                    "p.say \"hello\"");
}

static void a_declaration_stands_inside_the_request(void)
{
    CHECK_RUN_ERROR("return function(req)\n"
                    "  local m = p.model { 'openai/gpt-4o' }\n"
                    "  return m(req)\n"
                    "end",
                    "P:2: p.model \"openai/gpt-4o\" is a declaration; move it "
                    "above \"return function(req)\"");
}

static void a_request_is_changed_in_place(void)
{
    CHECK_RUN_ERROR("return function(req)\n"
                    "  req.model = \"x\"\n"
                    "end",
                    "P:2: a request is not changed in place; write "
                    "small(req:with { model = \"x\" })");
    CHECK_RUN_ERROR("return function(req)\n"
                    "  req.max_tokens = 5\n"
                    "end",
                    "P:2: a request is not changed in place; write "
                    "small(req:with { max_tokens = 5 })");
}

static void what_is_proven_is_not_changed_at_all(void)
{
    CHECK_RUN_ERROR("return function(req)\n  req.system = 'be-brief'\nend",
                    "P:2: a request is not changed in place; write "
                    "small(req:with { system = \"be-brief\" })");
    CHECK_RUN_ERROR("return function(req)\n  req.purse = 5\nend",
                    "P:2: a request is not changed in place; keep it in a "
                    "local, or in a table of your own");
    CHECK_RUN_ERROR("return function(req)\n"
                    "  req.team = \"gold\"\n"
                    "end",
                    "P:2: a request is not changed in place, and its team is "
                    "not changed at all; keep it in a local");
    CHECK_RUN_ERROR("return function(req)\n"
                    "  req.key = nil\n"
                    "end",
                    "P:2: a request is not changed in place, and its key is "
                    "not changed at all; keep it in a local");
}

static void what_a_client_said_is_not_shown_in_a_mistake(void)
{
    static const char *const values[] = {
        "req.text", "req.text:upper() .. ' and more'", "('x'):rep(50)",
        "'a text with spaces'"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char policy[128];
        snprintf(policy, sizeof policy,
                 "return function(req)\n  req.model = %s\nend", values[i]);
        CHECK_RUN_ERROR(policy, "P:2: a request is not changed in place; write "
                                "small(req:with { model = ... })");
    }
}

static void the_same_name_has_other_options(void)
{
    CHECK_LOAD_ERROR("\nlocal a = p.model { 'openai/a', as = 'small' }\n"
                     "local b = p.model { 'openai/b', as = 'small' }",
                     "P:3: model \"small\" was declared at P:2 with "
                     "\"openai/a\", as = \"small\"; use that one or another "
                     "name");
}

static void the_same_declaration_again_is_the_same_object(void)
{
    begin("local a = p.model { 'sim/a', as = 'small', first = '5s' } "
          "local b = p.model { 'sim/a', as = 'small', first = '5s' } "
          "assert(a == b) return a");
    finish();
}

static void a_list_holds_nil(void)
{
    CHECK_LOAD_ERROR("\nlocal small, t = p.model 'sim/x', {}\n"
                     "local l = p.ladder { small, t.large, small }",
                     "P:3: ladder: item 2 of 3 is nil (is a field misspelt?)");
}

static void an_option_is_unknown(void)
{
    CHECK_LOAD_ERROR(
        "\nlocal m = p.model { 'openai/x', timout = '5s' }",
        "P:2: model: unknown option 'timout' (there are: as, breaker, "
        "concurrency, connect, first, free, idle, limit, max_out, most, on, "
        "total, "
        "tries); did you "
        "mean \"total\"?");
    CHECK_LOAD_ERROR("\nlocal m = p.ladder { { 'openai/x', wen = print } }",
                     "P:2: undefined variable 'print'");
}

static void milliseconds_are_given_as_seconds(void)
{
    CHECK_LOAD_ERROR("\nlocal m = p.model { 'openai/x', first = 10000 }",
                     "P:2: 'first = 10000' is 10000 seconds; write \"10s\" or "
                     "\"10000ms\"");
}

static void a_model_has_no_provider(void)
{
    CHECK_LOAD_ERROR("\nlocal m = p.model 'gpt-4o'",
                     "P:2: model: \"gpt-4o\" names no provider; write "
                     "\"openai/gpt-4o\"");
}

static void a_word_is_misspelt(void)
{
    rig_open(NULL);
    CHECK_INT(load("\nlocal m = p.modle 'x'"), PERI_EPOLICY);
    CHECK(str_starts(str_of(peri_error(peri)),
                     STR("P:2: there is no p.modle (did you mean p.model?); "
                         "there are: allow, asked, ")));
    finish();
}

static void the_file_returns_nothing(void)
{
    CHECK_LOAD_ERROR(
        "local a = 1",
        "P:1: the policy file returned nothing; end it with \"return "
        "function(req) ... end\"");
    CHECK_LOAD_ERROR("return 7",
                     "P:1: the policy file returned 7; end it with \"return "
                     "function(req) ... end\"");
}

static void items_and_names_stand_side_by_side(void)
{
    CHECK_LOAD_ERROR("\nlocal l = p.ladder { 'sim/a', 'sim/b', when = type }",
                     "P:2: ladder: 2 items and the option 'when' at once; put "
                     "the items in braces of their own: { { ... }, when = ... "
                     "}");
}

static void the_syntax_is_wrong(void)
{
    CHECK_LOAD_ERROR("\n\nreturn function(req) retrun nil end",
                     "P:3: syntax error near 'nil'");
}

static void a_global_is_set_or_read(void)
{
    CHECK_LOAD_ERROR("\nx = 1", "P:2: undefined variable 'x' is assigned; "
                                "write \"local x = ...\"");
    CHECK_LOAD_ERROR("\nlocal y = x", "P:2: undefined variable 'x'");
    CHECK_RUN_ERROR("return function(req)\n return smal(req) end",
                    "P:2: undefined variable 'smal'");
}

static void a_key_is_written_where_its_name_belongs(void)
{
    rig_open(NULL);
    CHECK_INT(load("\nlocal k = p.secret 'sk-abcdef0123456789'"), PERI_EPOLICY);
    CHECK(strstr(peri_error(peri), "sk-abcdef") == NULL);
    CHECK(!contains(&logged, "sk-abcdef"));
    CHECK(str_starts(str_of(peri_error(peri)), STR("P:2: secret: ")));
    finish();
}

static void with_is_given_what_it_does_not_know(void)
{
    CHECK_RUN_ERROR("return function(req)\n req:with { temperature = 1 } end",
                    "P:2: req:with: unknown change 'temperature' (there are: "
                    "max_tokens, messages, model, system)");
    CHECK_RUN_ERROR("return function(req)\n req:with { model = 7 } end",
                    "P:2: req:with: model must be a text, not a number");
    CHECK_RUN_ERROR("return function(req)\n req:with 'x' end",
                    "P:2: req:with: expected a table such as { max_tokens = "
                    "200 }");
}

static void an_error_is_raised_that_is_no_text(void)
{
    CHECK_RUN_ERROR("return function(req)\n error {} end",
                    "P:2: a table was raised; raise a text");
}

TESTS(no_return, a_condition_is_returned, the_rung_is_returned,
      a_string_is_returned, a_declaration_stands_inside_the_request,
      a_request_is_changed_in_place, what_is_proven_is_not_changed_at_all,
      what_a_client_said_is_not_shown_in_a_mistake,
      the_same_name_has_other_options,
      the_same_declaration_again_is_the_same_object, a_list_holds_nil,
      an_option_is_unknown, milliseconds_are_given_as_seconds,
      a_model_has_no_provider, a_word_is_misspelt, the_file_returns_nothing,
      items_and_names_stand_side_by_side, the_syntax_is_wrong,
      a_global_is_set_or_read, a_key_is_written_where_its_name_belongs,
      with_is_given_what_it_does_not_know, an_error_is_raised_that_is_no_text)
