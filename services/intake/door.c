/* The HTTP door of intake: POST /api/v1/requests and /api/v1/requests/batch. Each answer says what became of the request, and 2xx is
 * only ever said after COMMIT. Who pushes is pushers.c's. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/json_writer.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/number.h"
#include "proto/limits.h"
#include "proto/must.h"
#include "services/intake/files.h"
#include "services/intake/intake.h"

METRIC_COUNTER(refusals, "paidan_intake_refusals_total", "Pushes refused at the door.", "why", "no_token", "bad_token",
               "not_allowed", "malformed", "busy");

void intake_refused(enum intake_refusal why) {
    metric_add(&refusals, why, 1);
}

static const struct json_limits REQUEST_LIMITS = {.bytes_max = REQUEST_BODY_MAX, .depth_max = 6, .values_max = 200};

static const struct sentence BUSY = {"系统繁忙, 请稍后用同一编号重发",
                                     "too busy: push it again later under the same id"};
static const struct sentence UNKNOWN = {
    "结果未知, 请用同一编号重发, 不会重复受理",
    "the outcome is not known: push it again under the same id, it cannot be accepted twice"};
static const struct sentence BAD = {"数据无法保存, 已转人工检查",
                                    "the data cannot be stored; it was put aside for an operator"};

/* ---- answers -------------------------------------------------------------------------------------------------------------------- */

static int status_of(enum accept_outcome outcome) {
    static const int status[] = {[ACCEPT_NEW] = 201, [ACCEPT_REPEAT] = 200, [ACCEPT_CONFLICT] = 409,
                                 [ACCEPT_BAD] = 422, [ACCEPT_BUSY] = 503,   [ACCEPT_UNKNOWN] = 503};
    return status[outcome];
}

#define STATUS_PATH "/api/v1/requests/"
enum { STATUS_URL_BYTES = sizeof STATUS_PATH + NUMBER_TEXT_BYTES };

/* Where a request is asked after; returns its number within. */
static const char *put_status_url(int64_t number, char ret_url[STATUS_URL_BYTES]) {
    memcpy(ret_url, STATUS_PATH, sizeof STATUS_PATH);
    number_format_request(number, ret_url + sizeof STATUS_PATH - 1);
    return ret_url + sizeof STATUS_PATH - 1;
}

/* The members of an accepted request; the same bytes for a repeat. */
static void put_accepted(struct json_writer *w, const struct intake *in, const struct said *said,
                         const struct accept_answer *answer) {
    char url[STATUS_URL_BYTES];
    const char *number = put_status_url(answer->number, url);
    const struct reference_source *source = reference_source(in->reference, said->source);
    json_put_string(w, "number", number);
    json_put_string(w, "source", source ? source->code : "");
    json_put_text(w, "external_id", said->external_id.at, said->external_id.len);
    json_put_time(w, "received_at", answer->received_at);
    json_put_string(w, "status_url", url);
}

static struct sentence conflict_sentence(struct arena *arena, int64_t number) {
    char text[NUMBER_TEXT_BYTES];
    number_format_request(number, text);
    const char *zh = arena_printf(arena, "同一编号已以不同内容受理, 受理号 %s; 内容有变请另用补充", text);
    const char *en = arena_printf(
        arena, "the same id was accepted before with other content, as %s; send a supplement instead", text);
    return (struct sentence){zh ? zh : "", en ? en : ""};
}

static struct sentence sentence_of(struct arena *arena, const struct accept_answer *answer) {
    switch (answer->outcome) {
    case ACCEPT_CONFLICT:
        return conflict_sentence(arena, answer->number);
    case ACCEPT_BAD:
        return BAD;
    case ACCEPT_UNKNOWN:
        return UNKNOWN;
    default:
        return BUSY;
    }
}

/* ---- one request ------------------------------------------------------------------------------------------------------------------ */

struct single {
    struct intake *in;
    struct http_request *http;
    struct push_key key;
    bool lacks_file;
    struct said said;
};

static void on_single(void *context, const struct said *said, const struct accept_answer *answer) {
    struct single *s = context;
    struct intake *in = s->in;
    int status = status_of(answer->outcome);
    if (status < 300) {
        keys_keep(in->push_keys, &s->key);
        struct buffer json = {0};
        struct json_writer w;
        json_writer_init(&w, &json);
        json_open(&w);
        put_accepted(&w, in, said, answer);
        json_close(&w);
        char url[STATUS_URL_BYTES];
        put_status_url(answer->number, url);
        http_set_header(s->http, "Location", url);
        http_answer_json(s->http, status, &json);
        buffer_done(&json);
    } else if (status == 409) {
        struct http_fault fault = {"/external_id", {"编号已使用", "the id is taken"}};
        struct http_problem problem = {.status = 409,
                                       .type = "conflict",
                                       .title = {"编号冲突", "id conflict"},
                                       .detail = sentence_of(http_arena(s->http), answer),
                                       .faults = &fault,
                                       .fault_count = 1};
        http_problem(s->http, &problem);
    } else {
        http_problem_status(s->http, status, sentence_of(NULL, answer));
    }
}

static void answer_faults(struct http_request *http, const struct said_faults *faults) {
    static const struct sentence titles[] = {{"请求格式有误", "malformed request"},
                                             {"无权代表该来源", "not your source"},
                                             {"内容不符合要求", "not acceptable"}};
    int which = faults->status == 400 ? 0 : faults->status == 403 ? 1 : 2;
    struct http_problem problem = {.status = faults->status,
                                   .type = which == 0   ? "malformed"
                                           : which == 1 ? "not-your-source"
                                                        : "invalid",
                                   .title = titles[which],
                                   .detail = {NULL, NULL},
                                   .faults = faults->faults,
                                   .fault_count = faults->count};
    intake_refused(which == 1 ? INTAKE_NOT_ALLOWED : INTAKE_MALFORMED);
    http_problem(http, &problem);
}

static void answer_json_fault(struct http_request *http, const struct json_fault *fault) {
    struct http_fault where = {fault->pointer, json_sentence(fault->wrong)};
    struct http_problem problem = {.status = 400,
                                   .type = "malformed",
                                   .title = {"不是有效的 JSON", "not valid JSON"},
                                   .detail = json_sentence(fault->wrong),
                                   .faults = &where,
                                   .fault_count = 1};
    intake_refused(INTAKE_MALFORMED);
    http_problem(http, &problem);
}

#define NO_FILE                                                                                                        \
    (struct http_fault) {                                                                                              \
        "/attachments", {                                                                                              \
            "附件中有文件不存在、已过期、已用于其他诉求, 或不是您上传的",                                              \
                "there is no such uploaded file: its day has passed, another request has it, or it is not yours"       \
        }                                                                                                              \
    }

static void accept_single(struct single *s) {
    if (accept_add(s->in->accept, &s->said, on_single, s)) return;
    intake_refused(INTAKE_BUSY);
    http_problem_status(s->http, 503, BUSY);
}

static void on_file_missing(void *context, int no) {
    struct single *s = context;
    (void)no;
    s->lacks_file = true;
}

static void on_files_known(void *context, bool unknown) {
    struct single *s = context;
    if (unknown)
        http_problem_status(s->http, 503, BUSY);
    else if (s->lacks_file)
        answer_faults(s->http, &(struct said_faults){.status = 422, .count = 1, .faults = {NO_FILE}});
    else
        accept_single(s);
}

/* In whose words the body comes; NULL: in ours. False: answered. */
static bool find_words(const struct intake *in, struct http_request *http, const struct pusher *who,
                       const struct reference_source **ret_as) {
    *ret_as = NULL;
    if (who->kind != PUSHER_PROGRAM) return true;
    if (said_words_of(&who->bearer, http_query(http, "source"), in->reference, ret_as) == ERR_NONE) return true;
    struct http_fault where = {"source", {"没有这个来源", "there is no such source"}};
    struct http_problem problem = {.status = 400,
                                   .type = "malformed",
                                   .title = {"请求格式有误", "malformed request"},
                                   .detail = where.detail,
                                   .faults = &where,
                                   .fault_count = 1};
    intake_refused(INTAKE_MALFORMED);
    http_problem(http, &problem);
    return false;
}

static void push_single(struct intake *in, struct http_request *http, const struct pusher *who) {
    size_t len;
    const uint8_t *body = http_body(http, &len);
    struct json_fault json_fault;
    struct cJSON *tree = NULL;
    const struct reference_source *as;
    if (!find_words(in, http, who, &as)) return;
    if (json_parse(body, len, &REQUEST_LIMITS, &tree, &json_fault) != ERR_NONE) {
        answer_json_fault(http, &json_fault);
        return;
    }
    struct single *s = arena_take(http_arena(http), sizeof *s);
    struct said_faults faults = {0};
    if (s) {
        *s = (struct single){.in = in, .http = http, .key = who->key};
        pusher_prepare(who, in->reference, tree, &faults);
        if (!faults.status)
            said_read_as(tree, as, &who->bearer, in->reference, in->places, http_arena(http), &s->said, &faults);
        pusher_check(who, &s->said, &faults);
    }
    json_free(&tree); /* what was said lies in the request's arena now */
    if (!s) {
        http_problem_status(http, 503, BUSY);
    } else if (faults.status) {
        answer_faults(http, &faults);
    } else if (s->said.names_files) {
        struct files_question *question = files_ask_new(in, who->bearer.principal.user);
        files_ask_add(question, 0, &s->said);
        files_ask(question, on_file_missing, on_files_known, s);
    } else {
        accept_single(s);
    }
}

/* ---- a batch: one request a line ------------------------------------------------------------------------------------------------- */

struct line {
    struct batch_push *batch;
    int status; /* 0: not known yet */
    struct accept_answer answer;
    struct said said;
    struct said_faults *faults;
    struct json_fault *json_fault;
};

struct batch_push {
    const struct reference_source *as; /* whose words; while the lines are read */
    struct intake *in;
    struct http_request *http;
    struct push_key key;
    struct line *lines;
    size_t count, left;
};

static void put_faults(struct json_writer *w, const struct line *line, enum language language) {
    json_put_open_list(w, "errors");
    int count = line->json_fault ? 1 : line->faults->count;
    for (int i = 0; i < count; i++) {
        struct sentence detail =
            line->json_fault ? json_sentence(line->json_fault->wrong) : line->faults->faults[i].detail;
        json_open(w);
        json_put_string(w, "pointer", line->json_fault ? line->json_fault->pointer : line->faults->faults[i].pointer);
        json_put_string(w, "detail", sentence_in(detail, language));
        json_close(w);
    }
    json_close_list(w);
}

static void write_line(struct buffer *out, const struct intake *in, const struct line *line,
                       struct http_request *http) {
    struct json_writer w;
    enum language language = http_language(http);
    json_writer_init(&w, out);
    json_open(&w);
    json_put_int(&w, "status", line->status);
    if (line->status < 300) {
        put_accepted(&w, in, &line->said, &line->answer);
    } else if (line->json_fault || (line->faults && line->faults->status)) {
        json_put_string(
            &w, "title",
            sentence_in((struct sentence){"本行有误, 未受理", "this line is wrong and was not accepted"}, language));
        put_faults(&w, line, language);
    } else {
        json_put_text(&w, "external_id", line->said.external_id.at, line->said.external_id.len);
        json_put_string(&w, "title", sentence_in(sentence_of(http_arena(http), &line->answer), language));
    }
    json_close(&w);
    buffer_append_byte(out, '\n');
}

static void finish_batch(struct batch_push *b) {
    struct buffer out = {0};
    keys_keep(b->in->push_keys, &b->key);
    for (size_t i = 0; i < b->count; i++) write_line(&out, b->in, &b->lines[i], b->http);
    http_answer(b->http, 200, "application/x-ndjson", out.data, out.length);
    buffer_done(&out);
}

static void on_line(void *context, const struct said *said, const struct accept_answer *answer) {
    struct line *line = context;
    struct batch_push *b = line->batch;
    line->answer = *answer;
    line->status = status_of(answer->outcome);
    if (--b->left == 0) finish_batch(b);
}

static void read_line(struct batch_push *b, struct line *line, const char *text, size_t len, const struct bearer *who) {
    struct arena *arena = http_arena(b->http);
    struct json_fault json_fault;
    struct cJSON *tree = NULL;
    line->batch = b;
    if (json_parse(text, len, &REQUEST_LIMITS, &tree, &json_fault) != ERR_NONE) {
        line->status = 400;
        line->json_fault = arena_take(arena, sizeof json_fault);
        must(line->json_fault);
        *line->json_fault = json_fault;
        return;
    }
    struct said_faults faults = {0};
    said_read_as(tree, b->as, who, b->in->reference, b->in->places, arena, &line->said, &faults);
    json_free(&tree);
    if (!faults.status) return;
    line->status = faults.status;
    line->faults = arena_take(arena, sizeof faults);
    must(line->faults);
    *line->faults = faults;
}

static size_t count_lines(const char *body, size_t len) {
    size_t count = 0;
    for (const char *at = body, *end = body + len; at < end; count++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    return count;
}

static void read_lines(struct batch_push *b, const char *body, size_t len, const struct bearer *who) {
    size_t n = 0;
    for (const char *at = body, *end = body + len; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line_len = (size_t)((newline ? newline : end) - at);
        if (text_trim(at, line_len).len) read_line(b, &b->lines[n++], at, line_len, who);
        at = newline ? newline + 1 : end;
    }
    b->count = n;
}

static void accept_lines(struct batch_push *b) {
    for (size_t i = 0; i < b->count; i++) b->left += !b->lines[i].status;
    if (!b->left) {
        finish_batch(b);
        return;
    }
    if (!accept_has_room(b->in->accept, b->left)) { /* it was there before the files were asked for */
        intake_refused(INTAKE_BUSY);
        http_problem_status(b->http, 503, BUSY);
        return;
    }
    for (size_t i = 0; i < b->count; i++)
        if (!b->lines[i].status) must(accept_add(b->in->accept, &b->lines[i].said, on_line, &b->lines[i]));
}

static void on_line_lacks_file(void *context, int no) {
    struct batch_push *b = context;
    struct line *line = &b->lines[no];
    line->faults = arena_zeroed(http_arena(b->http), 1, sizeof *line->faults);
    must(line->faults);
    *line->faults = (struct said_faults){.status = 422, .count = 1, .faults = {NO_FILE}};
    line->status = 422;
}

static void on_lines_known(void *context, bool unknown) {
    struct batch_push *b = context;
    if (unknown)
        http_problem_status(b->http, 503, BUSY);
    else
        accept_lines(b);
}

static void push_batch(struct intake *in, struct http_request *http, const struct pusher *who) {
    size_t len;
    const char *body = (const char *)http_body(http, &len);
    size_t count = count_lines(body, len);
    if (count > BATCH_LINES_MAX) {
        http_problem_status(
            http, 413, (struct sentence){"行数过多, 一次最多 20000 行", "too many lines: at most 20,000 at a time"});
        return;
    }
    const struct reference_source *as;
    if (!find_words(in, http, who, &as)) return;
    if (!accept_has_room(in->accept, count)) {
        intake_refused(INTAKE_BUSY);
        http_problem_status(http, 503, BUSY);
        return;
    }
    struct batch_push *b = arena_zeroed(http_arena(http), 1, sizeof *b);
    if (b) b->lines = arena_zeroed(http_arena(http), count + 1, sizeof *b->lines);
    if (!b || !b->lines) {
        http_problem_status(http, 503, BUSY);
        return;
    }
    b->in = in;
    b->http = http;
    b->key = who->key;
    b->as = as;
    read_lines(b, body, len, &who->bearer);
    struct files_question *question = NULL;
    for (size_t i = 0; i < b->count; i++) {
        if (b->lines[i].status || !b->lines[i].said.names_files) continue;
        if (!question) question = files_ask_new(in, who->bearer.principal.user);
        files_ask_add(question, (int)i, &b->lines[i].said);
    }
    if (question)
        files_ask(question, on_line_lacks_file, on_lines_known, b);
    else
        accept_lines(b);
}

/* ---- the doors --------------------------------------------------------------------------------------------------- */

static void on_request(void *context, struct http_request *http) {
    pushers_find(((struct kit *)context)->self, http, true, push_single);
}
static void on_batch(void *context, struct http_request *http) {
    pushers_find(((struct kit *)context)->self, http, false, push_batch);
}
static void on_resident(void *context, struct http_request *http) {
    pushers_resident(((struct kit *)context)->self, http, push_single);
}

const struct http_route intake_routes[] = {
    {HTTP_POST, "/api/v1/requests", on_request, REQUEST_BODY_MAX, HTTP_BODY_JSON | HTTP_BODY_GB18030, "source", NULL},
    {HTTP_POST, "/api/v1/requests/batch", on_batch, BATCH_BODY_MAX, HTTP_BODY_NDJSON | HTTP_BODY_GB18030, "source",
     NULL},
    {HTTP_POST, "/api/v1/public/requests", on_resident, REQUEST_BODY_MAX, HTTP_BODY_JSON, NULL, NULL},
    {HTTP_POST, "/open311/v2/requests.xml", open311_post, REQUEST_BODY_MAX, HTTP_BODY_FORM | HTTP_QUERY_ANY, NULL,
     NULL},
    {HTTP_POST, "/open311/v2/requests.json", open311_post, REQUEST_BODY_MAX, HTTP_BODY_FORM | HTTP_QUERY_ANY, NULL,
     NULL},
    {0, NULL, NULL, 0, 0, NULL, NULL}};
