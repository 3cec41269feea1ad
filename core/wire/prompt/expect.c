/*
** expect.c -- how many tokens an answer may take, before anybody is asked.
*/
#include "wire/prompt/prompt.h"

#define USUAL    1000      /* tokens of an answer nobody set a limit to */
#define BELIEVED (1 << 30) /* an answer longer than that is not believed */

int64_t prompt_expect(struct json body, int64_t max_tokens)
{
    int64_t each = max_tokens, choices = 1;
    if (each == 0 &&
        !json_integer(json_get(body, STR("max_completion_tokens")), &each) &&
        !json_integer(json_get(body, STR("max_tokens")), &each))
        each = USUAL;
    if (!json_integer(json_get(body, STR("n")), &choices) || choices < 1)
        choices = 1;
    each = each < 0 ? 0 : each < BELIEVED ? each : BELIEVED;
    return each * (choices < BELIEVED ? choices : BELIEVED);
}
