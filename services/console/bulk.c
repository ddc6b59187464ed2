/* One command for many tickets (rule L42): the same body for each, decided one by one by the router, answered together, each with
 * its own outcome. Under an Idempotency-Key each ticket has a key of its own, so a repeat, also of a part, does nothing twice. What
 * differs from ticket to ticket (version, assignment, other) is not for here. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/number.h"
#include "proto/must.h"
#include "services/console/body_schema.h"
#include "services/console/command_body.h"
#include "services/console/commands_inner.h"
#include "services/console/door.h"
#include "services/console/ticket_read.h"

static const struct db_statement BODIES = {"tickets_bodies", "SELECT id, body FROM ticket WHERE id = ANY ($1::int8[])"};

struct item {
    int64_t ticket;    /* 0: what was given is no ticket number */
    const char *given; /* as it stands in the list */
    int status;        /* 0: under way */
    bool twice;        /* it stands in the list before */
    struct pending pending;
};

struct bulk {
    struct call *call;
    struct item *items;
    int count, open;
    struct command command;
    char *body; /* as compared when the key comes again */
};

static struct item *item_of(struct pending *p) {
    return (struct item *)((char *)p - offsetof(struct item, pending));
}

/* ---- the answer ---------------------------------------------------------------------------------------------------------------------- */

static void put_refusal(struct json_writer *w, const struct bulk *bulk, const struct item *item) {
    bool english = call_lang(bulk->call) == LANG_EN;
    if (!item->ticket) {
        json_put_string(w, "detail",
                        english ? "is no ticket number, such as T20261121010000123"
                                : "不是工单编号, 应如 T20261121010000123");
    } else if (item->twice) {
        json_put_string(w, "detail",
                        english ? "stands in the list twice: it is done once, see above"
                                : "在列表中重复, 只办一次, 结果见前");
    } else if (item->status == 404) {
        json_put_string(w, "detail", english ? "there is no such ticket" : "没有这张工单");
    } else if (item->status == 503) {
        json_put_string(w, "detail",
                        item->pending.sent
                            ? english ? "no answer came in time; trying again with the same Idempotency-Key is safe"
                                      : "未能及时得到结果; 用同一 Idempotency-Key 重试是安全的"
                        : english ? "not available now, try again"
                                  : "暂不可用, 请稍后再试");
    } else if (item->status == 413) {
        json_put_string(w, "detail", english ? "the texts are too long together" : "内容过长");
    } else {
        const struct verdict_row *row = verdict_row((int)item->pending.reply.verdict);
        json_put_string(w, "verdict", row->name + strlen("VERDICT_"));
        json_put_string(w, "rule", row->rule);
        json_put_string(w, "detail", english ? row->en : row->zh);
    }
}

static void put_item(struct json_writer *w, const struct bulk *bulk, const struct item *item) {
    const struct reply *reply = &item->pending.reply;
    json_open(w);
    json_put_string(w, "ticket", item->given);
    json_put_int(w, "status", item->status);
    if (item->status != 200) put_refusal(w, bulk, item);
    if (reply->state) json_put_string(w, "state", word_text(WORDS_state, reply->state));
    if (reply->version) json_put_id(w, "version", reply->version);
    if (item->status == 200) {
        json_put_id(w, "seq", reply->seq);
        json_put_bool(w, "repeated", reply->repeated);
        put_ticket_number(w, "created", reply->other);
    }
    json_close(w);
}

static void finish(struct bulk *bulk) {
    struct call *call = bulk->call;
    struct json_writer *w = call_json(call);
    int done = 0, unknown = 0;
    for (int i = 0; i < bulk->count; i++) {
        done += bulk->items[i].status == 200;
        unknown += bulk->items[i].status == 503;
    }
    json_open(w);
    json_put_string(w, "command", word_text(WORDS_command_name, bulk->command.name));
    json_put_int(w, "asked", bulk->count);
    json_put_int(w, "done", done);
    json_put_int(w, "refused", bulk->count - done - unknown);
    json_put_int(w, "unknown", unknown);
    json_put_open_list(w, "results");
    for (int i = 0; i < bulk->count; i++) put_item(w, bulk, &bulk->items[i]);
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

static void one_less(struct bulk *bulk) {
    must(bulk->open > 0);
    if (--bulk->open == 0) finish(bulk);
}

static void end(struct pending *p, int status) {
    item_of(p)->status = status;
    one_less(p->bulk);
}

void bulk_replied(struct pending *p) {
    end(p, verdict_row((int)p->reply.verdict)->status);
}
void bulk_unknown(struct pending *p) {
    end(p, 503);
}
void bulk_too_long(struct pending *p) {
    end(p, 413);
}

/* ---- sending -------------------------------------------------------------------------------------------------------------------------- */

static struct item *find(struct bulk *bulk, int64_t ticket) {
    for (int i = 0; ticket && i < bulk->count; i++)
        if (bulk->items[i].ticket == ticket) return &bulk->items[i]; /* the first */
    return NULL;
}

static void start(struct bulk *bulk, struct item *item, const struct ticket *ticket) {
    struct pending *p = &item->pending;
    struct call *call = bulk->call;
    p->call = call;
    p->bulk = bulk;
    p->command = bulk->command;
    p->command.ticket = item->ticket;
    p->command.by = who_toward(&call->who, ticket->source);
    if (p->command.other == 0) p->command.other = ticket->merged_into;
    command_set_key(p, bulk->body, strlen(bulk->body));
    bulk->open++;
    if (!command_start(call->console->commands, p)) end(p, 503);
}

static void on_bodies(struct call *call, const struct db_reply *reply) {
    struct bulk *bulk = call->self;
    static struct ticket ticket;
    const struct db_result *rows = reply->results[1];
    bulk->open = 1; /* all are looked at before any answer */
    for (int i = 0; i < db_rows(rows); i++) {
        size_t len;
        struct item *item = find(bulk, db_get_int(rows, i, 0));
        const uint8_t *body = db_get_bytes(rows, i, 1, &len);
        if (!item || !ticket_of_body(body, len, &ticket)) continue;
        struct principal by = who_toward(&call->who, ticket.source);
        if (ticket_visible(call_world(call), &ticket, &by)) start(bulk, item, &ticket);
    }
    for (int i = 0; i < bulk->count; i++)
        if (!bulk->items[i].pending.call && !bulk->items[i].status) bulk->items[i].status = 404;
    one_less(bulk);
}

/* ---- the body -------------------------------------------------------------------------------------------------------------------------- */

static void read_tickets(struct call *call, struct bulk *bulk, const cJSON *list) {
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (count < 1 || count > BULK_TICKETS_MAX) {
        call_wrong(call, "/tickets", call_printf(call, "须为 1 到 %d 个工单编号", BULK_TICKETS_MAX),
                   call_printf(call, "must be a list of 1 to %d ticket numbers", BULK_TICKETS_MAX));
        return;
    }
    bulk->items = call_take(call, (size_t)count * sizeof *bulk->items);
    /* One bad line harms no other: it has its own outcome. */
    for (const cJSON *one = list->child; one; one = one->next) {
        const char *text = one->valuestring; /* the schema saw to it */
        struct item item = {.given = call_printf(call, "%s", text)};
        if (number_parse_ticket(text, strlen(text), &item.ticket) != ERR_NONE) {
            item.ticket = 0;
            item.status = 422;
        } else if (find(bulk, item.ticket)) {
            item.twice = true;
            item.status = 409;
        }
        bulk->items[bulk->count++] = item;
    }
}

static bool read_command(struct call *call, struct bulk *bulk, cJSON *tree) {
    struct command read;
    int name = bulk->command.name;
    if (!command_read_tree(call, name, tree, &read)) return false;
    if (read.version || read.assignment) {
        call_wrong(call, read.version ? "/version" : "/assignment", "批量办理没有这个字段",
                   "not for many tickets at once");
        return !call_is_wrong(call, 400);
    }
    bulk->command = read;
    bulk->command.name = (uint8_t)name;
    return true;
}

static bool read_body(struct call *call, struct bulk *bulk) {
    cJSON *tree = call_json_body(call);
    if (!tree) return false;
    cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(tree, "tickets");
    read_tickets(call, bulk, list);
    cJSON_Delete(list);
    if (call_is_wrong(call, 422)) return false;
    char *printed = cJSON_PrintUnformatted(tree);
    must(printed);
    bulk->body = call_printf(call, "%s %s", word_text(WORDS_command_name, bulk->command.name), printed);
    cJSON_free(printed);
    return read_command(call, bulk, tree) && command_key_is_fit(call);
}

void bulk_post(struct call *call) {
    struct bulk *bulk = call_take(call, sizeof *bulk);
    const char *name = http_param(call->request, "command");
    call->self = bulk;
    bulk->call = call;
    bulk->command.name = (uint8_t)word_value(WORDS_command_name, name, strlen(name));
    if (!read_body(call, bulk)) return;
    call->reach = reach_of(call_world(call), &call->who, ACTION_READ);
    call_read(call);
    struct db_call *ask = call_add(call, &BODIES);
    db_set_array(ask, 1, DB_INT8);
    for (int i = 0; i < bulk->count; i++)
        if (!bulk->items[i].status) db_push_int8(ask, 1, bulk->items[i].ticket);
    call_send(call, on_bodies);
}
