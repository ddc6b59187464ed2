/* paidan attachment put, get and list: the same doors as everybody's. A file goes as one part of a multipart body, as curl -F sends it. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "common/file.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"

enum { BOUNDARY_BYTES = 2 * 16 + 1 };

/* A boundary of 128 random bits: no file holds it. Names stay at home. */
static enum cli_exit add_file(struct cli *cli, const char *path, const char *boundary, struct buffer *body) {
    char *bytes;
    size_t len;
    enum cli_exit code = cli_read(cli, path, &bytes, &len);
    if (code != CLI_OK) return code;
    buffer_format(body, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\n", boundary);
    buffer_append(body, bytes, len);
    buffer_append_text(body, "\r\n");
    return CLI_OK;
}

static void show(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *file;
    cJSON_ArrayForEach(file, tree_at(tree, "attachments")) {
        const struct cJSON *suggestion = tree_at(file, "suggestion");
        printf("%s  %s  %lld %s", tree_text(file, "id"), tree_text(file, "type"), (long long)tree_int(file, "bytes"),
               cli_in(cli, "字节", "bytes"));
        if (cJSON_IsObject(suggestion)) {
            const struct cJSON *place = tree_at(suggestion, "location");
            printf("  %s", tree_time(cli, suggestion, "occurred_at"));
            if (cJSON_IsObject(place))
                printf(" %.6f,%.6f", tree_at(place, "lon")->valuedouble, tree_at(place, "lat")->valuedouble);
        }
        putchar('\n');
    }
}

enum cli_exit run_attachment_put(struct cli *cli) {
    struct buffer body = {0};
    struct door_answer answer;
    uint8_t random[16];
    char boundary[BOUNDARY_BYTES];
    if (crypto_open() != ERR_NONE) return cli_fail(cli, CLI_REFUSED, "没有随机数", "there is no randomness");
    crypto_random(random, sizeof random);
    crypto_to_hex(random, sizeof random, boundary);
    enum cli_exit code = CLI_OK;
    for (int i = 0; i < cli->arg_count && code == CLI_OK; i++) code = add_file(cli, cli->args[i], boundary, &body);
    buffer_format(&body, "--%s--\r\n", boundary);
    if (code == CLI_OK) {
        const char *type = cli_printf(cli, "multipart/form-data; boundary=%s", boundary);
        code = door_send(cli, "POST", "/api/v1/attachments", type, body.data, body.length, &answer);
        if (code == CLI_OK && cli->json)
            door_print(&answer);
        else if (code == CLI_OK)
            show(cli, answer.tree);
        door_answer_done(&answer);
    }
    buffer_done(&body);
    return code;
}

/* To a file, which must be new, or to standard output. */
enum cli_exit run_attachment_get(struct cli *cli) {
    const char *to = cli->arg_count > 1 ? cli->args[1] : "-";
    struct door_answer answer;
    const char *path = cli_printf(cli, "/api/v1/attachments/%s%s", door_part(cli, cli->args[0]),
                                  cli_flag(cli, "thumbnail") ? "/thumbnail" : "");
    enum cli_exit code = door_get(cli, path, &answer);
    if (code == CLI_OK && !strcmp(to, "-"))
        fwrite(answer.body.data, 1, answer.body.length, stdout);
    else if (code == CLI_OK && file_write(to, answer.body.data, answer.body.length, 0600) != ERR_NONE)
        code = cli_fail_why(cli, CLI_REFUSED, "文件无法写入", "the file cannot be written", to);
    door_answer_done(&answer);
    return code;
}

static void list(const struct cJSON *files, const char *of) {
    const struct cJSON *file;
    cJSON_ArrayForEach(file, files) {
        const char *id = tree_text(file, "id");
        printf("%-20s  %-32s  %-16s  %s\n", of, *id ? id : "-", *id ? tree_text(file, "type") : "-",
               *id ? "" : tree_text(file, "url"));
    }
}

/* What came with a ticket's requests, and with its steps. */
enum cli_exit run_attachment_list(struct cli *cli) {
    struct door_answer answer;
    const struct cJSON *request;
    enum cli_exit code = door_get(cli, cli_printf(cli, "/api/v1/tickets/%s", door_part(cli, cli->args[0])), &answer);
    if (code == CLI_OK && cli->json) {
        door_print(&answer); /* the whole ticket, as its door gives it */
    } else if (code == CLI_OK) {
        cJSON_ArrayForEach(request, tree_at(answer.tree, "requests"))
            list(tree_at(request, "attachments"), tree_text(request, "number"));
        list(tree_at(answer.tree, "attachments"), cli->args[0]);
    }
    door_answer_done(&answer);
    return code;
}
