/* See accept_rows.h. */
#include "services/intake/accept_rows.h"

#include <string.h>

#include "common/clock.h"
#include "proto/must.h"
#include "services/kit/sealed.h"

#define SAID_COLUMNS                                                                                                   \
    "channel, received_at, occurred_at, matter, matter_given, urgency, title, description, lon, lat, address, "        \
    "grid_given, place, place_by, dedicated, confidential, name_sealed, phone_sealed, document_sealed, phone_index, "  \
    "attachments"
#define KEY_COLUMNS "source, external_id, request, received_at, content"

#define SAID_VALUES                                                                                                    \
    "unnest($3::int4[]), unnest($4::text[]), unnest($6::int2[]), $2::int8, unnest($7::int8[]), unnest($8::int4[]), "   \
    "unnest($9::text[]), unnest($10::int2[]), unnest($11::text[]), unnest($12::text[]), unnest($13::float8[]), "       \
    "unnest($14::float8[]), unnest($15::text[]), unnest($16::text[]), unnest($17::int4[]), unnest($18::int2[]), "      \
    "unnest($19::bool[]), unnest($20::bool[]), unnest($21::bytea[]), unnest($22::bytea[]), unnest($23::bytea[]), "     \
    "unnest($24::bytea[]), unnest($25::text[])::jsonb"

/* The common case, each key new: the rows go from the arrays into the tables, and the numbers come back in the order of the rows. A key
 * that is there already refuses the whole group, which is then sent once more by ACCEPT. A quarter less work for PostgreSQL than ACCEPT. */
static const struct db_statement ACCEPT_NEW_KEYS = {
    "intake_accept_new_keys",
    "WITH i AS MATERIALIZED (SELECT array_agg($1::int8 + nextval('request_number')) AS ids FROM "
    "generate_series(1, $26::int4)), "
    "k AS (INSERT INTO request_key (" KEY_COLUMNS ") SELECT unnest($3::int4[]), unnest($4::text[]), "
    "unnest((SELECT ids FROM i)), $2::int8, unnest($5::bytea[])) "
    "INSERT INTO request (id, source, external_id, " SAID_COLUMNS ") "
    "SELECT unnest((SELECT ids FROM i)), " SAID_VALUES " RETURNING id"};

/* The same for one. Two or three of these are less work than arrays of two or three, and each is sent without arrays (db_group_add_rows). */
static const struct db_statement ACCEPT_NEW_KEY = {
    "intake_accept_new_key",
    "WITH k AS (INSERT INTO request_key (" KEY_COLUMNS ") SELECT unnest($3::int4[]), unnest($4::text[]), "
    "$1::int8 + nextval('request_number'), $2::int8, unnest($5::bytea[]) RETURNING request) "
    "INSERT INTO request (id, source, external_id, " SAID_COLUMNS ") SELECT k.request, " SAID_VALUES
    " FROM k RETURNING id"};
enum { ONE_BY_ONE_MAX = 3 };

/* Each row of the input comes back once: its number and whether it is new; a row that another connection is committing at this
 * moment comes back without a number and is tried again. Numbers are given out first, so that what was new is told apart by
 * number alone, and only what was not is looked up. */
static const struct db_statement ACCEPT = {
    "intake_accept",
    "WITH i AS MATERIALIZED (SELECT $1::int8 + nextval('request_number') AS id, $2::int8 AS received_at, said.* FROM "
    "(SELECT "
    "unnest($3::int4[]) AS source, unnest($4::text[]) AS external_id, unnest($5::bytea[]) AS content, "
    "unnest($26::int4[]) AS no, unnest($6::int2[]) AS channel, unnest($7::int8[]) AS occurred_at, unnest($8::int4[]) "
    "AS matter, unnest($9::text[]) AS matter_given, unnest($10::int2[]) AS urgency, unnest($11::text[]) AS title, "
    "unnest($12::text[]) AS description, unnest($13::float8[]) AS lon, unnest($14::float8[]) AS lat, "
    "unnest($15::text[]) AS address, unnest($16::text[]) AS grid_given, unnest($17::int4[]) AS place, "
    "unnest($18::int2[]) AS place_by, unnest($19::bool[]) AS dedicated, unnest($20::bool[]) AS confidential, "
    "unnest($21::bytea[]) AS name_sealed, unnest($22::bytea[]) AS phone_sealed, unnest($23::bytea[]) AS "
    "document_sealed, unnest($24::bytea[]) AS phone_index, unnest($25::text[])::jsonb AS attachments) AS said), "
    "k AS (INSERT INTO request_key (" KEY_COLUMNS ") "
    "SELECT source, external_id, id, received_at, content FROM i ON CONFLICT DO NOTHING RETURNING request), "
    "r AS (INSERT INTO request (id, source, external_id, " SAID_COLUMNS ") "
    "SELECT id, source, external_id, " SAID_COLUMNS " FROM i JOIN k ON k.request = i.id) "
    "SELECT i.no, coalesce(k.request, o.request), k.request IS NOT NULL, o.content, o.received_at "
    "FROM i LEFT JOIN k ON k.request = i.id LEFT JOIN LATERAL (SELECT request, content, received_at FROM request_key f "
    "WHERE k.request IS NULL AND f.source = i.source AND f.external_id = i.external_id OFFSET 0) o ON true"};

static void number_rows(struct db_call *call, int number, uint32_t count) {
    db_set_array(call, number, DB_INT4);
    for (uint32_t i = 1; i <= count; i++) db_push_int4(call, number, (int32_t)i);
}

uint32_t accept_rows_each(bool new_keys, uint32_t count) {
    return new_keys && count <= ONE_BY_ONE_MAX ? 1 : count;
}

struct db_call *accept_rows_begin(struct db_group *db, bool new_keys, time_ms received_at, uint32_t each) {
    static const enum db_type types[] = {DB_INT4, DB_TEXT, DB_BYTEA,  DB_INT2,   DB_INT8,  DB_INT4,  DB_TEXT, DB_INT2,
                                         DB_TEXT, DB_TEXT, DB_FLOAT8, DB_FLOAT8, DB_TEXT,  DB_TEXT,  DB_INT4, DB_INT2,
                                         DB_BOOL, DB_BOOL, DB_BYTEA,  DB_BYTEA,  DB_BYTEA, DB_BYTEA, DB_TEXT};
    bool one = new_keys && each == 1;
    struct db_call *call =
        one ? db_group_add_rows(db, &ACCEPT_NEW_KEY) : db_group_add(db, new_keys ? &ACCEPT_NEW_KEYS : &ACCEPT);
    db_set_int8(call, 1, (int64_t)clock_date(received_at) * 1000000000);
    db_set_int8(call, 2, received_at);
    for (int i = 0; i < 23; i++) db_set_array(call, 3 + i, types[i]);
    if (!new_keys) number_rows(call, 26, each);
    if (new_keys && !one) db_set_int4(call, 26, (int32_t)each);
    return call;
}

/* ---- a row ---------------------------------------------------------------------------------------------------------------- */

static void push_span(struct db_call *call, int number, struct span text) {
    db_push_text(call, number, text.at ? text.at : "", text.len);
}

static void push_sealed(struct db_call *call, int number, const struct crypto_keys *keys, struct crypto_place place,
                        struct span text) {
    uint8_t sealed[NAME_BYTES_MAX + CRYPTO_SEAL_BYTES];
    if (!text.len) {
        db_push_null(call, number);
        return;
    }
    must(text.len <= NAME_BYTES_MAX);
    crypto_seal(keys, &place, text.at, text.len, sealed);
    db_push_bytes(call, number, sealed, text.len + CRYPTO_SEAL_BYTES);
}

/* Digits only; a Chinese number without country code gets it, so that one person is found under one index. */
static size_t phone_digits(struct span phone, char ret_digits[PHONE_BYTES_MAX + 2]) {
    size_t len = 0;
    for (size_t i = 0; i < phone.len; i++)
        if (phone.at[i] >= '0' && phone.at[i] <= '9') ret_digits[len++] = phone.at[i];
    if (len == 13 && memcmp(ret_digits, "86", 2) == 0) return len;
    if (len == 11 && ret_digits[0] == '1') {
        memmove(ret_digits + 2, ret_digits, len);
        memcpy(ret_digits, "86", 2);
        len += 2;
    }
    return len;
}

static void push_person(struct db_call *call, const struct crypto_keys *keys, int64_t row, const struct said *s) {
    push_sealed(call, 21, keys, SEALED_NAME(row), s->name);
    push_sealed(call, 22, keys, SEALED_PHONE(row), s->phone);
    push_sealed(call, 23, keys, SEALED_DOCUMENT(row), s->document);
    char digits[PHONE_BYTES_MAX + 2];
    uint8_t index[CRYPTO_INDEX_BYTES];
    size_t len = phone_digits(s->phone, digits);
    if (!len) { /* none, or a word instead */
        db_push_null(call, 24);
        return;
    }
    crypto_blind_index(keys, INDEX_PHONE, digits, len, index);
    db_push_bytes(call, 24, index, sizeof index);
}

void accept_rows_push(struct db_call *call, const struct crypto_keys *keys, int64_t row, const struct said *s) {
    db_push_int4(call, 3, (int32_t)s->source);
    push_span(call, 4, s->external_id);
    db_push_bytes(call, 5, s->content, CRYPTO_HASH_BYTES);
    db_push_int2(call, 6, s->channel);
    if (s->occurred_at)
        db_push_int8(call, 7, s->occurred_at);
    else
        db_push_null(call, 7);
    db_push_int4(call, 8, (int32_t)s->matter);
    push_span(call, 9, s->matter_given);
    db_push_int2(call, 10, s->urgency);
    push_span(call, 11, s->title);
    push_span(call, 12, s->description);
    if (s->has_point) {
        db_push_float8(call, 13, s->lon);
        db_push_float8(call, 14, s->lat);
    } else {
        db_push_null(call, 13);
        db_push_null(call, 14);
    }
    push_span(call, 15, s->address);
    push_span(call, 16, s->grid);
    db_push_int4(call, 17, (int32_t)s->place.unit);
    db_push_int2(call, 18, s->place.by);
    db_push_bool(call, 19, s->place.dedicated);
    db_push_bool(call, 20, s->confidential);
    push_person(call, keys, row, s);
    if (s->attachments.len)
        push_span(call, 25, s->attachments);
    else
        db_push_null(call, 25);
}
