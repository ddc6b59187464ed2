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
