/* The three ways in for requests, as something a plan can send through. */
#ifndef BENCH_PUSH_H
#define BENCH_PUSH_H

#include "bench/load/city.h"
#include "bench/load/plan.h"

enum { PUSH_CONNECTIONS_MAX = 64 };

struct push;
/* door=batch|single|bus, connections=, lines= (of a batch, at most), credit= (unanswered at most over the bus), token=, port=, source= (only what it says). `plain`: nothing special. */
struct push *push_open(struct load *load, const struct city *city, struct plan *plan, bool plain);
void push_close(struct push **push);
plan_send push_send; /* context: the push */

#endif
