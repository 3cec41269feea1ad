/*
** test_plain.c -- our own transport keeps a transport's promises.
*/
#include "transport_cases.h"

TESTS_OF(TRANSPORT_CASES)
