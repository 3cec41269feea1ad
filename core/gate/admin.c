/*
** admin.c -- an address, and secrets out of a file and the environment.
**
** A token has no flag: whoever lists the processes of a machine reads flags. It
** leaves the environment at once, so that no policy can name it as a secret of
** its own and send it to a provider.
*/
#include "gate/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "PERILUNE_ADMIN_TOKEN"
#define HOW      "make one: openssl rand -hex 32"

const char *admin_set_address(struct admin_options *o, const char *value)
{
    int n;
    if (*value == ':')
        return "--admin: say the host in full, such as 0.0.0.0:9090, or the "
               "port alone for 127.0.0.1";
    if (*value != '\0' && value[strspn(value, "0123456789")] == '\0')
        n = snprintf(o->address, sizeof o->address, "127.0.0.1:%s", value);
    else
        n = snprintf(o->address, sizeof o->address, "%s", value);
    if (n >= (int)sizeof o->address || strchr(o->address, ':') == NULL)
        return "--admin needs a port, or an address such as 127.0.0.1:9090";
    return NULL;
}

static int read_file(struct admin_options *o, char *error, size_t size)
{
    FILE *f = fopen(o->file, "re");
    if (f == NULL) {
        snprintf(error, size, "--admin-token-file %s: %s", o->file,
                 strerror(errno));
        return -1;
    }
    setvbuf(f, NULL, _IONBF, 0); /* nothing of it stays behind */
    size_t n = fread(o->tokens, 1, sizeof o->tokens - 1, f);
    int whole = feof(f) && !ferror(f);
    fclose(f);
    o->tokens[n] = '\0';
    if (whole && memchr(o->tokens, '\0', n) == NULL)
        return 0;
    snprintf(error, size, "--admin-token-file %s holds no token; " HOW,
             o->file);
    return -1;
}

/* Behind what the file said. Then it is gone from where it was. */
static int take_variable(struct admin_options *o, char *error, size_t size)
{
    char *value = getenv(VARIABLE);
    size_t used = strlen(o->tokens);
    if (value == NULL)
        return 0;
    int n = snprintf(o->tokens + used, sizeof o->tokens - used, "\n%s", value);
    explicit_bzero(value, strlen(value));
    unsetenv(VARIABLE);
    if (n < (int)(sizeof o->tokens - used))
        return 0;
    snprintf(error, size, VARIABLE " is too long; " HOW);
    return -1;
}

int admin_find_tokens(struct admin_options *o, char *error, size_t size)
{
    int on = o->address[0] != '\0';
    int wrong = on && o->file != NULL ? read_file(o, error, size) : 0;
    if (take_variable(o, error, size) != 0 || wrong != 0)
        return -1;
    if (!on || o->tokens[strspn(o->tokens, "\r\n")] != '\0')
        return 0;
    snprintf(error, size,
             "--admin needs a token, in " VARIABLE " or in a file named by "
             "--admin-token-file; " HOW);
    return -1;
}
