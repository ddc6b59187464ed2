/* paidan submit: one request from options or a JSON file, or many from an NDJSON file. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/json_writer.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"

static void put_option(struct json_writer *w, const struct cli *cli, const char *option, const char *key) {
    const char *value = cli_option(cli, option);
    if (value) json_put_string(w, key, value);
}

static bool any_option(const struct cli *cli, const char *const *names) {
    for (; *names; names++)
        if (cli_option(cli, *names)) return true;
    return false;
}

static void put_degree(struct json_writer *w, const struct cli *cli, const char *name) {
    const char *value = cli_option(cli, name);
    char *end;
    double number = value ? strtod(value, &end) : 0;
    if (!value) return;
    if (*value && !*end)
        json_put_double(w, name, number);
    else
        json_put_string(w, name, value); /* the server says what is wrong with it */
}

static void write_request(struct json_writer *w, const struct cli *cli) {
    static const char *const places[] = {"lon", "lat", "address", "grid", NULL};
    static const char *const people[] = {"name", "phone", "confidential", NULL};
    json_open(w);
    json_put_string(w, "source", cli_option(cli, "source") ? cli_option(cli, "source") : "hotline-12345");
    put_option(w, cli, "id", "external_id");
    put_option(w, cli, "channel", "channel");
    put_option(w, cli, "matter", "matter");
    put_option(w, cli, "title", "title");
    put_option(w, cli, "description", "description");
    put_option(w, cli, "urgency", "urgency");
    put_option(w, cli, "occurred-at", "occurred_at");
    if (any_option(cli, places)) {
        json_put_open(w, "location");
        put_degree(w, cli, "lon");
        put_degree(w, cli, "lat");
        put_option(w, cli, "address", "address");
        put_option(w, cli, "grid", "grid");
        json_close(w);
    }
    if (any_option(cli, people)) {
        json_put_open(w, "requester");
        put_option(w, cli, "name", "name");
        put_option(w, cli, "phone", "phone");
        if (cli_flag(cli, "confidential")) json_put_bool(w, "confidential", true);
        json_close(w);
    }
    json_close(w);
}

static void say_accepted(struct cli *cli, const struct cJSON *tree, int status) {
    printf("%s  %s  %s\n", tree_text(tree, "number"),
           status == 200 ? cli_in(cli, "此前已受理", "accepted before") : cli_in(cli, "已受理", "accepted"),
           tree_time(cli, tree, "received_at"));
}

/* One answer a line; the exit code tells whether all were accepted. */
static enum cli_exit say_batch(struct cli *cli, const struct door_answer *answer) {
    const char *at = (const char *)answer->body.data, *end = at + answer->body.length;
    size_t line = 0, refused = 0, accepted = 0, repeated = 0;
    struct json_fault fault;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline ? newline : end) - at);
        struct cJSON *tree = NULL;
        line++;
        if (len && json_parse(at, len, NULL, &tree, &fault) == ERR_NONE) {
            int64_t status = tree_int(tree, "status");
            accepted += status == 201;
            repeated += status == 200;
            refused += status >= 400;
            const struct cJSON *item, *errors = tree_at(tree, "errors");
            if (status >= 400 && (!errors || !errors->child))
                fprintf(stderr, "%zu: %s (%lld)\n", line, tree_text(tree, "title"), (long long)status);
            cJSON_ArrayForEach(item, errors)
                fprintf(stderr, "%zu: %s  %s\n", line, tree_text(item, "pointer"), tree_text(item, "detail"));
            json_free(&tree);
        }
        at = newline ? newline + 1 : end;
    }
    printf(cli_in(cli, "受理 %zu, 此前已受理 %zu, 被拒绝 %zu\n", "accepted %zu, accepted before %zu, refused %zu\n"),
           accepted, repeated, refused);
    return refused ? CLI_REFUSED : CLI_OK;
}

static bool has_end(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

enum cli_exit run_submit(struct cli *cli) {
    struct buffer json = {0};
    struct door_answer answer;
    bool batch = false;
    enum cli_exit code = CLI_OK;
    if (cli->arg_count) {
        char *bytes;
        size_t len;
        code = cli_read(cli, cli->args[0], &bytes, &len);
        if (code != CLI_OK) return code;
        buffer_append(&json, bytes, len);
        batch = cli_flag(cli, "batch") || has_end(cli->args[0], ".ndjson");
    } else {
        struct json_writer w;
        json_writer_init(&w, &json);
        write_request(&w, cli);
    }
    code = door_send(cli, "POST", batch ? "/api/v1/requests/batch" : "/api/v1/requests",
                     batch ? "application/x-ndjson" : "application/json", json.data ? (const void *)json.data : "",
                     json.length, &answer);
    buffer_done(&json);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK && batch)
        code = say_batch(cli, &answer);
    else if (code == CLI_OK)
        say_accepted(cli, answer.tree, answer.status);
    door_answer_done(&answer);
    return code;
}
