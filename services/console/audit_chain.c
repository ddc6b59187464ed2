/* See audit.h. The same questions as `paidan verify` asks (kit/audit_chain.h); the page's caller goes on where it ended. */
#include "services/kit/audit_chain.h"

#include "services/console/audit.h"

static const struct db_statement PAGE = {"audit_chain_page", AUDIT_CHAIN_SQL};
static const struct db_statement HEAD = {"audit_chain_head", AUDIT_HEAD_SQL};

static void damage(struct json_writer *w, int64_t id, const char *zh, const char *en) {
    json_open(w);
    json_put_id(w, "id", id);
    json_put_string(w, "zh", zh);
    json_put_string(w, "en", en);
    json_close(w);
}

/* The row a page begins with was the last page's end, and was checked there. */
static int64_t write_damages(struct json_writer *w, const struct db_result *rows, int64_t after) {
    int64_t last = after;
    for (int i = 0; i < db_rows(rows); i++) {
        int64_t id = db_get_int(rows, i, 0);
        if (id == after) continue;
        if (id != last + 1) damage(w, last + 1, "序号不连续, 缺少审计", "a gap: audit rows are missing");
        if (!db_get_bool(rows, i, 1))
            damage(w, id, "哈希不符: 此处或前一条被改动",
                   "the hash does not fit: this row or the one before was altered");
        last = id;
    }
    return last;
}

static void write_head(struct json_writer *w, const struct db_result *head) {
    bool there = db_rows(head) == 1;
    size_t len = 0;
    const uint8_t *hash = there ? db_get_bytes(head, 0, 3, &len) : NULL;
    json_put_open(w, "head");
    json_put_id(w, "id", there ? db_get_int(head, 0, 0) : 0);
    json_key(w, "hash");
    json_hex(w, hash, len);
    json_put_bool(w, "fits", there && db_get_int(head, 0, 0) == db_get_int(head, 0, 1) && db_get_bool(head, 0, 2));
    json_close(w);
}

static void on_page(struct call *call, const struct db_reply *reply) {
    const int64_t *after = call->self;
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "damages");
    int64_t last = write_damages(w, rows, *after);
    json_close_list(w);
    json_put_id(w, "after", *after);
    json_put_id(w, "to", last);
    write_head(w, reply->results[2]);
    call_put_next(call, w, db_rows(rows) == AUDIT_CHAIN_PAGE + 1 ? call_cursor(call, last, 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

void audit_chain_get(struct call *call) {
    int64_t cursor[2] = {0}, *after = call_take(call, sizeof *after);
    (void)call_query_cursor(call, cursor);
    if (call_is_wrong(call, 400)) return;
    *after = cursor[0];
    call->self = after;
    call_read(call);
    db_set_int8(call_add(call, &PAGE), 1, *after);
    (void)call_add(call, &HEAD);
    call_send(call, on_page);
}
