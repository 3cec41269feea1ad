/*
** money.c -- lives in which something is kept: what was spent, who may ask, work
** that waits, answers that are given once.
**
** Whatever fails: nothing is answered upstream that nobody pays for, nothing
** that was promised is forgotten, and nothing stays reserved for ever.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "life.h"
#include "upstream.h"

/* --- what is asked of health ------------------------------------------------- */

/* The number behind `"name":` in what was last got; -1: there is none. */
static long number_of(const char *name)
{
    const char *at = strstr(got.bytes, name);
    return at != NULL ? atol(at + strlen(name)) : -1;
}

static long health(const char *name)
{
    return ask_at(port, "GET /healthz", "", "") == 200 ? number_of(name) : -1;
}

/* --- budgets ----------------------------------------------------------------- */

#define MODEL "local m = p.model { 'up/m'" PATIENT
#define GATED "return function(req) return b(req) or m(req) or p.sorry 'no' end"
#define BUDGET                                                      \
    UP "local b = p.budget('b', { '1M tokens/day', each = 'user', " \
       "warn = 0.000001, on_warn = function() end }) " MODEL GATED
#define DOLLARS                                                               \
    UP "p.prices { ['up/m'] = { input = 1, output = 2 } } "                   \
       "local c = p.budget('cap', '50k tokens/request') "                     \
       "local b = p.budget('b', { '1 usd/day', align = 'rolling' }) "         \
       "local busy = p.model { 'up/busy'" PATIENT MODEL                       \
       "return function(req) return c(req) or b(req) or busy(req) or m(req) " \
       "or p.sorry 'no' end"

static long answers_before;

static void count_answers(void)
{
    answers_before = upstream_answers();
}

static void ask_before(void)
{
    ask_whole();
    count_answers();
}

/* Nothing stays reserved, and what was answered in this life is spent. */
static void settled(void)
{
    long reserved = 0; /* whoever left unseen is given up after four seconds */
    for (int i = 0; i < 1000 && (reserved = health("\"reserved\":")) > 0; i++)
        for (int k = 0; k < 10; k++)
            turn();
    if (reserved > 0)
        wrong("a reservation is never settled");
    long answers = upstream_answers() - answers_before;
    long spent = health("\"spent\":");
    if (peri != NULL && reserved == 0 && answers > 0 &&
        spent < answers * UPSTREAM_TOKENS)
        wrong("what was answered is not spent");
}

static void reopen(void)
{
    close_all();
    if (open_all() != 0)
        close_all();
}

static void close_before(void)
{
    ask_before();
    close_all();
}

static void reopen_and_ask(void)
{
    TORTURED(reopen());
    if (peri != NULL)
        ask_whole();
}

/* It opens, at the latest when nothing fails any more. */
static void opened(void)
{
    if (peri == NULL && open_all() != 0)
        wrong("it does not open again");
}

static void leave_stream(void)
{
    client_connect(&got, port);
    client_send(&got, CHAT, "", STREAM);
    for (int i = 0;
         i < PATIENCE && !got.ended && strstr(got.bytes, "hello") == NULL;
         i++) {
        turn();
        client_read(&got);
    }
    client_close(&got);
    turn();
}

/* --- keys of clients --------------------------------------------------------- */

static void bear(const char *text)
{
    snprintf(life_bearer, sizeof life_bearer, "Authorization: Bearer %.*s\r\n",
             (int)strcspn(text, "\n\""), text);
}

static void make_key(void)
{
    char text[256];
    char *args[] = {"add",
                    "--user",
                    "ada",
                    "--limit",
                    "60 requests/min",
                    "--limit",
                    "20k tokens/min",
                    "--budget",
                    "1M tokens/day"};
    command("keys", sizeof args / sizeof args[0], args, text);
    bear(text);
    reopen();
    count_answers();
}

static void ask_keyed(void)
{
    if (ask_at(port, CHAT, "Authorization: Bearer peri-none\r\n", WHOLE) == 200)
        wrong("a key that is none is let in");
    ask_whole();
}

/* Keys are wanted, also by whoever looks whether all is well. */
static void keyed_still(void)
{
    int status = 0; /* keys that could not be read are read again in a second */
    settled();
    for (int i = 0; i < 20 && (status = request(WHOLE)) != 200; i++)
        for (int k = 0; k < 100; k++)
            turn();
    if (status != 200)
        wrong("a key is not let in afterwards");
}

/* --- work that waits --------------------------------------------------------- */

#define QUEUE                                                      \
    UP "local later = p.queue('later', { windows = '1s' }) " MODEL \
       "return function(req) if req.job then return m(req) end "   \
       "return later(req) or p.sorry 'no' end"
#define WAITING                                                  \
    UP "local later = p.queue('later', { windows = '1s' }) "     \
       "local m = p.model { 'up/busy', breaker = false " PATIENT \
       "return { m, later, p.sorry 'no' }"

static char job[96]; /* "GET /v1/jobs/ID"; "": none was promised */

static void keep_job(void)
{
    job[0] = '\0';
    int status = ask_at(port, CHAT, "Prefer: respond-async\r\n", WHOLE);
    const char *at = strstr(got.bytes, "/v1/jobs/");
    if (status == 202 && at != NULL)
        snprintf(job, sizeof job, "GET %.45s", at);
}

static int look_at_job(void)
{
    return job[0] != '\0' && peri != NULL ? ask_at(port, job, "", "") : 0;
}

static void await_job(void)
{
    for (int i = 0; i < 1500 && look_at_job() == 202; i++)
        for (int k = 0; k < 10; k++)
            turn();
}

static void keep_and_await(void)
{
    keep_job();
    await_job();
}

static void keep_before(void)
{
    keep_job();
    edit(QUEUE);
    close_all();
}

static void reopen_and_await(void)
{
    TORTURED(reopen());
    if (peri != NULL)
        await_job();
}

static void done_before(void)
{
    keep_and_await();
}

static void delete_job(void)
{
    char line[128];
    look_at_job();
    snprintf(line, sizeof line, "DELETE %s", job + 4);
    ask_at(port, line, "", "");
}

/* What was promised is there, and comes to its end. */
static void promise_kept(void)
{
    opened();
    if (job[0] == '\0' || peri == NULL)
        return;
    await_job();
    int status = look_at_job();
    if (status == 404)
        wrong("a job that was promised is not known");
    else if (status == 202)
        wrong("a job never ends");
}

/* --- once -------------------------------------------------------------------- */

#define KEY "Idempotency-Key: 7\r\n"

static struct client other;
static int status_before, asked_again;

static void ask_once(void)
{
    count_answers();
    status_before = ask_at(port, CHAT, KEY, WHOLE);
}

static void ask_two(void)
{
    count_answers();
    client_connect(&got, port);
    client_connect(&other, port);
    client_send(&got, CHAT, KEY, WHOLE);
    client_send(&other, CHAT, KEY, WHOLE);
    client_await(&got);
    client_await(&other);
    client_close(&got);
    client_close(&other);
}

static void ask_again(void)
{
    long answers = upstream_answers();
    ask_at(port, CHAT, KEY, WHOLE);
    asked_again = status_before == 200 && upstream_answers() != answers;
}

/* It can be sent again until it is answered; asked is it twice only where the log
** says that answers cannot be kept. */
static void once_in_the_end(void)
{
    if (ask_at(port, CHAT, KEY, WHOLE) != 200)
        wrong("a request under its key cannot be sent again");
    if (asked_again && !said("idempotency_unkept"))
        wrong("what was answered under a key is asked once more");
    asked_again = 0;
}

/* --- usage, the admin API ---------------------------------------------------- */

#define ADMIN                                                      \
    "Authorization: Bearer an-admin-token-of-some-40-characters-0" \
    "00\r\nContent-Type: application/json\r\n"

static char key_id[32];

static int administer(const char *what, const char *body)
{
    return ask_at(admin_port, what, ADMIN, body);
}

static void note_id(void)
{
    const char *at = strstr(got.bytes, "\"id\":\"");
    if (at != NULL)
        snprintf(key_id, sizeof key_id, "%.14s", at + 6);
}

static void key_do(const char *method, const char *more, const char *body)
{
    char what[96];
    snprintf(what, sizeof what, "%s /admin/keys/%s%s", method, key_id, more);
    administer(what, body);
}

static void change_keys(void)
{
    key_id[0] = '\0';
    if (administer("POST /admin/keys",
                   "{\"user\":\"ada\",\"limits\":[\"60 requests/min\"],"
                   "\"budgets\":[\"1 usd/day\"]}") != 201)
        return;
    note_id();
    key_do("PATCH", "", "{\"budgets\":[\"1M tokens/day\"],\"team\":\"gold\"}");
    key_do("POST", "/rotate", "");
    key_do("GET", "", "");
    key_do("DELETE", "", "");
}

/* From the first key on everybody needs one. */
static void want_key(void)
{
    if (administer("POST /admin/keys", "{}") != 201)
        wrong("no key can be made");
    const char *at = strstr(got.bytes, "\"peri-");
    if (at != NULL)
        bear(at + 1);
}

/* What the API has told is so afterwards. */
static void key_known(void)
{
    char what[64];
    want_key();
    if (key_id[0] == '\0')
        return;
    snprintf(what, sizeof what, "GET /admin/keys/%s", key_id);
    if (administer(what, "") != 200)
        wrong("a key that was made is not there");
    key_do("DELETE", "", "");
    if (strstr(got.bytes, "\"revoked\"") == NULL)
        wrong("a key cannot be revoked");
}

static void look_around(void)
{
    administer("GET /admin/keys", "");
    administer("GET /admin/usage?by=key,user,day", "");
    administer("GET /admin/budgets", "");
}

static void use_and_close(void)
{
    ask_whole();
    TORTURED(close_all());
}

static void use_before(void)
{
    ask_whole();
    reopen();
}

const struct scenario money_lives[] = {
    {"budget-open", BUDGET, nothing, open_it, LIFE_OPENS | LIFE_STORES, 4,
     NULL},
    {"budget", BUDGET, count_answers, ask_whole, LIFE_STORES, 0, settled},
    {"budget-warm", BUDGET, ask_before, ask_stream, LIFE_STORES, 0, settled},
    {"budget-dollars", DOLLARS, ask_before, ask_whole, LIFE_STORES | LIFE_POWER,
     0, settled},
    {"budget-over", UP "local b = p.budget('b', '300 tokens/day') " MODEL GATED,
     ask_before, ask_whole, LIFE_STORES, 0, settled},
    {"budget-leave",
     UP "local b = p.budget('b', '1M tokens/day') "
        "local m = p.model { 'up/drip'" PATIENT GATED,
     count_answers, leave_stream, LIFE_STORES, 2, settled},
    {"budget-reopen", BUDGET, close_before, reopen_and_ask, LIFE_STORES, 4,
     opened},
    {"key", PLAIN, make_key, ask_keyed, LIFE_STORES, 0, keyed_still},
    {"queue", QUEUE, nothing, keep_and_await, LIFE_STORES, 4, promise_kept},
    {"queue-reopen", WAITING, keep_before, reopen_and_await, LIFE_STORES, 8,
     promise_kept},
    {"queue-over", QUEUE, done_before, delete_job, LIFE_STORES, 4, opened},
    {"once", PLAIN, nothing, ask_once, LIFE_STORES, 0, once_in_the_end},
    {"once-again", PLAIN, ask_once, ask_again, LIFE_STORES, 0, once_in_the_end},
    {"once-two", PLAIN, nothing, ask_two, LIFE_STORES, 0, once_in_the_end},
    {"usage", PLAIN, nothing, use_and_close, LIFE_STORES | LIFE_USAGE, 0,
     opened},
    {"admin-change", PLAIN, nothing, change_keys, LIFE_STORES | LIFE_ADMIN, 3,
     key_known},
    {"admin-look", BUDGET, use_before, look_around,
     LIFE_STORES | LIFE_USAGE | LIFE_ADMIN, 2, NULL},
    {NULL, NULL, NULL, NULL, 0, 0, NULL},
};
