/* Showing answers whose shape is plain: a list of objects as a table, one object as lines. */
#ifndef PAIDAN_ANSWERS_H
#define PAIDAN_ANSWERS_H

#include "common/json_writer.h"
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

/* What is shown of an answer when not as JSON. */
typedef void answers_say(struct cli *cli, const struct cJSON *tree);
/* Posts, and prints JSON with --json, otherwise what `say` makes of it. json is taken; NULL: no body. */
enum cli_exit answers_post(struct cli *cli, const char *path, struct buffer *json, answers_say *say);
/* A secret that is told once: itself on stdout, for a script, and on stderr that it will not be seen again. */
void answers_once(struct cli *cli, const char *secret, const char *zh, const char *en);
/* "a,b" or "a;b" as the list `key`; nothing when text is NULL. */
void answers_put_list(struct json_writer *w, const char *key, const char *text);

#endif
