/* See public.h: how far a request is, in plain words; and what its requester says later, as a follow-up message of its source
 * (followups.h), so that the same rules decide as for a message of the hotline. */
#include <cjson/cJSON.h>
#include <string.h>

#include "common/json.h"
#include "common/text.h"
#include "core/lifecycle.h"
#include "services/console/event_read.h"
#include "services/console/followups.h"
#include "services/console/public.h"
#include "services/console/request_answer.h"
#include "services/console/request_json.h"
#include "services/console/ticket_json.h"

enum { NOTE_MAX = 900, FOLLOWUPS_MAX = 20, MESSAGE_MIN = 8, MESSAGE_MAX = 40 };

/* The steps a resident sees, in order. */
#define SHOWN_STEPS(S)                                                                                                 \
    S("received", "已受理", "received")                                                                                \
    S("assigned", "已派单", "assigned")                                                                                \
    S("handling", "处置中", "being handled")                                                                           \
    S("checking", "核查中", "being checked")                                                                           \
    S("answered", "已答复", "answered")                                                                                \
    S("closed", "已结案", "closed")

/* PLAIN(state, step reached from 1, zh, en) */
#define PLAIN_WORDS(PLAIN)                                                                                             \
    PLAIN(STATE_RECEIVED, 1, "已收到您的诉求，正在安排。", "Your request is here and is being routed.")                \
    PLAIN(STATE_INCOMPLETE, 1, "需要您补充一些情况。", "We need to know a little more from you.")                      \
    PLAIN(STATE_TRIAGE, 1, "已收到您的诉求，正在确定由谁办理。",                                                       \
          "Your request is here; it is being decided who takes care of it.")                                           \
    PLAIN(STATE_DISPUTED, 1, "正在确定由谁办理。", "It is being decided who takes care of it.")                        \
    PLAIN(STATE_OFFERED, 2, "已派给承办单位。", "It was given to the unit that takes care of it.")                     \
    PLAIN(STATE_HANDLING, 3, "承办单位正在办理。", "The unit is taking care of it.")                                   \
    PLAIN(STATE_SUSPENDED, 3, "暂时不具备办理条件，已登记，条件具备后继续办理。",                                      \
          "It cannot be done now; it is on a list and goes on when it can.")                                           \
    PLAIN(STATE_CHECK, 4, "承办单位已办理，正在现场核查。", "The unit has done its work; somebody else is looking.")   \
    PLAIN(STATE_CALLBACK, 5, "已办理并答复，请告诉我们是否解决。",                                                     \
          "It was done and answered: tell us whether it is solved.")                                                   \
    PLAIN(STATE_CLOSED, 6, "已结案。", "It is closed.")                                                                \
    PLAIN(STATE_VOID, 6, "已作废，不再办理。", "It was voided and is not worked on.")                                  \
    PLAIN(STATE_DECLINED, 6, "不予受理，原因见答复。", "It could not be taken on; the answer says why.")               \
    PLAIN(STATE_TRANSFERRED, 3, "已转交有权办理的外部单位。", "It was passed on to an outside body that can act.")

static const struct {
    const char *code, *zh, *en;
} steps[] = {
#define STEP_ROW(code, zh, en) {code, zh, en},
    SHOWN_STEPS(STEP_ROW)};
enum { STEP_COUNT = sizeof steps / sizeof steps[0] };

static const struct {
    int step;
    const char *zh, *en;
} plain[STATE_COUNT] = {
#define PLAIN_ROW(state, step, zh, en) [state] = {step, zh, en},
    PLAIN_WORDS(PLAIN_ROW)};

/* ---- shown ----------------------------------------------------------------------------------------------------------------------- */

static bool read_ticket(const struct db_reply *reply, struct ticket *ret_ticket) {
    const struct db_result *rows = reply->results[PUBLIC_TICKET];
    size_t len;
    if (db_rows(rows) != 1) return false;
    const uint8_t *body = db_get_bytes(rows, 0, 0, &len);
    return ticket_of_body(body, len, ret_ticket);
}

static bool may_supplement(const struct ticket *ticket) {
    return ticket && lifecycle_is_open(ticket->state);
}

/* Its own callback is still to come, and nothing said about it waits. */
static bool may_rate(const struct ticket *ticket, const struct db_reply *reply) {
    static struct event event;
    const struct db_result *rows = reply->results[PUBLIC_ANSWERS];
    if (!ticket || ticket->state != STATE_CALLBACK || db_get_int(reply->results[PUBLIC_FOLLOWUPS], 0, PUBLIC_RATINGS))
        return false;
    for (int i = 0; i < db_rows(rows); i++) { /* newest first */
        if (!event_of_row(rows, i, &event)) continue;
        if (event.type == EVENT_SOLVED) return false;
        if (event.type == EVENT_UNSOLVED || event.type == EVENT_FINISHED) return true;
    }
    return true;
}

static void put_steps(struct json_writer *w, int reached) {
    json_put_open_list(w, "steps");
    for (int i = 0; i < STEP_COUNT; i++) {
        json_open(w);
        json_put_string(w, "code", steps[i].code);
        put_names(w, "name", steps[i].zh, steps[i].en);
        json_put_bool(w, "reached", i < reached);
        json_close(w);
    }
    json_close_list(w);
}

static void put_question(struct json_writer *w, const struct ticket *ticket, const struct db_result *rows) {
    static struct event event;
    bool waits = ticket && ticket->state == STATE_INCOMPLETE && db_rows(rows) == 1 && event_of_row(rows, 0, &event);
    if (waits)
        json_put_text(w, "question", event.effect.reason.at, event.effect.reason.len);
    else
        json_put_null(w, "question");
}

static void put_may(struct json_writer *w, const struct ticket *ticket, const struct db_reply *reply) {
    bool room = db_get_int(reply->results[PUBLIC_FOLLOWUPS], 0, PUBLIC_COUNT) < FOLLOWUPS_MAX;
    json_put_open_list(w, "may");
    if (room && may_supplement(ticket)) json_string(w, "supplement");
    if (room && may_rate(ticket, reply)) json_string(w, "rating");
    json_close_list(w);
}

static void put_title(struct json_writer *w, const struct db_result *rows) {
    size_t len;
    const char *title = db_get_text(rows, 0, REQUEST_TITLE, &len);
    json_put_text(w, "title", title ? title : "", len);
}

static void on_progress(struct call *call, const struct db_reply *reply) {
    static struct ticket kept;
    const struct ticket *ticket = read_ticket(reply, &kept) ? &kept : NULL;
    const struct db_result *rows = reply->results[PUBLIC_REQUEST];
    int state = ticket ? ticket->state : STATE_RECEIVED;
    bool with_unit = state == STATE_OFFERED || state == STATE_HANDLING;
    struct json_writer *w = call_json(call);
    json_open(w);
    put_request_number(w, "number", ((struct public_asked *)call->self)->request);
    put_title(w, rows);
    json_put_time(w, "received_at", db_get_int(rows, 0, REQUEST_RECEIVED));
    json_put_time_or_null(w, "since", ticket ? ticket->entered_at : 0);
    json_put_string(w, "step", steps[plain[state].step - 1].code);
    put_names(w, "plain", plain[state].zh, plain[state].en);
    put_steps(w, plain[state].step);
    put_unit(w, "unit", call->reference, with_unit ? ticket->owner : 0);
    put_question(w, ticket, reply->results[PUBLIC_QUESTION]);
    put_answer_and_callback(w, call, reply->results[PUBLIC_ANSWERS]);
    put_may(w, ticket, reply);
    json_close(w);
    call_answer(call, 200);
}

void public_progress_post(struct call *call) {
    const cJSON *tree = call_json_body(call);
    if (tree) public_enter(call, tree, "", on_progress);
}

/* ---- said later ------------------------------------------------------------------------------------------------------------------ */

static void on_taken(struct call *call, const struct db_reply *reply) {
    const struct followup_said *said = ((struct public_asked *)call->self)->self;
    switch (followup_taken(reply, said)) {
    case FOLLOWUP_NEW:
    case FOLLOWUP_SAME:
        followups_wake(call->console->followups);
        call_answer_nothing(call);
        return;
    case FOLLOWUP_OTHER:
        call_problem(call, 409, "同一编号已用于不同内容", "The same id was used with other content");
        return;
    case FOLLOWUP_UNCLEAR:
        call_problem(call, 503, "系统繁忙, 请再试一次", "Too busy now: try again");
        return;
    }
}

static void on_opened(struct call *call, const struct db_reply *reply) {
    static struct ticket kept;
    struct followup_said *said = ((struct public_asked *)call->self)->self;
    const struct db_result *rows = reply->results[PUBLIC_REQUEST];
    const struct ticket *ticket = read_ticket(reply, &kept) ? &kept : NULL;
    bool rates = !strcmp(said->kind, "rating");
    size_t len;
    bool again = db_get_int(reply->results[PUBLIC_FOLLOWUPS], 0, PUBLIC_SAME) > 0;
    bool room = db_get_int(reply->results[PUBLIC_FOLLOWUPS], 0, PUBLIC_COUNT) < FOLLOWUPS_MAX;
    if (!again && !(room && (rates ? may_rate(ticket, reply) : may_supplement(ticket)))) {
        call_problem(call, 409, rates ? "现在还不能评价, 或已评价过" : "现在不能再补充",
                     rates ? "It cannot be rated now, or was rated already" : "Nothing can be added now");
        return;
    }
    said->source = (uint32_t)db_get_int(rows, 0, REQUEST_SOURCE);
    const char *own_id = db_get_text(rows, 0, REQUEST_OWN_ID, &len);
    said->external_id = call_printf(call, "%.*s", (int)len, own_id);
    said->by = (struct principal){.role = ROLE_INTEGRATION, .source = said->source};
    followup_seal(call, said);
    call_transact(call);
    followup_add(call, said);
    call_send(call, on_taken);
}

static const char *read_text(struct call *call, const cJSON *tree, const char *key, const char *pointer) {
    const char *text = "";
    if (json_get_text(tree, key, &text) == ERR_INVALID) call_wrong(call, pointer, "须为字符串", "must be a string");
    return text;
}

static void read_said(struct call *call, const cJSON *tree, struct followup_said *said) {
    const char *id = read_text(call, tree, "id", "/id");
    said->kind = read_text(call, tree, "kind", "/kind");
    said->note = read_text(call, tree, "note", "/note");
    bool rates = !strcmp(said->kind, "rating");
    size_t id_len = strlen(id);
    if (id_len < MESSAGE_MIN || id_len > MESSAGE_MAX || text_has_control(id, id_len, false))
        call_wrong(call, "/id", "须为 8 到 40 个字符", "must be 8 to 40 characters");
    said->message_id = call_printf(call, "public-%s", id);
    if (!rates && strcmp(said->kind, "supplement") != 0)
        call_wrong(call, "/kind", "须为 supplement 或 rating", "must be supplement or rating");
    enum err err = json_get_bool(tree, "solved", &said->solved);
    if (err == ERR_INVALID || (rates && err != ERR_NONE))
        call_wrong(call, "/solved", "请说明是否解决: true 或 false", "say whether it is solved: true or false");
    if (json_get_bool(tree, "satisfied", &said->satisfied) == ERR_INVALID)
        call_wrong(call, "/satisfied", "须为 true 或 false", "must be true or false");
    size_t max = rates ? REASON_BYTES_MAX : NOTE_MAX;
    if (strlen(said->note) > max)
        call_wrong(call, "/note", call_printf(call, "过长, 最多 %zu 字", max / 3),
                   call_printf(call, "is too long: at most %zu bytes", max));
    else if (text_has_control(said->note, strlen(said->note), true))
        call_wrong(call, "/note", "含有控制字符", "holds control characters");
    else if (!text_trim(said->note, strlen(said->note)).len && !(rates && said->solved))
        call_wrong(call, "/note", "请写明情况", "say what there is to say");
}

void public_followups_post(struct call *call) {
    struct followup_said *said = call_take(call, sizeof *said);
    const cJSON *tree = call_json_body(call);
    if (!tree) return;
    read_said(call, tree, said);
    call->self = said;
    public_enter(call, tree, said->message_id, on_opened);
}
