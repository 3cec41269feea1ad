/*
** fault_sign.h -- what a fault says of whoever was asked.
*/
#ifndef NET_FAULT_SIGN_H
#define NET_FAULT_SIGN_H

#include "meter/target.h"
#include "net/call/fault.h"

/* VISIT_FAILED and VISIT_STRAINED are the failures that breakers count. */
enum visit_sign fault_sign(enum fault_kind kind);

#endif
