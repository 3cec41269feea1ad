/*
** req:with { messages = }: another conversation, written by the policy.
*/
#include "policy_rig.h"

#define WITH(what)             \
    OK("a")                    \
    "local m = p.model 'a/x' " \
    "return function(req) local r = req:with { messages = " what " } "

static void what_is_no_list_is_told(void)
{
    CHECK_RUN_ERROR(WITH("'x'") "return m(r) end",
                    "P:1: req:with: messages must be a list of messages");
    CHECK_RUN_ERROR(WITH("{}") "return m(r) end",
                    "P:1: req:with: messages must be a list of messages");
}

static void it_is_read_as_it_was_written(void)
{
    begin(
        WITH("{ { role = 'user', content = 'other' } }") "return p.say(r.text "
                                                         ".. #r.messages .. "
                                                         "req.text) end");
    chat();
    CHECK_STR(said(), "other1hi");
    finish();
}

static void the_other_changes_are_kept(void)
{
    begin(WITH(
        "{ { role = 'user', content = 'other' } }") "r = r:with { max_tokens = "
                                                    "7 } "
                                                    "return p.say(r.text .. "
                                                    "r.max_tokens) end");
    chat();
    CHECK_STR(said(), "other7");
    finish();
}

/* Rule 15: the same model is asked again once the content differs. */
static void a_model_that_failed_for_good_is_asked_other_messages(void)
{
    begin(FAILS(
        "b",
        404) "local m = p.model 'b/x' return function(req) "
             "return m(req) or m(req) or m(req:with { messages = { { role = "
             "'user', content = 'other' } } }) end");
    chat();
    CHECK_STR(path(), "x not_found, x skipped, x not_found");
    finish();
}

TESTS(what_is_no_list_is_told, it_is_read_as_it_was_written,
      the_other_changes_are_kept,
      a_model_that_failed_for_good_is_asked_other_messages)
