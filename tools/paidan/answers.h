/* Showing answers whose shape is plain: a list of objects as a table, one object as lines. */
#ifndef PAIDAN_ANSWERS_H
#define PAIDAN_ANSWERS_H

#include "tools/paidan/door.h"

struct answers_column {
    const char *key; /* a member; "a.b" goes deeper; with '>' in front: a number */
    const char *zh, *en;
};

/* The list member `list` of the answer as a table. columns end with a NULL key. */
void answers_table(struct cli *cli, const struct cJSON *tree, const char *list, const struct answers_column *columns);
/* Sends, and prints JSON with --json; otherwise the table. Pages through all when the answer links to a next one. */
enum cli_exit answers_list(struct cli *cli, const char *path, const char *list, const struct answers_column *columns);
/* Sends, and prints JSON with --json, otherwise the sentence (a printf with one %s: the name). */
enum cli_exit answers_act(struct cli *cli, const char *method, const char *path, const struct buffer *json,
                          const char *zh, const char *en, const char *name);

#endif
