/* Routing rules over HTTP: as a file (import_rules.c), one by one (rules.c), what a file would change (rules_preview.c), and drafts
 * from adjudications (rules_draft.c). All of it is the system administrator's; every change keeps the version before it. */
#ifndef CONSOLE_RULES_H
#define CONSOLE_RULES_H

#include "services/console/rule_fields.h"

void import_rules(struct call *call);
void rules_preview_post(struct call *call);
void rules_test_post(struct call *call);
void rules_get(struct call *call);
void rule_get(struct call *call);
void rules_post(struct call *call);
void rule_post(struct call *call);
void rule_drafts_get(struct call *call);
void rules_reroute_post(struct call *call);

/* One rule as JSON text of these fields, checked and stored like a file of one row; dry_run only checks. */
void rules_import_one(struct call *call, const char *const fields[RULE_COLUMNS]);

/* What is routed again needs the words of its request: adds the statement to the group, and from its result fills the command. */
void rules_ask_texts(struct call *call, int64_t ticket);
void rules_take_texts(struct call *call, const struct db_result *rows, struct command *command);

/* ---- between import_rules.c and rules_preview.c */

struct rules_plan {
    struct rule *rules; /* what there is, changed by the file, and what it adds */
    struct reference_rule *texts;
    uint8_t *change; /* beside them: enum rule_change */
    uint32_t count, next;
    struct reference imagined; /* the reference with these rules; shares everything else */
};
enum rule_change { RULE_STAYS, RULE_SAME, RULE_CHANGED, RULE_NEW };

/* Goes on where the file was checked without a fault; answers the import's call. */
void rules_preview_begin(struct import *import);

/* What an adjudication of this ticket proposes, into an object that is open; no `unit`: nothing. */
void put_rule_draft(struct json_writer *w, struct arena *arena, const struct reference *reference,
                    const struct ticket *ticket, uint32_t unit);

#endif
