/* paidan events: what happened behind a cursor, an event a line; with --json each page as it came. The next cursor is told last, on
 * standard error, so that the lines can be piped on. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"

enum { WAIT_S = 8, CURSOR_BYTES = 120 };

static void print_events(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *event;
    cJSON_ArrayForEach(event, tree_at(tree, "events")) {
        const struct cJSON *data = tree_at(event, "data"), *unit = tree_at(data, "unit");
        if (!unit) unit = tree_at(data, "owner");
        printf("%s  %s  %-18s %-20s %s\n", tree_time(cli, event, "time"), tree_text(data, "ticket"),
               tree_text(data, "event"), tree_text(data, "external_id"), tree_text(unit, "name"));
    }
    fflush(stdout);
}

static const char *path_behind(struct cli *cli, const char *cursor, bool wait) {
    const char *limit = cli_option(cli, "limit");
    const char *path = cli_printf(cli, "/api/v1/events?limit=%s", limit ? door_part(cli, limit) : "500");
    if (*cursor) path = cli_printf(cli, "%s&cursor=%s", path, door_part(cli, cursor));
    return wait ? cli_printf(cli, "%s&wait=%d", path, WAIT_S) : path;
}

/* One page; cursor moves on, *ret_more says whether the next is there already. */
static enum cli_exit fetch(struct cli *cli, char cursor[CURSOR_BYTES], bool wait, bool *ret_more) {
    struct door_answer answer;
    enum cli_exit code = door_get(cli, path_behind(cli, cursor, wait), &answer);
    if (code == CLI_OK) {
        if (cli->json)
            door_print(&answer);
        else
            print_events(cli, answer.tree);
        snprintf(cursor, CURSOR_BYTES, "%.*s", CURSOR_BYTES - 1, tree_text(answer.tree, "next_cursor"));
        *ret_more = tree_bool(answer.tree, "more");
    }
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_events(struct cli *cli) {
    char cursor[CURSOR_BYTES];
    const char *given = cli_option(cli, "cursor");
    bool follow = cli_flag(cli, "follow"), more = true;
    snprintf(cursor, sizeof cursor, "%.*s", CURSOR_BYTES - 1, given ? given : "");
    enum cli_exit code = fetch(cli, cursor, false, &more); /* signs in too, which is to last */
    while (code == CLI_OK && (more || follow)) {
        struct arena kept = cli->arena; /* --follow goes on for days: each page in memory of its own */
        arena_init(&cli->arena, 1 << 16, 1 << 24);
        code = fetch(cli, cursor, follow && !more, &more);
        arena_done(&cli->arena);
        cli->arena = kept;
    }
    if (*cursor && !cli->json) fprintf(stderr, "%s %s\n", cli_in(cli, "游标:", "cursor:"), cursor);
    return code;
}
