/* paidan do-many COMMAND [TICKET...]: one step for many tickets, fifty at a time, with what became of each. Not for what differs from
 * ticket to ticket. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "common/json_writer.h"
#include "common/text.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"

enum { AT_A_TIME = 50, TICKETS_MAX = 10000, LINE_MAX_BYTES = 200 };

struct many {
    const char *tickets[TICKETS_MAX];
    int count, asked, done, refused, unknown;
};

static enum cli_exit add(struct cli *cli, struct many *many, const char *at, size_t len) {
    if (len == 0) return CLI_OK;
    if (!text_is_valid(at, len))
        return cli_fail(cli, CLI_USAGE, "列表不是 UTF-8 文本", "the list is not text in UTF-8");
    if (many->count == TICKETS_MAX) return cli_fail(cli, CLI_USAGE, "工单过多", "too many tickets");
    if (len > LINE_MAX_BYTES) len = text_cut(at, len, LINE_MAX_BYTES / 4); /* no number; it is told as such */
    many->tickets[many->count++] = cli_copy(cli, at, len);
    return CLI_OK;
}

static enum cli_exit collect(struct cli *cli, struct many *many) {
    enum cli_exit code = CLI_OK;
    for (int i = 1; i < cli->arg_count && code == CLI_OK; i++)
        code = add(cli, many, cli->args[i], strlen(cli->args[i]));
    const char *path = cli_option(cli, "from");
    char *bytes = NULL;
    size_t len = 0;
    if (code == CLI_OK && path) code = cli_read(cli, path, &bytes, &len);
    for (size_t at = len >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3) ? 3 : 0; code == CLI_OK && at < len;) {
        size_t line = at;
        while (line < len && bytes[line] != '\n' && bytes[line] != '\r' && bytes[line] != ' ') line++;
        code = add(cli, many, bytes + at, line - at);
        at = line + 1;
    }
    if (code == CLI_OK && many->count == 0)
        code = cli_fail(cli, CLI_USAGE, "请给出工单编号", "name the tickets, or a file of them with --from");
    return code;
}

static void say_results(struct cli *cli, struct many *many, const struct cJSON *tree) {
    const struct cJSON *result;
    many->asked += (int)tree_int(tree, "asked");
    many->done += (int)tree_int(tree, "done");
    many->refused += (int)tree_int(tree, "refused");
    many->unknown += (int)tree_int(tree, "unknown");
    cJSON_ArrayForEach(result, tree_at(tree, "results")) {
        const char *rule = tree_text(result, "rule");
        if (tree_int(result, "status") == 200)
            printf("%s  %s%s\n", tree_text(result, "ticket"), cli_word(cli, WORDS_state, tree_text(result, "state")),
                   tree_bool(result, "repeated") ? cli_in(cli, "  (此前已办)", "  (done before)") : "");
        else
            printf("%s  %s%s%s%s\n", tree_text(result, "ticket"), tree_text(result, "detail"), *rule ? " (" : "", rule,
                   *rule ? ")" : "");
    }
    fprintf(stderr, cli_in(cli, "%d/%d: 已办 %d, 不能办 %d, 未知 %d\n", "%d of %d: %d done, %d refused, %d unknown\n"),
            many->asked, many->count, many->done, many->refused, many->unknown);
}

static enum cli_exit send_some(struct cli *cli, struct many *many, int first) {
    struct buffer json = {0};
    struct json_writer w;
    struct door_answer answer;
    int last = first + AT_A_TIME < many->count ? first + AT_A_TIME : many->count;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_open_list(&w, "tickets");
    for (int i = first; i < last; i++) json_string(&w, many->tickets[i]);
    json_close_list(&w);
    act_put_fields(&w, cli);
    json_close(&w);
    enum cli_exit code =
        door_post(cli, cli_printf(cli, "/api/v1/tickets/bulk/%s", door_part(cli, cli->args[0])), &json, &answer);
    buffer_done(&json);
    if (code == CLI_OK && cli->json) door_print(&answer);
    if (code == CLI_OK) {
        if (cli->json)
            many->refused += (int)(tree_int(answer.tree, "refused") + tree_int(answer.tree, "unknown"));
        else
            say_results(cli, many, answer.tree);
    }
    door_answer_done(&answer);
    return code;
}

/* The list is one command (rule L42). Under a key of its own what stands in it twice, fifty lines apart, is done once. */
static void give_key(struct cli *cli) {
    char text[CRYPTO_BASE64_BYTES(16)];
    uint8_t bytes[16];
    crypto_random(bytes, sizeof bytes);
    crypto_to_base64url(bytes, sizeof bytes, text);
    cli_default_option(cli, "key", cli_copy(cli, text, strlen(text)));
}

/* Refused when any was: the list says which. With --json a line for each fifty. */
enum cli_exit run_do_many(struct cli *cli) {
    static struct many many;
    memset(&many, 0, sizeof many);
    if (!act_is_command(cli, cli->args[0])) return CLI_USAGE;
    enum cli_exit code = collect(cli, &many);
    give_key(cli);
    for (int first = 0; code == CLI_OK && first < many.count; first += AT_A_TIME) code = send_some(cli, &many, first);
    if (code == CLI_OK && many.refused + many.unknown > 0) code = CLI_REFUSED;
    return code;
}
