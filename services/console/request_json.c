/* See request_json.h. */
#include "services/console/request_json.h"

#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/number.h"
#include "common/text.h"
#include "services/console/ticket_json.h"
#include "services/kit/sealed.h"

enum {
    ID,
    SOURCE,
    EXTERNAL_ID,
    CHANNEL,
    RECEIVED_AT,
    OCCURRED_AT,
    MATTER,
    MATTER_GIVEN,
    URGENCY,
    TITLE,
    DESCRIPTION,
    LON,
    LAT,
    ADDRESS,
    PLACE,
    PLACE_BY,
    CONFIDENTIAL,
    NAME,
    PHONE,
    DOCUMENT,
    ATTACHMENTS
};

static void put_column(struct json_writer *w, const char *key, const struct db_result *rows, int row, int column) {
    size_t len;
    const char *text = db_get_text(rows, row, column, &len);
    json_put_text(w, key, text ? text : "", len);
}

bool request_unseal(struct call *call, const struct db_result *rows, int row, int column,
                    char ret_plain[PERSON_BYTES_MAX], size_t *ret_len) {
    int64_t id = db_get_int(rows, row, ID);
    size_t len, own_len;
    const uint8_t *sealed = db_get_bytes(rows, row, column, &len);
    const char *own_id = db_get_text(rows, row, EXTERNAL_ID, &own_len);
    int64_t key = sealed_request_row((uint32_t)db_get_int(rows, row, SOURCE), own_id, own_len);
    struct crypto_place place = column == NAME    ? SEALED_NAME(key)
                                : column == PHONE ? SEALED_PHONE(key)
                                                  : SEALED_DOCUMENT(key);
    if (!sealed || !call->console->keys || len < CRYPTO_SEAL_BYTES || len - CRYPTO_SEAL_BYTES >= PERSON_BYTES_MAX)
        return false;
    if (crypto_unseal(call->console->keys, &place, sealed, len, ret_plain, ret_len) == ERR_NONE) return true;
    log_error("field_not_opened", LOG_ID("request", id), LOG_INT("column", column));
    return false;
}

static void put_masked(struct json_writer *w, struct call *call, const char *key, const struct db_result *rows, int row,
                       int column, void (*mask)(const char *bytes, size_t len, char ret_text[TEXT_MASK_BYTES])) {
    char plain[PERSON_BYTES_MAX], masked[TEXT_MASK_BYTES];
    size_t len;
    if (!request_unseal(call, rows, row, column, plain, &len)) {
        json_put_null(w, key);
        return;
    }
    mask(plain, len, masked);
    crypto_forget(plain, sizeof plain);
    json_put_string(w, key, masked);
}

static void put_requester(struct json_writer *w, struct call *call, const struct db_result *rows, int row,
                          bool shows_person) {
    json_put_open(w, "requester");
    if (shows_person) {
        put_masked(w, call, "name", rows, row, NAME, text_mask_name);
        put_masked(w, call, "phone", rows, row, PHONE, text_mask_phone);
        put_masked(w, call, "document", rows, row, DOCUMENT, text_mask_document);
    }
    json_put_bool(w, "confidential", db_get_bool(rows, row, CONFIDENTIAL));
    json_close(w);
}

void put_location(struct json_writer *w, struct call *call, const struct db_result *rows, int row) {
    size_t len;
    const char *address = db_get_text(rows, row, ADDRESS, &len);
    bool has_point = !db_is_null(rows, row, LON) && !db_is_null(rows, row, LAT);
    uint32_t place = (uint32_t)db_get_int(rows, row, PLACE);
    if (!has_point && !place && !len) {
        json_put_null(w, "location");
        return;
    }
    const struct unit *unit = world_unit(call_world(call), place);
    json_put_open(w, "location");
    if (has_point) json_put_double(w, "lon", db_get_float8(rows, row, LON));
    if (has_point) json_put_double(w, "lat", db_get_float8(rows, row, LAT));
    json_put_text(w, "address", address ? address : "", len);
    json_put_string(w, "grid", unit && unit->kind == UNIT_GRID ? reference_unit_code(call->reference, place) : NULL);
    put_unit(w, "unit", call->reference, place);
    put_word(w, "found_by", WORDS_place_by, (int)db_get_int(rows, row, PLACE_BY));
    json_close(w);
}

static void put_source(struct json_writer *w, struct call *call, uint32_t id) {
    const struct reference_source *source = reference_source(call->reference, id);
    if (!source) {
        json_put_null(w, "source");
        return;
    }
    json_put_open(w, "source");
    json_put_string(w, "code", source->code);
    put_names(w, "name", source->name_zh, source->name_en);
    json_close(w);
}

void put_request(struct json_writer *w, struct call *call, const struct db_result *rows, int row, bool shows_person) {
    size_t len;
    put_request_number(w, "number", db_get_int(rows, row, ID));
    put_source(w, call, (uint32_t)db_get_int(rows, row, SOURCE));
    put_column(w, "external_id", rows, row, EXTERNAL_ID);
    put_word(w, "channel", WORDS_channel, (int)db_get_int(rows, row, CHANNEL));
    json_put_time(w, "received_at", db_get_int(rows, row, RECEIVED_AT));
    json_put_time_or_null(w, "occurred_at", db_get_int(rows, row, OCCURRED_AT));
    put_matter(w, "matter", call->reference, (uint32_t)db_get_int(rows, row, MATTER));
    put_column(w, "matter_given", rows, row, MATTER_GIVEN);
    json_put_string(w, "urgency",
                    db_get_int(rows, row, URGENCY) ? word_text(WORDS_urgency, (int)db_get_int(rows, row, URGENCY))
                                                   : NULL);
    put_column(w, "title", rows, row, TITLE);
    put_column(w, "description", rows, row, DESCRIPTION);
    put_location(w, call, rows, row);
    put_requester(w, call, rows, row, shows_person);
    const char *attachments = db_get_text(rows, row, ATTACHMENTS, &len);
    json_key(w, "attachments");
    if (attachments)
        json_raw(w, attachments, len);
    else
        json_raw(w, "[]", 2);
}
