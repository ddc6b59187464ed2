/* What refusals say is written down: docs/rules.md, read once, from the project's root. See check.h. */
#include <stdio.h>
#include <string.h>

#include "core/verdict.h"
#include "tests/sim/check.h"

static char rules[262144];

static void read_rules(void) {
    FILE *file = fopen("docs/rules.md", "r");
    if (!file) broken("rules", "cannot open docs/rules.md: run the simulator from the project's root");
    rules[fread(rules, 1, sizeof rules - 1, file)] = '\0';
    fclose(file);
}

void check_rule(uint32_t verdict) {
    const struct verdict_row *row = verdict_row((int)verdict);
    char mark[32];
    if (!rules[0]) read_rules();
    if (row->value != verdict) broken("rules", "a refusal has the unknown number %u", verdict);
    snprintf(mark, sizeof mark, "\n- **%s** ", row->rule);
    if (!strstr(rules, mark)) broken("rules", "%s names rule %s, which is not written down", row->name, row->rule);
}
