/*
** hello.c -- the smallest program with a gateway inside.
**
** One runtime, the built-in policy, one question. The answer comes in through
** a sink: head once, chunks as they flow, done last.
**
**     cc -Icore examples/hello.c build/libperilune.a \
**        -llua5.4 -lev -llmdb -lcurl -lcrypto -lm -lpthread
*/
#include <stdio.h>
#include <string.h>

#include "perilune.h"

static const char question[] =
    "{\"model\": \"gpt-4o-mini\", \"stream\": true,"
    " \"messages\": [{\"role\": \"user\", \"content\": \"Hello, moon!\"}]}";

static int chunk(void *user, const char *bytes, size_t len)
{
    (void)user;
    fwrite(bytes, 1, len, stdout);
    return PERI_GO;
}

static void done(void *user, int outcome)
{
    printf("outcome %d\n", outcome);
    peri_stop(user, 0);
}

int main(void)
{
    perilune *gateway;
    int error = peri_open(&gateway, NULL);
    if (error != 0) {
        fprintf(stderr, "hello: %s\n", peri_strerror(error));
        return 1;
    }
    peri_request ask = {
        .size = sizeof ask,
        .body = question,
        .body_len = strlen(question),
    };
    peri_sink sink = {
        .size = sizeof sink,
        .user = gateway,
        .chunk = chunk,
        .done = done,
    };
    error = peri_load(gateway, NULL);
    if (error == 0)
        error = peri_submit(gateway, &ask, &sink, NULL);
    if (error == 0)
        error = peri_run(gateway);
    if (error != 0)
        fprintf(stderr, "hello: %s\n", peri_error(gateway));
    peri_close(gateway);
    return error != 0;
}
