/* See files.h. */
#include "services/intake/files.h"

#include <stdlib.h>

#include "proto/must.h"
#include "services/intake/intake.h"

enum { TIMEOUT_MS = 3000 };

static const struct db_statement MISSING = {
    "intake_files_missing",
    "SELECT DISTINCT i.no FROM (SELECT unnest($2::int4[]) AS no, unnest($3::int4[]) AS source, unnest($4::text[]) AS "
    "external_id, unnest($5::text[]) AS attachments) i, jsonb_array_elements(i.attachments::jsonb) e WHERE e ? 'id' "
    "AND "
    "NOT EXISTS (SELECT FROM attachment a WHERE a.id = e ->> 'id' AND a.user_id = $1::int8 AND a.ready AND NOT a.swept "
    "AND a.ticket = 0 AND (a.request = 0 OR EXISTS (SELECT FROM request_key k WHERE k.source = i.source AND "
    "k.external_id = i.external_id AND k.request = a.request)))"};

struct files_question {
    struct intake *intake;
    struct db_group *group;
    struct db_call *call;
    files_missing *missing;
    files_done *done;
    void *context;
};

struct files_question *files_ask_new(struct intake *intake, int64_t user) {
    static const enum db_type types[] = {DB_INT4, DB_INT4, DB_TEXT, DB_TEXT};
    struct files_question *q = calloc(1, sizeof *q);
    must(q);
    q->intake = intake;
    q->group = db_group_new();
    db_group_begin(q->group, DB_READ);
    q->call = db_group_add(q->group, &MISSING);
    db_set_int8(q->call, 1, user);
    for (int i = 0; i < 4; i++) db_set_array(q->call, 2 + i, types[i]);
    return q;
}

void files_ask_add(struct files_question *q, int no, const struct said *said) {
    db_push_int4(q->call, 2, no);
    db_push_int4(q->call, 3, (int32_t)said->source);
    db_push_text(q->call, 4, said->external_id.at, said->external_id.len);
    db_push_text(q->call, 5, said->attachments.at, said->attachments.len);
}

static void on_answer(void *context, const struct db_reply *reply) {
    struct files_question *q = context;
    bool unknown = reply->err != ERR_NONE;
    for (int i = 0; !unknown && i < db_rows(reply->results[0]); i++)
        q->missing(q->context, (int)db_get_int(reply->results[0], i, 0));
    q->done(q->context, unknown);
    db_group_free(&q->group);
    free(q);
}

void files_ask(struct files_question *q, files_missing *missing, files_done *done, void *context) {
    q->missing = missing;
    q->done = done;
    q->context = context;
    db_pool_send(q->intake->pool, q->group, TIMEOUT_MS, on_answer, q);
}

/* ---- in the transaction that accepts ------------------------------------------------------------------------------------------- */

/* The files that new requests name become theirs. */
static const struct db_statement BIND = {
    "intake_bind_files",
    "UPDATE attachment a SET request = k.request FROM (SELECT unnest($1::int4[]) AS source, unnest($2::text[]) AS "
    "external_id, unnest($3::text[]) AS attachments, unnest($4::bytea[]) AS content) i JOIN request_key k ON k.source "
    "= i.source AND k.external_id = i.external_id AND k.content = i.content, "
    "jsonb_array_elements(i.attachments::jsonb) e WHERE a.id = e ->> 'id' AND a.request = 0 AND a.ticket "
    "= 0 AND a.ready AND NOT a.swept"};
/* Those that they give by address are to be fetched by the console (attachment_fetch.c); what is no address stays as said. */
static const struct db_statement FETCH = {
    "intake_fetch_files",
    "INSERT INTO attachment_fetch (request, no, source, url, sha256, next_at) SELECT k.request, e.no, i.source, e.item "
    "->> 'url', lower(coalesce(e.item ->> 'sha256', '')), $5::int8 FROM (SELECT unnest($1::int4[]) AS source, "
    "unnest($2::text[]) AS external_id, unnest($3::text[]) AS attachments, unnest($4::bytea[]) AS content) i JOIN "
    "request_key k ON k.source = i.source AND k.external_id = i.external_id AND k.content = i.content, "
    "jsonb_array_elements(i.attachments::jsonb) WITH ORDINALITY e (item, no) WHERE e.item ->> 'url' ~ '^https?://' ON "
    "CONFLICT DO NOTHING"};

static void push_span(struct db_call *call, int number, struct span text) {
    db_push_text(call, number, text.at, text.len);
}

/* One statement about some of the requests; none needs it: none is added. */
static struct db_call *add_files(struct db_group *db, const struct db_statement *statement,
                                 const struct said *const *said, uint32_t count, bool addresses) {
    static const enum db_type types[] = {DB_INT4, DB_TEXT, DB_TEXT, DB_BYTEA};
    struct db_call *call = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct said *s = said[i];
        if (!(addresses ? s->names_addresses : s->names_files)) continue;
        if (!call) {
            call = db_group_add(db, statement);
            for (int n = 0; n < 4; n++) db_set_array(call, 1 + n, types[n]);
        }
        db_push_int4(call, 1, (int32_t)s->source);
        push_span(call, 2, s->external_id);
        push_span(call, 3, s->attachments);
        db_push_bytes(call, 4, s->content, CRYPTO_HASH_BYTES);
    }
    return call;
}

void files_bind(struct db_group *db, const struct said *const *said, uint32_t count, time_ms at) {
    add_files(db, &BIND, said, count, false);
    struct db_call *fetch = add_files(db, &FETCH, said, count, true);
    if (fetch) db_set_int8(fetch, 5, at);
}
