/* An attachment's row: made before its file is stored, ready when all of it is. The same for what was uploaded and what was fetched. */
#include <string.h>

#include "services/console/attachments_inner.h"

static const struct db_statement BEGIN = {
    "attachment_begin", "INSERT INTO attachment (id, uploaded_at, user_id, role, unit, received_bytes, type) "
                        "SELECT unnest($1::text[]), $2::int8, $3::int8, $4::int2, $5::int4, unnest($6::int8[]), "
                        "unnest($7::text[])"};
static const struct db_statement READY = {
    "attachment_ready",
    "UPDATE attachment a SET ready = true, received_sha256 = i.received, bytes = i.bytes, sha256 = i.sha256, width = "
    "i.width, height = i.height, thumbnail = i.thumbnail FROM (SELECT unnest($1::text[]) AS id, unnest($2::bytea[]) AS "
    "received, unnest($3::int8[]) AS bytes, unnest($4::bytea[]) AS sha256, unnest($5::int4[]) AS width, "
    "unnest($6::int4[]) AS height, unnest($7::bool[]) AS thumbnail) i WHERE a.id = i.id AND NOT a.swept RETURNING "
    "a.id"};

void attachment_rows_begin(struct db_group *group, const struct principal *by, time_ms at,
                           const struct attachment_file *files, int count) {
    struct db_call *begin = db_group_add(group, &BEGIN);
    db_set_array(begin, 1, DB_TEXT);
    db_set_int8(begin, 2, at);
    db_set_int8(begin, 3, by->user);
    db_set_int2(begin, 4, by->role);
    db_set_int4(begin, 5, (int32_t)by->unit);
    db_set_array(begin, 6, DB_INT8);
    db_set_array(begin, 7, DB_TEXT);
    for (int i = 0; i < count; i++) {
        db_push_text(begin, 1, files[i].id, strlen(files[i].id));
        db_push_int8(begin, 6, (int64_t)files[i].received);
        db_push_text(begin, 7, files[i].type, strlen(files[i].type));
    }
}

void attachment_rows_ready(struct db_group *group, const struct attachment_file *files, int count) {
    static const enum db_type types[] = {DB_TEXT, DB_BYTEA, DB_INT8, DB_BYTEA, DB_INT4, DB_INT4, DB_BOOL};
    struct db_call *ready = db_group_add(group, &READY);
    for (int i = 0; i < 7; i++) db_set_array(ready, 1 + i, types[i]);
    for (int i = 0; i < count; i++) {
        const struct attachment_file *file = &files[i];
        db_push_text(ready, 1, file->id, strlen(file->id));
        db_push_bytes(ready, 2, file->received_sha256, 32);
        db_push_int8(ready, 3, (int64_t)file->bytes);
        db_push_bytes(ready, 4, file->sha256, 32);
        db_push_int4(ready, 5, file->width);
        db_push_int4(ready, 6, file->height);
        db_push_bool(ready, 7, file->thumbnail);
    }
}
