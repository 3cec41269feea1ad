/*
** window.c -- the number behind a phrase, and the largest one beside it.
**
**     maximum context length is 8192 tokens. However, your messages resulted in 9000
**     prompt is too long: 210000 tokens > 200000 maximum
**     The input token count (70000) exceeds the maximum number of tokens allowed (65536)
**
** The limit follows one of a few phrases. What was asked for is the largest
** number past the limit: the smaller ones are parts of it.
*/
#include "wire/window.h"

#define SMALLEST   16            /* tokens; less is no window */
#define LARGEST    1000000000000 /* more is no count of tokens */
#define LONGEST    2000          /* bytes of a message that are looked at */
#define SPARE(aim) ((aim) - (aim) / 20)

static const char *const phrases[] = {
    "maximum context length is ", /* OpenAI, vLLM, most others */
    "maximum context length of ",
    "context window of ",
    "context size (",     /* llama.cpp */
    "tokens allowed (",   /* Gemini */
    "tokens allowed is ", /* others */
    " > ",                /* Anthropic */
    "limit of ",          /* others */
    "less than or equal to ",
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number at the front, with commas between its digits or without; *rest is
** what follows. 0 when there is none that could be a count. */
static int64_t take_number(str text, str *rest)
{
    int64_t n = 0;
    size_t i = 0;
    for (; i < text.n; i++) {
        bool comma = text.p[i] == ',' && i > 0 && i + 1 < text.n &&
                     is_digit(text.p[i + 1]);
        if (!is_digit(text.p[i]) && !comma)
            break;
        if (!comma && n < LARGEST)
            n = n * 10 + (text.p[i] - '0');
    }
    *rest = str_from(text, i);
    return n >= SMALLEST && n < LARGEST ? n : 0;
}

static int64_t number_behind(str message, const char *phrase)
{
    size_t len = strlen(phrase);
    const char *at =
        message.n > 0 ? memmem(message.p, message.n, phrase, len) : NULL;
    str rest;
    if (at == NULL)
        return 0;
    return take_number(str_from(message, (size_t)(at - message.p) + len),
                       &rest);
}

struct window window_told(str message)
{
    struct window w = {0, 0};
    message.n = message.n < LONGEST ? message.n : LONGEST;
    for (size_t i = 0; w.limit == 0 && i < sizeof phrases / sizeof phrases[0];
         i++)
        w.limit = number_behind(message, phrases[i]);
    for (str rest = message; w.limit > 0 && rest.n > 0;) {
        int64_t n = 0;
        if (is_digit(rest.p[0]))
            n = take_number(rest, &rest);
        else
            rest = str_from(rest, 1);
        w.asked = n > w.limit && n > w.asked ? n : w.asked;
    }
    return w;
}

int64_t window_aim(struct window w, int64_t now)
{
    int64_t quarter_less = now - now / 4, aim = quarter_less;
    if (w.limit > 0 && w.asked > w.limit)
        aim = SPARE((int64_t)((double)now * (double)w.limit / (double)w.asked));
    else if (w.limit > 0 && SPARE(w.limit) < quarter_less)
        aim = SPARE(w.limit);
    return aim < now ? aim : now - 1;
}
