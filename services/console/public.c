/* See public.h. The one entrance (number and digits, delays, the same refusal for all), and the form's reference data. */
#include "services/console/public.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/metrics.h"
#include "common/number.h"
#include "services/console/delays.h"
#include "services/console/directory.h"
#include "services/console/request_answer.h"
#include "services/console/request_json.h"
#include "services/console/ticket_json.h"
#include "services/kit/open311.h"

METRIC_COUNTER(asked, "paidan_console_progress_total", "Residents' questions about a request of theirs.", "outcome",
               "ok", "refused", "delayed");

enum { DIGITS = 4, REFUSE_AFTER_MS = 300 };

static const struct db_statement REQUEST = {"public_request",
                                            "SELECT " REQUEST_COLUMNS " FROM request r WHERE r.id = $1::int8"};
static const struct db_statement TICKET = {
    "public_ticket",
    "SELECT t.body FROM ticket_request tr JOIN ticket t ON t.id = tr.ticket WHERE tr.request = $1::int8"};
/* 3: the requester was asked to supplement. */
static const struct db_statement QUESTION = {
    "public_question", "SELECT " ANSWER_COLUMNS " FROM ticket_request tr JOIN event a ON a.ticket = tr.ticket "
                       "WHERE tr.request = $1::int8 AND a.type = 3 ORDER BY a.version DESC LIMIT 1"};
static const struct db_statement FOLLOWUPS = {
    "public_followups", "SELECT count(*), count(*) FILTER (WHERE f.kind = 'rating' AND f.state = 'waiting'), "
                        "count(*) FILTER (WHERE f.message_id = $2::text) FROM request r JOIN followup f ON f.source = "
                        "r.source AND f.external_id = r.external_id AND "
                        "f.message_id LIKE 'public-%' WHERE r.id = $1::int8"};

/* ---- refusing -------------------------------------------------------------------------------------------------------------------- */

struct refusal {
    struct call *call;
    struct loop_timer *timer;
};

static void refuse_now(void *context) {
    struct refusal *refusal = context;
    loop_timer_free(&refusal->timer);
    call_problem(refusal->call, 404, "受理号或电话后四位不对, 请核对后再试",
                 "The number or the last four digits are not right; check them and try again");
}

/* So long after the question that what was looked up in between does not show in the time. */
static void refuse(struct call *call) {
    struct refusal *refusal = call_take(call, sizeof *refusal);
    int64_t rest = http_received_ms(call->request) + REFUSE_AFTER_MS - clock_monotonic_ms();
    metric_add(&asked, 1, 1);
    *refusal = (struct refusal){call, loop_timer_new(call->console->kit->loop, refuse_now, refusal)};
    loop_timer_start(refusal->timer, rest > 0 ? rest : 1, 0);
}

static void delay(struct call *call, int64_t wait) {
    struct http_problem problem = {.status = 429,
                                   .title = {"尝试过多", "Too many tries"},
                                   .detail = {"请稍候再查询", "Wait a little before you ask again"},
                                   .retry_after_s = (int)((wait + 999) / 1000)};
    struct http_request *request = call->request;
    metric_add(&asked, 2, 1);
    call_release(call);
    http_problem(request, &problem);
}

/* ---- entering -------------------------------------------------------------------------------------------------------------------- */

/* The last four digits of what was opened. False: fewer. */
static bool last_digits(const char *phone, size_t len, char ret_digits[DIGITS]) {
    int count = 0;
    for (size_t i = len; i > 0 && count < DIGITS; i--)
        if (phone[i - 1] >= '0' && phone[i - 1] <= '9') ret_digits[DIGITS - ++count] = phone[i - 1];
    return count == DIGITS;
}

static bool digits_fit(struct call *call, const struct db_result *rows) {
    const struct public_asked *a = call->self;
    char phone[PERSON_BYTES_MAX], own[DIGITS];
    size_t len;
    if (db_rows(rows) != 1 || !request_unseal(call, rows, 0, REQUEST_PHONE_SEALED, phone, &len)) return false;
    bool fit = last_digits(phone, len, own) && crypto_equal(own, a->digits, DIGITS);
    crypto_forget(phone, sizeof phone);
    return fit;
}

static void on_rows(struct call *call, const struct db_reply *reply) {
    struct public_asked *a = call->self;
    if (!digits_fit(call, reply->results[PUBLIC_REQUEST])) {
        refuse(call);
        return;
    }
    metric_add(&asked, 0, 1);
    delays_success(call->console->guesses, a->number, a->address, clock_monotonic_ms());
    a->then(call, reply);
}

static void read_asked(struct call *call, const cJSON *tree, struct public_asked *a) {
    const char *number = "", *digits = "", *address = http_header(call->request, "X-Forwarded-For");
    snprintf(a->address, sizeof a->address, "%.60s", address ? address : ""); /* nginx overwrites it */
    if (json_get_text(tree, "number", &number) != ERR_NONE ||
        number_parse_request(number, strlen(number), &a->request) != ERR_NONE)
        call_wrong(call, "/number", "受理号以 R 开头, 后接 17 位数字", "is R with 17 digits behind it");
    else
        snprintf(a->number, sizeof a->number, "%lld", (long long)a->request);
    if (json_get_text(tree, "digits", &digits) != ERR_NONE || strlen(digits) != DIGITS ||
        strspn(digits, "0123456789") != DIGITS)
        call_wrong(call, "/digits", "请填写所留电话的后四位数字",
                   "are the last four digits of the phone that was left");
    else
        memcpy(a->digits, digits, DIGITS);
}

void public_enter(struct call *call, const struct cJSON *tree, const char *message_id, call_done *then) {
    struct public_asked *a = call_take(call, sizeof *a);
    struct delays *guesses = call->console->guesses;
    a->self = call->self;
    a->then = then;
    call->self = a;
    read_asked(call, tree, a);
    if (call_is_wrong(call, 422)) return;
    int64_t now = clock_monotonic_ms(), wait = delays_wait(guesses, a->number, a->address, now);
    if (wait > 0) {
        delay(call, wait);
        return;
    }
    delays_begin(guesses, a->number, a->address, now);
    call->reach.everything = true;
    call_read(call);
    const struct db_statement *const statements[] = {&REQUEST, &TICKET, &ANSWERS_OF, &QUESTION, &FOLLOWUPS};
    for (int i = 0; i < 5; i++) {
        struct db_call *statement = call_add(call, statements[i]);
        db_set_int8(statement, 1, a->request);
        if (statements[i] == &FOLLOWUPS) db_set_string(statement, 2, message_id);
    }
    call_send(call, on_rows);
}

/* ---- what the form needs --------------------------------------------------------------------------------------------------------- */

static void put_matters(struct json_writer *w, struct call *call) {
    const struct world *world = call_world(call);
    json_put_open_list(w, "matters");
    for (uint32_t i = 0; i < world->matter_count; i++) {
        const struct reference_matter *names = &call->reference->matters[i];
        if (!open311_is_service(&world->matters[i])) continue;
        json_open(w);
        json_put_string(w, "code", call_printf(call, "%06u", (unsigned)world->matters[i].code));
        put_names(w, "name", names->name_zh, names->name_en);
        put_names(w, "group", names->level1_zh, names->level1_en);
        json_close(w);
    }
    json_close_list(w);
}

void public_district_get(struct call *call) {
    struct json_writer *w = call_json(call);
    json_open(w);
    directory_put_areas(w, call->reference, UNIT_GRID, 0);
    put_matters(w, call);
    json_close(w);
    call_answer(call, 200);
}
