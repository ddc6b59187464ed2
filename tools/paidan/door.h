/* Talking to the server: one HTTP request at a time, its problem shown as sentences, its answer as a JSON tree. */
#ifndef PAIDAN_DOOR_H
#define PAIDAN_DOOR_H

#include "tools/paidan/cli.h"

struct door_answer {
    int status;
    struct buffer body;
    struct cJSON *tree; /* of a JSON body; NULL otherwise */
    int retry_after_s;  /* Retry-After; -1: not given */
    char type[80];      /* Content-Type */
    char next[512];     /* path of Link rel="next", or "" */
    char cookie[256];   /* what Set-Cookie named, "NAME=VALUE" */
};

void door_answer_done(struct door_answer *answer);

/* Sends, and again after Retry-After while the answer is 429 or 503 that took no effect, for at most PAIDAN_PATIENCE seconds (10
 * unless said otherwise). An answer of 400 and above was said (or, with --json, printed) and is CLI_REFUSED, one of 502 to 504 and none at all
 * CLI_UNREACHABLE. path begins with a slash. body NULL: none. */
enum cli_exit door_send(struct cli *cli, const char *method, const char *path, const char *type, const void *body,
                        size_t len, struct door_answer *ret_answer);
/* Without credentials, and without saying anything: for the login. */
enum cli_exit door_send_plain(struct cli *cli, const char *method, const char *path, const char *body,
                              struct door_answer *ret_answer);
/* The problem of an answer, on stderr. */
void door_say_problem(struct cli *cli, const struct door_answer *answer);

/* A stream's event as it comes; `data` is its JSON, or NULL when it is none. */
typedef void door_event(void *context, const char *event, const struct cJSON *data);
/* The same for an answer that is a stream of events (text/event-stream): `event` hears each, and the body stays empty. */
enum cli_exit door_watch(struct cli *cli, const char *method, const char *path, const char *type, const void *body,
                         size_t len, door_event *event, void *context, struct door_answer *ret_answer);

enum cli_exit door_get(struct cli *cli, const char *path, struct door_answer *ret_answer);
enum cli_exit door_post(struct cli *cli, const char *path, const struct buffer *json, struct door_answer *ret_answer);

/* For --json: the body as it came, with a line end. */
void door_print(const struct door_answer *answer);
/* Escaped for a path or a query. */
const char *door_part(struct cli *cli, const char *text);

/* Reading trees without asking whether a member is there: "" and 0 and NULL then. */
const char *tree_text(const struct cJSON *tree, const char *key);
int64_t tree_int(const struct cJSON *tree, const char *key);
bool tree_bool(const struct cJSON *tree, const char *key);
const struct cJSON *tree_at(const struct cJSON *tree, const char *key);
/* {"zh", "en"}, or {"name": {"zh", "en"}}, or a text: in the language. */
const char *tree_name(const struct cli *cli, const struct cJSON *tree, const char *key);
/* "2026-11-21T09:30:00+08:00" as "2026-11-21 09:30", "-" when absent. In the arena. */
const char *tree_time(struct cli *cli, const struct cJSON *tree, const char *key);

#endif
