/* A step of a ticket that names uploaded files. They become the ticket's before the step is sent, so that no kill in between loses what
 * the history will name; when the step is refused they are let go again. See attachments.h. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/log.h"
#include "services/console/attachments_inner.h"

static const struct db_statement FIND = {
    "attachment_bind_find",
    "SELECT id, encode(sha256, 'hex') FROM attachment WHERE id = ANY ($1::text[]) AND user_id = $2::int8 AND ready AND "
    "NOT swept AND request = 0 AND ticket IN (0, $3::int8)"};
static const struct db_statement BIND = {
    "attachment_bind", "UPDATE attachment SET ticket = $2::int8 WHERE id = ANY ($1::text[]) AND ready AND NOT swept "
                       "AND request = 0 AND ticket = 0 RETURNING id"};
static const struct db_statement EVERYTHING = {"attachment_bind_scope",
                                               "SELECT set_config('paidan.everything', '1', true)"};
static const struct db_statement LET_GO = {
    "attachment_let_go", "UPDATE attachment SET ticket = 0 WHERE id = ANY ($1::text[]) AND ticket = $2::int8"};

/* ---- what was said ------------------------------------------------------------------------------------------------------------- */

static struct text id_of(struct call *call, const cJSON *item) {
    const cJSON *id = cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, "id") : NULL;
    const char *text = cJSON_IsString(id) && cJSON_GetArraySize(item) == 1 ? id->valuestring : "";
    bool fits = strlen(text) == ATTACHMENT_ID_BYTES - 1 && strspn(text, "0123456789abcdef") == strlen(text);
    return fits ? (struct text){call_printf(call, "%s", text), ATTACHMENT_ID_BYTES - 1} : (struct text){NULL, 0};
}

bool attachments_take(struct call *call, cJSON *tree, struct command *command) {
    cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(tree, "attachments");
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
    if (count > COMMAND_FILES_MAX)
        call_wrong(call, "/attachments", "一次最多 6 个附件", "at most 6 with one step");
    else if (list && count < 0)
        call_wrong(call, "/attachments", "须为列表, 如 [{\"id\": \"...\"}]", "must be a list: [{\"id\": \"...\"}]");
    for (int i = 0; i < count && i < COMMAND_FILES_MAX; i++) {
        command->files[i].id = id_of(call, cJSON_GetArrayItem(list, i));
        if (!command->files[i].id.len)
            call_wrong(call, call_printf(call, "/attachments/%d", i), "须为 {\"id\": 上传时给出的编号}",
                       "must be {\"id\": as the upload gave it}");
        command->files_count = (uint16_t)(i + 1);
    }
    cJSON_Delete(list);
    return !call_is_wrong(call, 400);
}

/* ---- are they there ------------------------------------------------------------------------------------------------------------ */

static void set_ids(struct db_call *statement, const struct command *command) {
    db_set_array(statement, 1, DB_TEXT);
    for (int i = 0; i < command->files_count; i++)
        db_push_text(statement, 1, command->files[i].id.at, command->files[i].id.len);
}

int attachments_ask(struct call *call, const struct command *command) {
    int place = db_group_count(call->group);
    struct db_call *find = call_add(call, &FIND);
    set_ids(find, command);
    db_set_int8(find, 2, call->who.principal.user);
    db_set_int8(find, 3, command->ticket);
    return place;
}

static int file_of(const struct command *command, const struct db_result *rows, int row) {
    size_t length;
    const char *id = db_get_text(rows, row, 0, &length);
    for (int i = 0; i < command->files_count; i++)
        if (command->files[i].id.len == length && !memcmp(command->files[i].id.at, id, length)) return i;
    return -1;
}

bool attachments_known(struct call *call, const struct db_result *rows, struct command *command) {
    size_t length;
    for (int i = 0; i < db_rows(rows); i++) {
        int file = file_of(command, rows, i);
        const char *hash = db_get_text(rows, i, 1, &length);
        if (file >= 0) command->files[file].sha256 = (struct text){call_printf(call, "%s", hash), (uint32_t)length};
    }
    for (int i = 0; i < command->files_count; i++)
        if (!command->files[i].sha256.len)
            call_wrong(call, call_printf(call, "/attachments/%d", i),
                       "没有这个文件: 已过期、已用于别处, 或不是您上传的",
                       "there is no such file: its day has passed, something else has it, or it is not yours");
    return !call_is_wrong(call, 422);
}

/* ---- bound, and let go --------------------------------------------------------------------------------------------------------- */

void attachments_bind(struct call *call, const struct command *command) {
    call_transact(call);
    struct db_call *bind = call_add(call, &BIND);
    set_ids(bind, command);
    db_set_int8(bind, 2, command->ticket);
}

uint32_t attachments_bound(const struct db_result *rows, const struct command *command) {
    uint32_t bound = 0;
    for (int i = 0; i < db_rows(rows); i++) {
        int file = file_of(command, rows, i);
        if (file >= 0) bound |= UINT32_C(1) << file;
    }
    return bound;
}

static void on_let_go(void *context, const struct db_reply *reply) {
    struct db_group *group = context;
    if (reply->err != ERR_NONE) log_warn("attachments_not_let_go", LOG_ERR(reply->err)); /* they stay the ticket's */
    db_group_free(&group);
}

void attachments_let_go(struct console *console, const struct command *command, uint32_t bound) {
    if (!bound) return;
    struct db_group *group = db_group_new();
    db_group_begin(group, DB_TRANSACTION);
    db_group_add(group, &EVERYTHING);
    struct db_call *let_go = db_group_add(group, &LET_GO);
    db_set_array(let_go, 1, DB_TEXT);
    for (int i = 0; i < command->files_count; i++)
        if (bound >> i & 1) db_push_text(let_go, 1, command->files[i].id.at, command->files[i].id.len);
    db_set_int8(let_go, 2, command->ticket);
    db_pool_send(console->pool, group, CALL_TIMEOUT_MS, on_let_go, group);
}
