/*
** exchange.c -- what may be sent, whichever transport sends it.
**
** Framing belongs to the transport: a field that speaks of it would let one
** request pass for two, and so would a line end in a value.
*/
#include "net/transport.h"

#include <strings.h>

bool exchange_has(const struct exchange *x, str name)
{
    for (int i = 0; i < x->headers_n; i++)
        if (str_eq_nocase(x->headers[i].name, name))
            return true;
    return false;
}

bool exchange_sendable(const struct exchange *x)
{
    if (strncasecmp(x->url, "http://", 7) != 0 &&
        strncasecmp(x->url, "https://", 8) != 0)
        return false;
    for (int i = 0; i < x->headers_n; i++)
        if (!http_name_ok(x->headers[i].name) ||
            !http_value_ok(x->headers[i].value))
            return false;
    return !exchange_has(x, STR("content-length")) &&
           !exchange_has(x, STR("transfer-encoding")) &&
           !exchange_has(x, STR("expect"));
}
