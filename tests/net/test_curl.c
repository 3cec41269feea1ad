/*
** test_curl.c -- the transport on libcurl keeps a transport's promises.
*/
#define OVER_CURL
#include "transport_cases.h"

TESTS_OF(TRANSPORT_CASES)
