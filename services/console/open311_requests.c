/* See open311.h: requests by filter, by number and by token, with the standard's limits: 90 days, 1,000 requests. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/number.h"
#include "services/console/event_read.h"
#include "services/console/open311.h"
#include "services/console/request_answer.h"

#define DAY_MS      (24 * 3600 * INT64_C(1000))
#define SPAN_MS     (90 * DAY_MS)
#define DATE_FACTOR INT64_C(1000000000)

enum { IDS_MAX = 1000, CODES_MAX = 200 };

enum {
    ID,
    RECEIVED_AT,
    MATTER,
    TITLE,
    DESCRIPTION,
    LON,
    LAT,
    ADDRESS,
    GRID,
    ATTACHMENTS,
    TICKET,
    OPEN,
    STATE,
    OWNER,
    DUE,
    UPDATED,
    URGENCY,
    PLACE,
    EXTERNAL_ID
};

/* Updated: the ticket's last change of state, its end, or the request's arrival. */
#define FOUND                                                                                                          \
    "SELECT r.id, r.received_at, coalesce(nullif(t.matter, 0), r.matter) AS matter, r.title, r.description, r.lon, "   \
    "r.lat, r.address, r.grid_given, r.attachments::text, coalesce(tr.origin, 0), coalesce(t.open, true) AS open, "    \
    "coalesce(t.state, 0), coalesce(t.owner, 0), coalesce(t.due, 0), greatest(r.received_at, coalesce(t.entered_at, "  \
    "0), coalesce(t.ended_at, 0)) AS updated, coalesce(t.urgency, r.urgency), r.place, r.external_id, "                \
    "r.confidential FROM request r LEFT JOIN ticket_request tr ON tr.request = r.id LEFT JOIN ticket t ON t.id = "     \
    "tr.ticket "

#define FILTERED                                                                                                       \
    "SELECT * FROM (" FOUND "WHERE r.id >= $3::int8 AND r.id < $4::int8 AND r.received_at BETWEEN $5::int8 AND "       \
    "$6::int8) f WHERE ($1::bool OR (NOT f.confidential AND f.matter = ANY ($2::int4[]))) AND (cardinality("           \
    "$7::int4[]) = 0 OR f.matter = ANY ($7::int4[])) AND ($8::int2 = 0 OR f.open = ($8::int2 = 1)) AND f.updated "     \
    "BETWEEN $9::int8 AND $10::int8 ORDER BY f.id DESC LIMIT $11::int8 OFFSET $12::int8"
#define NUMBERED                                                                                                       \
    "SELECT * FROM (" FOUND "WHERE r.id = ANY ($3::int8[])) f WHERE ($1::bool OR (NOT f.confidential AND f.matter = "  \
    "ANY ($2::int4[]))) ORDER BY f.id DESC"
/* The same requests' answers, beside them. */
#define ANSWERS_TO(found)                                                                                              \
    "SELECT " ANSWER_COLUMNS ", x.id FROM (" found ") x, LATERAL answers_of_request(x.id) a ORDER BY x.id DESC, a.at " \
    "DESC, a.version DESC"

static const struct db_statement BY_FILTER[2] = {{"open311_requests", FILTERED},
                                                 {"open311_requests_answers", ANSWERS_TO(FILTERED)}};
static const struct db_statement BY_NUMBER[2] = {{"open311_request", NUMBERED},
                                                 {"open311_request_answers", ANSWERS_TO(NUMBERED)}};
static const struct db_statement BY_TOKEN = {
    "open311_token", "SELECT k.request FROM request_key k JOIN request r ON r.id = k.request WHERE k.external_id = "
                     "$1::text ORDER BY k.request LIMIT 1"};

struct listing {
    int64_t ids[IDS_MAX];
    int id_count;
    bool single, extensions;
    time_ms from, to, updated_from, updated_to;
    int32_t codes[CODES_MAX];
    int code_count, status; /* 0 any, 1 open, 2 closed */
    int64_t offset, limit;
    const struct db_result *rows;
};

static struct listing *listing_of(struct call *call) {
    return ((struct open311_asked *)call->self)->self;
}

/* ---- one request -------------------------------------------------------------------------------------------------------------------- */

static void put_column(struct open311 *o, struct call *call, const char *name, const struct db_result *rows, int row,
                       int column) {
    size_t length;
    const char *text = db_get_text(rows, row, column, &length);
    open311_string(o, name, text ? open311_public_text(call, text, length) : NULL);
}

/* As it was told: the title where it says more than the service's name does, then the text. */
static void put_description(struct open311 *o, struct call *call, const struct db_result *rows, int row) {
    size_t title_len, length;
    const char *title = db_get_text(rows, row, TITLE, &title_len), *text = db_get_text(rows, row, DESCRIPTION, &length);
    const struct reference_matter *names = reference_matter(call->reference, (uint32_t)db_get_int(rows, row, MATTER));
    bool says_more =
        title_len && !(names && strlen(names->name_zh) == title_len && !memcmp(names->name_zh, title, title_len));
    const char *all = call_printf(call, "%.*s%s%.*s", says_more ? (int)title_len : 0, title,
                                  says_more && length ? "\n" : "", (int)length, length ? text : "");
    open311_string(o, "description", open311_public_text(call, all, strlen(all)));
}

static void put_media(struct open311 *o, struct call *call, const struct db_result *rows, int row) {
    const struct open311_asked *asked = call->self;
    size_t length;
    struct json_fault fault;
    cJSON *tree = NULL;
    const char *json = asked->has_key ? db_get_text(rows, row, ATTACHMENTS, &length) : NULL, *url = NULL;
    if (json && json_parse(json, length, NULL, &tree, &fault) == ERR_NONE && cJSON_IsArray(tree) && tree->child)
        (void)!json_get_text(tree->child, "url", &url);
    open311_string(o, "media_url", url);
    json_free(&tree);
}

static void put_extensions(struct open311 *o, struct call *call, const struct db_result *rows, int row) {
    const struct open311_asked *asked = call->self;
    char ticket[NUMBER_TEXT_BYTES] = "";
    int state = (int)db_get_int(rows, row, STATE), urgency = (int)db_get_int(rows, row, URGENCY);
    if (db_get_int(rows, row, TICKET)) number_format_ticket(db_get_int(rows, row, TICKET), ticket);
    open311_item(o, "extended_attributes");
    open311_string(o, "ticket", ticket);
    open311_string(o, "state", state ? word_text(WORDS_state, state) : NULL);
    open311_string(o, "urgency", urgency ? word_text(WORDS_urgency, urgency) : NULL);
    open311_string(o, "unit", reference_unit_code(call->reference, (uint32_t)db_get_int(rows, row, OWNER)));
    open311_string(o, "place", reference_unit_code(call->reference, (uint32_t)db_get_int(rows, row, PLACE)));
    if (asked->has_key) put_column(o, call, "external_id", rows, row, EXTERNAL_ID);
    open311_item_end(o);
}

static void put_notes(struct open311 *o, struct call *call, int state, const struct event *answer) {
    const struct word *word = state ? word_by_value(WORDS_state, state) : NULL;
    if (answer)
        open311_string(o, "status_notes",
                       open311_public_text(call, answer->effect.answer.at, answer->effect.answer.len));
    else
        open311_string(o, "status_notes", !word ? NULL : call_lang(call) == LANG_EN ? word->en : word->zh);
}

static void put_point(struct open311 *o, const char *name, const struct db_result *rows, int row, int column) {
    if (db_is_null(rows, row, column))
        open311_string(o, name, NULL);
    else
        open311_double(o, name, db_get_float8(rows, row, column));
}

static void put_request(struct open311 *o, struct call *call, int row, const struct event *answer) {
    const struct listing *listing = listing_of(call);
    const struct db_result *rows = listing->rows;
    bool en = call_lang(call) == LANG_EN, open = db_get_bool(rows, row, OPEN);
    uint32_t matter = (uint32_t)db_get_int(rows, row, MATTER), owner = (uint32_t)db_get_int(rows, row, OWNER);
    const struct reference_matter *names = reference_matter(call->reference, matter);
    char number[NUMBER_TEXT_BYTES];
    number_format_request(db_get_int(rows, row, ID), number);
    open311_item(o, "request");
    open311_string(o, "service_request_id", number);
    open311_string(o, "status", open ? "open" : "closed");
    put_notes(o, call, (int)db_get_int(rows, row, STATE), answer);
    open311_string(o, "service_name", !names ? NULL : en ? names->name_en : names->name_zh);
    open311_string(o, "service_code", matter ? call_printf(call, "%06u", (unsigned)matter) : NULL);
    put_description(o, call, rows, row);
    open311_string(o, "agency_responsible", owner ? reference_unit_name(call->reference, owner, en) : NULL);
    open311_string(o, "service_notice", NULL);
    open311_time(o, "requested_datetime", db_get_int(rows, row, RECEIVED_AT));
    open311_time(o, "updated_datetime", db_get_int(rows, row, UPDATED));
    open311_time(o, "expected_datetime", open ? db_get_int(rows, row, DUE) : 0);
    put_column(o, call, "address", rows, row, ADDRESS);
    put_column(o, call, "address_id", rows, row, GRID);
    open311_string(o, "zipcode", NULL);
    put_point(o, "lat", rows, row, LAT);
    put_point(o, "long", rows, row, LON);
    put_media(o, call, rows, row);
    if (listing->extensions) put_extensions(o, call, rows, row);
    open311_item_end(o);
}

/* ---- many ---------------------------------------------------------------------------------------------------------------------------- */

/* The answers come in the order of the requests, newest first; each request's stand together. */
static void on_rows(struct call *call, const struct db_reply *reply) {
    static struct event event;
    struct listing *listing = listing_of(call);
    struct open311 o;
    if (open311_failed(call, reply)) return;
    const struct db_result *answers = reply->results[2];
    listing->rows = reply->results[1];
    if (listing->single && db_rows(listing->rows) == 0) {
        open311_refuse(call, 404, "没有这件诉求", "There is no such service_request_id");
        return;
    }
    open311_start(call, &o);
    open311_list(&o, "service_requests");
    for (int i = 0, from = 0; i < db_rows(listing->rows); i++) {
        int64_t id = db_get_int(listing->rows, i, ID);
        while (from < db_rows(answers) && db_get_int(answers, from, ANSWERS_REQUEST) > id) from++;
        int to = from;
        while (to < db_rows(answers) && db_get_int(answers, to, ANSWERS_REQUEST) == id) to++;
        bool answered = request_answer_find(answers, from, to, &event);
        put_request(&o, call, i, answered ? &event : NULL);
        from = to;
    }
    open311_list_end(&o);
    open311_finish(call, &o);
}

static void ask_by_number(struct call *call) {
    const struct listing *listing = listing_of(call);
    const struct open311_asked *asked = call->self;
    call_read(call);
    for (int n = 0; n < 2; n++) {
        struct db_call *rows = call_add(call, &BY_NUMBER[n]);
        db_set_bool(rows, 1, asked->has_key);
        open311_set_services(call, rows, 2);
        db_set_array(rows, 3, DB_INT8);
        for (int i = 0; i < listing->id_count; i++) db_push_int8(rows, 3, listing->ids[i]);
    }
    call_send(call, on_rows);
}

static void ask_by_filter(struct call *call) {
    const struct listing *listing = listing_of(call);
    const struct open311_asked *asked = call->self;
    call_read(call);
    for (int n = 0; n < 2; n++) {
        struct db_call *rows = call_add(call, &BY_FILTER[n]);
        db_set_bool(rows, 1, asked->has_key);
        open311_set_services(call, rows, 2);
        db_set_int8(rows, 3, (int64_t)clock_date(listing->from) * DATE_FACTOR);
        db_set_int8(rows, 4, ((int64_t)clock_date(listing->to) + 1) * DATE_FACTOR);
        db_set_int8(rows, 5, listing->from);
        db_set_int8(rows, 6, listing->to);
        db_set_array(rows, 7, DB_INT4);
        for (int i = 0; i < listing->code_count; i++) db_push_int4(rows, 7, listing->codes[i]);
        db_set_int2(rows, 8, (int16_t)listing->status);
        db_set_int8(rows, 9, listing->updated_from);
        db_set_int8(rows, 10, listing->updated_to);
        db_set_int8(rows, 11, listing->limit);
        db_set_int8(rows, 12, listing->offset);
    }
    call_send(call, on_rows);
}

/* ---- what is asked ------------------------------------------------------------------------------------------------------------------- */

static bool read_ids(struct call *call, struct listing *listing, const char *text) {
    while (*text) {
        size_t length = strcspn(text, ",");
        if (listing->id_count == IDS_MAX ||
            number_parse_request(text, length, &listing->ids[listing->id_count]) != ERR_NONE) {
            open311_refuse(call, listing->single ? 404 : 400, "service_request_id 有误或过多",
                           "A service_request_id is none, or there are too many");
            return false;
        }
        listing->id_count++;
        text += length + (text[length] == ',');
    }
    return true;
}

static bool read_codes(struct call *call, struct listing *listing) {
    const char *text = http_query(call->request, "service_code");
    while (text && *text) {
        size_t length = strcspn(text, ",");
        const struct matter *matter = open311_service(call_world(call), text, length);
        if (!matter || listing->code_count == CODES_MAX) {
            open311_refuse(call, 404, "没有这个 service_code", "There is no such service_code");
            return false;
        }
        listing->codes[listing->code_count++] = (int32_t)matter->code;
        text += length + (text[length] == ',');
    }
    return true;
}

static bool read_status(struct call *call, struct listing *listing) {
    const char *text = http_query(call->request, "status");
    bool open = false, closed = false;
    while (text && *text) {
        size_t length = strcspn(text, ",");
        bool is_open = length == 4 && !memcmp(text, "open", 4), is_closed = length == 6 && !memcmp(text, "closed", 6);
        if (!is_open && !is_closed) {
            open311_refuse(call, 400, "status 只能是 open 或 closed", "status is open or closed");
            return false;
        }
        open |= is_open;
        closed |= is_closed;
        text += length + (text[length] == ',');
    }
    listing->status = open == closed ? 0 : open ? 1 : 2;
    return true;
}

/* Without dates the last 90 days; with one of them 90 days from or up to it; with both at most 90 days. */
static bool read_times(struct call *call, struct listing *listing) {
    time_ms now = clock_now();
    if (!open311_query_time(call, "start_date", &listing->from) ||
        !open311_query_time(call, "end_date", &listing->to) ||
        !open311_query_time(call, "updated_after", &listing->updated_from) ||
        !open311_query_time(call, "updated_before", &listing->updated_to))
        return false;
    if (!listing->to) listing->to = listing->from && listing->from + SPAN_MS < now ? listing->from + SPAN_MS : now;
    if (!listing->from) listing->from = listing->to - SPAN_MS;
    if (!listing->updated_to) listing->updated_to = INT64_MAX;
    if (listing->from >= 0 && listing->from <= listing->to && listing->to - listing->from <= SPAN_MS + DAY_MS)
        return true;
    open311_refuse(call, 400, "start_date 须早于 end_date, 且相距不超过 90 天",
                   "start_date must lie before end_date, and at most 90 days");
    return false;
}

static struct listing *listing_new(struct call *call) {
    struct listing *listing = call_take(call, sizeof *listing);
    const char *extensions = http_query(call->request, "extensions");
    listing->extensions = extensions && (!strcmp(extensions, "true") || !strcmp(extensions, "1"));
    ((struct open311_asked *)call->self)->self = listing;
    return listing;
}

static void requests(struct call *call) {
    struct listing *listing = listing_new(call);
    const char *ids = http_query(call->request, "service_request_id");
    if (ids && *ids) { /* overrides all other arguments */
        if (read_ids(call, listing, ids)) ask_by_number(call);
    } else if (read_codes(call, listing) && read_status(call, listing) && read_times(call, listing) &&
               open311_query_page(call, &listing->offset, &listing->limit)) {
        ask_by_filter(call);
    }
}

void open311_requests_get(struct call *call) {
    open311_enter(call, NULL, false, ACTION_FOLLOW_REQUEST, requests);
}

static const char *file_name(struct call *call, const char *parameter) {
    const char *file = http_param(call->request, parameter);
    enum open311_format format;
    size_t length;
    (void)!open311_format_of(file, &format, &length);
    return call_printf(call, "%.*s", (int)length, file);
}

static void request(struct call *call) {
    struct listing *listing = listing_new(call);
    listing->single = true;
    if (read_ids(call, listing, file_name(call, "service_request_id"))) ask_by_number(call);
}

void open311_request_get(struct call *call) {
    open311_enter(call, NULL, false, ACTION_FOLLOW_REQUEST, request);
}

/* ---- tokens: every service is realtime, so none is ever given out; a source's own number serves as one -------------------------- */

static void on_token(struct call *call, const struct db_reply *reply) {
    struct open311 o;
    char number[NUMBER_TEXT_BYTES];
    if (open311_failed(call, reply)) return;
    if (db_rows(reply->results[1]) != 1) {
        open311_refuse(call, 404, "没有这个 token", "There is no such token");
        return;
    }
    number_format_request(db_get_int(reply->results[1], 0, 0), number);
    open311_start(call, &o);
    open311_list(&o, "service_requests");
    open311_item(&o, "request");
    open311_string(&o, "service_request_id", number);
    open311_string(&o, "token", file_name(call, "token"));
    open311_item_end(&o);
    open311_list_end(&o);
    open311_finish(call, &o);
}

static void token(struct call *call) {
    call_read(call);
    db_set_string(call_add(call, &BY_TOKEN), 1, file_name(call, "token"));
    call_send(call, on_token);
}

void open311_token_get(struct call *call) {
    open311_enter(call, NULL, false, ACTION_FOLLOW_REQUEST, token);
}
