/*
** test_curl_faults.c -- the same, when upstreams misbehave.
*/
#define OVER_CURL
#include "transport_faults.h"

TESTS_OF(TRANSPORT_FAULTS)
