/*
** expect.c -- how many tokens an answer may take, before anybody is asked.
**
** As many as the client lets it, for each answer it wants; most say nothing, and
** then it is what answers usually are. An expectation: nothing is bounded by it.
*/
#include "bind/tokens/tokens.h"

#define USUAL_OUT 1000      /* tokens of an answer nobody set a limit to */
#define MOST_OUT  (1 << 30) /* an answer longer than that is not believed */

static int64_t answer_of(const struct view *view)
{
    struct json root = view->request->root;
    int64_t each = view->max_tokens, choices = 1;
    if (each == 0 &&
        !json_integer(json_get(root, STR("max_completion_tokens")), &each) &&
        !json_integer(json_get(root, STR("max_tokens")), &each))
        each = USUAL_OUT;
    if (!json_integer(json_get(root, STR("n")), &choices) || choices < 1)
        choices = 1;
    each = each < 0 ? 0 : each < MOST_OUT ? each : MOST_OUT;
    return each * (choices < MOST_OUT ? choices : MOST_OUT);
}

struct usage bind_expect(lua_State *L, const struct view *view)
{
    bind_push_tokens(L, view);
    struct usage u = {.prompt = lua_tointeger(L, -1),
                      .completion = answer_of(view),
                      .known = true};
    lua_pop(L, 1);
    return u;
}
