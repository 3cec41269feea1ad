/*
** fault_sign.c -- the upstream's failures, and those that are not.
**
** What lies in the request would fail anywhere; a limit says "slower", not
** "broken"; a key, an account or a name that is refused is not cured by
** waiting, and belongs to those who watch keys.
*/
#include "net/call/fault_sign.h"

enum visit_sign fault_sign(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_NONE:
        return VISIT_WELL;
    case FAULT_RATE_LIMITED:
        return VISIT_LIMITED;
    case FAULT_OVERLOADED:
    case FAULT_TIMEOUT_CONNECT:
    case FAULT_TIMEOUT_FIRST:
    case FAULT_TIMEOUT_TOTAL:
        return VISIT_STRAINED;
    case FAULT_SERVER_ERROR:
    case FAULT_TIMEOUT_IDLE:
    case FAULT_NETWORK:
    case FAULT_BROKEN_STREAM:
    case FAULT_MALFORMED:
        return VISIT_FAILED;
    case FAULT_QUOTA_EXHAUSTED:
    case FAULT_AUTH:
    case FAULT_NOT_FOUND:
        return VISIT_BARRED;
    default:
        return VISIT_NOTHING;
    }
}
