/* What belongs to nothing after a day goes. First it is marked, so that nothing may name it any more; then its files go; then its row:
 * a kill in between leaves work for the next sweep and never a row without its file that somebody was promised. */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/attachments_inner.h"

METRIC_COUNTER(swept, "paidan_console_attachments_swept_total", "Files removed that belonged to nothing after a day.");

enum { EACH_MS = 5000, AT_ONCE = 50 };

static const struct db_statement EVERYTHING = {"attachment_sweep_scope",
                                               "SELECT set_config('paidan.everything', '1', true)"};
static const struct db_statement MARK = {
    "attachment_sweep_mark",
    "UPDATE attachment SET swept = true WHERE id IN (SELECT id FROM attachment WHERE request = 0 AND ticket = 0 AND "
    "uploaded_at < $1::int8 ORDER BY uploaded_at LIMIT 50 FOR UPDATE SKIP LOCKED) AND request = 0 AND ticket = 0 "
    "RETURNING id"};
static const struct db_statement REMOVE = {"attachment_sweep_remove",
                                           "DELETE FROM attachment WHERE id = ANY ($1::text[]) AND swept"};

struct attachment_sweep {
    struct attachment_job job;
    struct attachments *attachments;
    struct db_group *group;
    bool under_way;
    int64_t at; /* monotonic: the next one */
    int count;
    char ids[AT_ONCE][ATTACHMENT_ID_BYTES];
    bool removed[AT_ONCE];
};

struct attachment_sweep *attachment_sweep_new(struct attachments *a) {
    struct attachment_sweep *s = calloc(1, sizeof *s);
    must(s);
    s->attachments = a;
    s->group = db_group_new();
    return s;
}

void attachment_sweep_free(struct attachment_sweep **sweep) {
    if (!*sweep) return;
    db_group_free(&(*sweep)->group);
    free(*sweep);
    *sweep = NULL;
}

static void end(struct attachment_sweep *s, bool more) {
    s->under_way = false;
    s->at = clock_monotonic_ms() + (more ? 0 : EACH_MS);
}

static void on_rows_gone(void *context, const struct db_reply *reply) {
    struct attachment_sweep *s = context;
    if (reply->err != ERR_NONE) log_warn("attachments_not_swept", LOG_ERR(reply->err));
    end(s, reply->err == ERR_NONE && s->count == AT_ONCE);
}

static void remove_files(struct attachment_job *job) {
    struct attachment_sweep *s = job->context;
    char key[FILE_STORE_KEY_MAX];
    for (int i = 0; i < s->count; i++) {
        attachment_store_key(s->ids[i], true, key);
        s->removed[i] = file_store_remove(s->attachments->store, key) == ERR_NONE;
        attachment_store_key(s->ids[i], false, key);
        s->removed[i] = file_store_remove(s->attachments->store, key) == ERR_NONE && s->removed[i];
    }
}

static void on_files_gone(void *context) {
    struct attachment_sweep *s = context;
    int gone = 0;
    db_group_begin(s->group, DB_TRANSACTION);
    db_group_add(s->group, &EVERYTHING);
    struct db_call *remove = db_group_add(s->group, &REMOVE);
    db_set_array(remove, 1, DB_TEXT);
    for (int i = 0; i < s->count; i++) {
        if (!s->removed[i]) continue;
        db_push_text(remove, 1, s->ids[i], strlen(s->ids[i]));
        gone++;
    }
    metric_add(&swept, 0, (uint64_t)gone);
    db_pool_send(s->attachments->console->background, s->group, CALL_TIMEOUT_MS, on_rows_gone, s);
}

static void on_marked(void *context, const struct db_reply *reply) {
    struct attachment_sweep *s = context;
    s->count = 0;
    if (reply->err == ERR_NONE) {
        const struct db_result *rows = reply->results[1];
        for (int i = 0; i < db_rows(rows) && i < AT_ONCE; i++) {
            size_t length;
            memcpy(s->ids[s->count++], db_get_text(rows, i, 0, &length), ATTACHMENT_ID_BYTES);
        }
    }
    if (s->count == 0) {
        end(s, false);
        return;
    }
    s->job.work = remove_files;
    s->job.done = on_files_gone;
    s->job.context = s;
    if (!attachment_job_start(s->attachments, &s->job)) end(s, false);
}

void attachment_sweep_tick(struct attachment_sweep *s) {
    struct console *console = s->attachments->console;
    int64_t now = clock_monotonic_ms();
    if (s->under_way || now < s->at || console->draining || !db_pool_up(console->background)) return;
    s->under_way = true;
    db_group_begin(s->group, DB_TRANSACTION);
    db_group_add(s->group, &EVERYTHING);
    db_set_int8(db_group_add(s->group, &MARK), 1, clock_now() - ATTACHMENT_DAY_MS);
    db_pool_send(console->background, s->group, CALL_TIMEOUT_MS, on_marked, s);
}
