/* POST /rules/reroute: one ticket that nobody has signed goes where the rules in force now send it (rule R17). The router decides by
 * its own rules; the unit named here must be what it finds, and the version the one the preview saw. The event says who asked for
 * it. The texts come from here, since the router has none. */
#include <cjson/cJSON.h>
#include <string.h>

#include "common/number.h"
#include "services/console/commands_inner.h"
#include "services/console/rules.h"
#include "services/console/ticket_read.h"

static const struct db_statement TEXTS = {
    "rules_texts", "SELECT t.source, q.title, q.description FROM ticket t LEFT JOIN request q ON q.id = t.request "
                   "WHERE t.id = $1::int8"};

void rules_ask_texts(struct call *call, int64_t ticket) {
    db_set_int8(call_add(call, &TEXTS), 1, ticket);
}

void rules_take_texts(struct call *call, const struct db_result *rows, struct command *command) {
    struct arena arena;
    size_t title_len, description_len;
    if (db_rows(rows) != 1) return;
    const char *title = db_get_text(rows, 0, 1, &title_len), *description = db_get_text(rows, 0, 2, &description_len);
    arena_init(&arena, 1 << 16, 1 << 20);
    command->rules_count =
        rule_text_find(&arena, call_world(call), (struct span){title, title ? title_len : 0},
                       (struct span){description, description ? description_len : 0}, command->rules);
    arena_done(&arena);
}

static void on_texts(struct call *call, const struct db_reply *reply) {
    struct pending *p = call->self;
    const struct db_result *rows = reply->results[1];
    if (db_rows(rows) != 1) {
        call_not_found(call);
        return;
    }
    rules_take_texts(call, rows, &p->command);
    if (!command_key_is_fit(call)) return;
    size_t len;
    const uint8_t *body = http_body(call->request, &len);
    command_set_key(p, body, len);
    if (!command_start(call->console->commands, p))
        call_problem(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
}

void rules_reroute_post(struct call *call) {
    static const char *const names[] = {"ticket", "version", "unit"};
    struct pending *p = call_take(call, sizeof *p);
    if (!call_json_body(call)) return;
    const char *texts[3];
    for (int i = 0; i < 3; i++) texts[i] = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(call->tree, names[i]));
    int64_t version = 0, ticket = 0;
    uint32_t unit = reference_unit_by_code(call->reference, texts[2], strlen(texts[2]));
    if (number_parse_ticket(texts[0], strlen(texts[0]), &ticket) != ERR_NONE)
        call_wrong(call, "/ticket", "不是工单编号", "is no ticket number");
    if (number_parse_int(texts[1], strlen(texts[1]), &version) != ERR_NONE || version < 1 || version > INT32_MAX)
        call_wrong(call, "/version", "不是版本号", "is no version");
    if (!unit) call_wrong(call, "/unit", "没有这个单位", "there is no such unit");
    if (call_is_wrong(call, 422)) return;
    call->self = p;
    p->call = call;
    p->command = (struct command){.name = COMMAND_DISPATCH,
                                  .ticket = ticket,
                                  .version = (uint32_t)version,
                                  .unit = unit,
                                  .by = {.user = call->who.principal.user, .role = ROLE_SYSTEM}};
    call_read(call);
    rules_ask_texts(call, ticket);
    call_send(call, on_texts);
}
