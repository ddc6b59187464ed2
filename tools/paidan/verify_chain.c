/* The two hash chains, link by link. See verify.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "proto/codec.h"
#include "services/kit/audit_chain.h"
#include "services/kit/chain.h"
#include "tools/paidan/verify.h"

enum { PAGE = 5000 };

/* ---- events of a shard -------------------------------------------------------------------------------------------------------- */

static const char SHARDS[] = "SELECT id, next_seq, chain, epoch, last_at FROM shard ORDER BY id";
static const char EVENTS[] =
    "SELECT seq, epoch, ticket, version, at, type, cause, user_id, role, unit, body, hash FROM event "
    "WHERE shard = $1::int2 AND seq > $2::int8 ORDER BY seq LIMIT 5000";

struct walk {
    int shard;
    int64_t seq;
    uint32_t epoch;
    int64_t at;
    uint8_t hash[32];
};

static void event_damage(struct verify *v, int shard, int64_t seq, struct sentence what, const char *detail) {
    char place[VERIFY_TEXT_BYTES];
    snprintf(place, sizeof place, "shard %d, seq %" PRId64, shard, seq);
    verify_damage(v, place, what, detail);
}

static void check_order(struct verify *v, const struct walk *before, const struct chain_event *e) {
    char detail[VERIFY_TEXT_BYTES] = "";
    if (e->seq != before->seq + 1) {
        snprintf(detail, sizeof detail, "%" PRId64 " -> %" PRId64, before->seq, e->seq);
        event_damage(v, e->shard, before->seq + 1,
                     (struct sentence){"序号不连续, 缺少事件", "a gap: events are missing"}, detail);
    }
    if (e->epoch < before->epoch)
        event_damage(v, e->shard, e->seq,
                     (struct sentence){"任期倒退 (过期的写入者)", "the epoch fell: a stale writer"}, "");
    if (e->at < before->at) event_damage(v, e->shard, e->seq, (struct sentence){"时间倒退", "time fell"}, "");
}

static void check_hash(struct verify *v, struct walk *walk, const struct chain_event *e, const uint8_t *hash,
                       size_t hash_len) {
    uint8_t computed[32];
    chain_step(walk->hash, e, computed);
    if (hash_len != 32 || memcmp(computed, hash, 32) != 0)
        event_damage(v, e->shard, e->seq,
                     (struct sentence){"哈希不符: 此处或前一条被改动",
                                       "the hash does not fit: this event or the link before was altered"},
                     "");
    if (hash_len == 32)
        memcpy(walk->hash, hash, 32); /* go on from what stands there, so that one damage is one damage */
}

static void check_body(struct verify *v, const struct chain_event *e) {
    static struct effect effect;
    struct codec_fault fault;
    enum codec_error error = codec_decode(&type_effect, e->body, e->body_len, &effect, &fault);
    if (error != CODEC_OK)
        event_damage(v, e->shard, e->seq, (struct sentence){"事件内容无法解读", "the event's body cannot be read"},
                     codec_error_doc(error));
}

static void check_event(struct verify *v, struct walk *walk, const struct db_result *rows, int i) {
    size_t hash_len;
    struct chain_event e = {.shard = (uint16_t)walk->shard,
                            .seq = db_get_int(rows, i, 0),
                            .epoch = (uint32_t)db_get_int(rows, i, 1),
                            .ticket = db_get_int(rows, i, 2),
                            .version = (uint32_t)db_get_int(rows, i, 3),
                            .at = db_get_int(rows, i, 4),
                            .type = (uint8_t)db_get_int(rows, i, 5),
                            .cause = (uint8_t)db_get_int(rows, i, 6),
                            .user = db_get_int(rows, i, 7),
                            .role = (uint8_t)db_get_int(rows, i, 8),
                            .unit = (uint32_t)db_get_int(rows, i, 9)};
    e.body = db_get_bytes(rows, i, 10, &e.body_len);
    const uint8_t *hash = db_get_bytes(rows, i, 11, &hash_len);
    check_order(v, walk, &e);
    check_hash(v, walk, &e, hash, hash_len);
    check_body(v, &e);
    walk->seq = e.seq;
    walk->epoch = e.epoch > walk->epoch ? e.epoch : walk->epoch;
    walk->at = e.at > walk->at ? e.at : walk->at;
    v->events++;
}

static enum err walk_events(struct db_blocking *db, struct verify *v, struct walk *walk) {
    struct db_call *parameters = db_call_new();
    enum err err;
    int count;
    do {
        struct db_result *rows;
        db_call_clear(parameters);
        db_set_int2(parameters, 1, (int16_t)walk->shard);
        db_set_int8(parameters, 2, walk->seq);
        err = db_run_blocking(db, EVENTS, parameters, &rows);
        if (err != ERR_NONE) break;
        count = db_rows(rows);
        for (int i = 0; i < count; i++) check_event(v, walk, rows, i);
        db_result_free(&rows);
        verify_progress(v, false);
    } while (count == PAGE);
    db_call_free(&parameters);
    return err;
}

/* The row of the shard says where the log ends and with which hash. */
static void check_head(struct verify *v, const struct walk *walk, const struct db_result *shards, int i) {
    size_t len;
    char detail[VERIFY_TEXT_BYTES];
    int64_t next = db_get_int(shards, i, 1);
    const uint8_t *chain = db_get_bytes(shards, i, 2, &len);
    snprintf(detail, sizeof detail, "%" PRId64 " / %" PRId64, walk->seq, next - 1);
    if (next != walk->seq + 1)
        event_damage(v, walk->shard, walk->seq,
                     (struct sentence){"日志末尾与分片记录不符, 末尾被截去或多出",
                                       "the log does not end where the shard says: its end was cut off or added to"},
                     detail);
    else if (len != 32 || memcmp(chain, walk->hash, 32) != 0)
        event_damage(v, walk->shard, walk->seq,
                     (struct sentence){"末尾哈希与分片记录不符", "the last hash is not the shard's"}, "");
    if (db_get_int(shards, i, 3) < (int64_t)walk->epoch)
        event_damage(v, walk->shard, walk->seq,
                     (struct sentence){"分片任期低于事件", "the shard's epoch is below its events'"}, "");
}

enum err verify_chains(struct db_blocking *db, struct verify *v) {
    struct db_result *shards;
    enum err err = db_run_blocking(db, SHARDS, NULL, &shards);
    if (err != ERR_NONE) return err;
    for (int i = 0; i < db_rows(shards) && err == ERR_NONE; i++) {
        struct walk walk = {.shard = (int)db_get_int(shards, i, 0)};
        err = walk_events(db, v, &walk);
        if (err == ERR_NONE) check_head(v, &walk, shards, i);
    }
    db_result_free(&shards);
    return err;
}

/* ---- the audit log ------------------------------------------------------------------------------------------------------------ */

static void audit_damage(struct verify *v, int64_t id, struct sentence what) {
    char place[VERIFY_TEXT_BYTES];
    snprintf(place, sizeof place, "audit %" PRId64, id);
    verify_damage(v, place, what, "");
}

static enum err check_audit_head(struct db_blocking *db, struct verify *v) {
    struct db_result *head;
    enum err err = db_run_blocking(db, AUDIT_HEAD_SQL, NULL, &head);
    if (err != ERR_NONE) return err;
    if (db_rows(head) != 1)
        audit_damage(v, 0, (struct sentence){"审计末尾记录缺失", "the head of the audit log is missing"});
    else if (db_get_int(head, 0, 0) != db_get_int(head, 0, 1) || !db_get_bool(head, 0, 2))
        audit_damage(
            v, db_get_int(head, 0, 1),
            (struct sentence){"审计末尾与记录不符, 末尾被截去或改动",
                              "the audit log does not end where its head says: its end was cut off or altered"});
    db_result_free(&head);
    return ERR_NONE;
}

enum err verify_audit(struct db_blocking *db, struct verify *v) {
    static const struct sentence gap = {"序号不连续, 缺少审计", "a gap: audit rows are missing"};
    static const struct sentence altered = {"哈希不符: 此处或前一条被改动",
                                            "the hash does not fit: this row or the one before was altered"};
    struct db_call *parameters = db_call_new();
    int64_t last = 0;
    enum err err;
    int count;
    do {
        struct db_result *rows;
        db_call_clear(parameters);
        db_set_int8(parameters, 1, last);
        err = db_run_blocking(db, AUDIT_CHAIN_SQL, parameters, &rows);
        if (err != ERR_NONE) break;
        count = db_rows(rows);
        for (int i = last > 0; i < count; i++) { /* pages overlap by the row whose hash is the next one's */
            int64_t id = db_get_int(rows, i, 0);
            if (id != last + 1) audit_damage(v, last + 1, gap);
            if (!db_get_bool(rows, i, 1)) audit_damage(v, id, altered);
            last = id;
            v->audits++;
        }
        db_result_free(&rows);
        verify_progress(v, false);
    } while (count == AUDIT_CHAIN_PAGE + 1);
    db_call_free(&parameters);
    return err == ERR_NONE ? check_audit_head(db, v) : err;
}
