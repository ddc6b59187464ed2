/* The texts of routing rules: the keywords an administrator wrote, taken apart and folded; and the rules of the reference data that
 * a request's texts hold. What a rule means is core/rule.h's. */
#ifndef KIT_RULE_TEXT_H
#define KIT_RULE_TEXT_H

#include "common/text.h"
#include "core/rule.h"
#include "services/kit/reference.h"

enum rule_text_fault { RULE_TEXT_OK, RULE_TEXT_TOO_MANY, RULE_TEXT_TOO_LONG, RULE_TEXT_TOO_SHORT, RULE_TEXT_INVALID };

/* "路灯+不亮|电梯": fills the rule's alternatives, and its words but for `rule`. An empty text asks for nothing. Folded words lie in
 * the arena; each has two characters at least. */
enum rule_text_fault rule_text_read(struct arena *arena, const char *text, size_t len, struct rule *rule,
                                    struct rule_word ret_words[RULE_WORDS_MAX], uint32_t *ret_count);

/* Folds title and description (in the arena) and finds the rules whose keywords they hold (rule R14). Nothing is folded when no
 * rule asks for keywords. */
uint16_t rule_text_find(struct arena *arena, const struct world *world, struct span title, struct span description,
                        uint32_t ret_rules[ROUTE_RULES_MAX]);

/* Puts the rules into the order in which they are tried, finds their words and the filter: completes world and reference. `words`
 * stand as they were written in reference->rules. must: each can be read (it was checked before it was stored). */
void rule_text_seal(struct arena *arena, struct rule *rules, struct reference_rule *texts, uint32_t count,
                    struct reference *reference);

/* The rows of reference.c's query, into world and reference (reference_rules.c). */
void reference_read_rules(struct arena *arena, const struct db_result *rows, struct reference *reference);

#endif
