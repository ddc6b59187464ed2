/* Routing rules as data: which of them holds for a request (rules R11 to R14). Where it then goes is core/routing.h's. Pure: text
 * comes folded from the door, which knows it; from there on the request carries the numbers of the rules whose keywords it
 * holds, so that neither the router nor the bus carries texts. */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include "core/world.h"
#include "proto/messages.h"

/* What world.rule_filter holds of these keywords: their first characters. */
void rule_filter(const struct rule_word *words, uint32_t count, uint8_t ret_filter[RULE_FILTER_BYTES]);

/* The rules whose keywords stand in one of the texts (folded by common/text), in the order in which rules are tried; at most
 * ROUTE_RULES_MAX. Rules without keywords are not among them. Costs a look at each character, and nothing without rules. */
uint16_t rule_find(const struct world *world, const struct text *texts, int text_count,
                   uint32_t ret_rules[ROUTE_RULES_MAX]);

/* Whether everything the rule asks of a request holds: keywords by request->rules, time by request->received_at. `in_force_at` is the
 * time whose rules are asked for: the time of receipt when a request comes in, now when one is routed again. */
bool rule_holds(const struct world *world, const struct rule *rule, const struct request_new *request,
                time_ms in_force_at);

/* The order in which rules are tried (rule R12): negative when `a` comes first. */
int rule_order(const struct rule *a, const struct rule *b);

/* The rule with this number, or NULL. */
const struct rule *rule_by_no(const struct world *world, uint32_t no);

#endif
