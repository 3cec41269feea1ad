/*
** test_plain_faults.c -- the same, when upstreams misbehave.
*/
#include "transport_faults.h"

TESTS_OF(TRANSPORT_FAULTS)
