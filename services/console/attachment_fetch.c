/* Photos and papers that a push gave by reference ({"url": ...}) are fetched, and go the way of an upload: looked at by paidan-image, sealed,
 * stored. Work is found by state (attachment_fetch, written by intake with the request), claimed for a while, so that a kill only delays
 * it; tried a bounded number of times; whatever became of it stands with the request. The ticket never waits for any of it.
 *
 * An address is as hostile as a webhook's: the same check of its text (common/weburl.h) and at each connect (common/client.h), private
 * networks only by approval, no redirects, limits on time and bytes. One source has half of the places at most. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/client.h"
#include "common/clock.h"
#include "common/crypto_stream.h"
#include "common/json_writer.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/weburl.h"
#include "proto/must.h"
#include "services/console/attachments_inner.h"
#include "services/console/networks.h"
#include "services/kit/attempt.h"

METRIC_COUNTER(fetched, "paidan_console_attachments_fetched_total",
               "Tries to fetch a file that was given by reference, by what came of them.", "outcome", "kept", "again",
               "failed");
METRIC_GAUGE(fetching, "paidan_console_attachments_fetching", "Files given by reference that are being fetched.");
enum { KEPT, AGAIN, FAILED };

enum {
    FETCHES_MAX = 4,
    FETCHES_OF_SOURCE_MAX = 2,
    TRIES_MAX = 6,
    LOOK_EACH_MS = 1000,
    TIMEOUT_MS = 60000,
    CLAIM_MS = 240000, /* longer than a try with all that follows it */
    URL_BYTES = 2001,
    WAITING = 1,
    DONE = 2,
    GIVEN_UP = 3
};
static const int64_t pauses_ms[TRIES_MAX] = {10000, 60000, 600000, 3600000, 6 * 3600000, 0};

static const struct db_statement EVERYTHING = {"attachment_fetch_scope",
                                               "SELECT set_config('paidan.everything', '1', true)"};
static const struct db_statement CLAIM = {"attachment_fetch_claim",
                                          "SELECT * FROM attachment_fetch_claim($1::int8, $2::int8, $3::int4[], "
                                          "$4::int8)"};
enum { REQUEST, NO, URL, SHA256, TRIES, SOURCE, DAY_BYTES };
static const struct db_statement NETWORKS = {"attachment_fetch_networks",
                                             "SELECT cidr FROM approved_network ORDER BY cidr LIMIT 256"};
/* Unless another console has done it meanwhile; then it belongs to nothing, and is swept. */
static const struct db_statement BELONGS = {
    "attachment_fetch_belongs",
    "UPDATE attachment SET request = $2::int8 WHERE id = $1::text AND ready AND "
    "NOT swept AND request = 0 AND ticket = 0 AND EXISTS (SELECT FROM attachment_fetch f WHERE f.request = "
    "$2::int8 AND f.no = $3::int2 AND f.state = 1)"};
static const struct db_statement END = {
    "attachment_fetch_end",
    "UPDATE attachment_fetch SET state = $3::int2, next_at = $4::int8, why = $5::text::jsonb, attachment = $6::text "
    "WHERE request = $1::int8 AND no = $2::int2 AND state = 1"};

struct fetch {
    struct list_place place;
    struct attachment_job job;
    struct attachments *attachments;
    struct db_group *group;
    struct attachment_file file;
    int64_t request;
    int no, tries;
    uint32_t source;
    char url[URL_BYTES];
    char sha256[2 * 32 + 1]; /* as the source said; "" when it did not, or nothing that can be compared */
    enum err kept;
    bool is_other; /* its hash is another one */
    int state;
};

struct attachment_fetches {
    struct attachments *attachments;
    struct client *client;
    struct db_group *group; /* claims */
    struct list under_way;
    bool claiming, closing;
    int64_t look_at; /* monotonic */
};

/* Why a try failed, beside kit/attempt.h: code, and the sentence in both languages. */
struct why {
    const char *code;
    struct sentence said;
};
static const struct why OTHER_HASH = {"hash",
                                      {"内容的 SHA-256 与报送的不符", "its SHA-256 is not the one that was given"}},
                        EMPTY = {"empty", {"文件是空的", "the file is empty"}},
                        DAY_FULL = {"day",
                                    {"该来源 24 小时内的附件总量已满", "the source's files of 24 hours are full"}},
                        NOT_KEPT = {"away", {"暂时无法保存", "it could not be stored"}};
static const struct why found_why[] = {
    [ATTACHMENT_TYPE] = {"type",
                         {"按内容不是可接受的文件 (JPEG, PNG, WebP, PDF)", "by its content no JPEG, PNG, WebP or PDF"}},
    [ATTACHMENT_DAMAGED] = {"damaged", {"文件不完整或已损坏", "the file is cut or damaged"}},
    [ATTACHMENT_PIXELS] = {"pixels", {"图片像素过多", "the picture has too many pixels"}},
    [ATTACHMENT_UNREADABLE] = {"unreadable", {"文件无法读取", "the file cannot be read"}},
    [ATTACHMENT_AWAY] = {"away", {"暂时无法检查文件", "the file could not be looked at"}},
};

/* ---- the end ------------------------------------------------------------------------------------------------------------------ */

static void fetch_free(struct fetch *f) {
    list_remove(f);
    metric_set(&fetching, 0, f->attachments->fetches->under_way.count);
    attachment_file_close(&f->file);
    db_group_free(&f->group);
    free(f);
}

static void on_ended(void *context, const struct db_reply *reply) {
    struct fetch *f = context;
    struct attachment_fetches *fetches = f->attachments->fetches;
    if (reply->err != ERR_NONE) /* the claim runs out, and it is tried again */
        log_warn("attachment_fetch_not_recorded", LOG_ERR(reply->err));
    metric_add(&fetched, f->state == DONE ? KEPT : f->state == WAITING ? AGAIN : FAILED, 1);
    fetches->look_at = 0;
    fetch_free(f);
    if (reply->err == ERR_NONE) attachment_fetch_tick(fetches); /* its place is free */
}

static void put_end(struct fetch *f, const struct why *why, time_ms next_at) {
    struct db_call *end = db_group_add(f->group, &END);
    db_set_int8(end, 1, f->request);
    db_set_int2(end, 2, (int16_t)f->no);
    db_set_int2(end, 3, (int16_t)f->state);
    db_set_int8(end, 4, next_at);
    if (why) {
        struct buffer text = {0};
        struct json_writer w;
        json_writer_init(&w, &text);
        json_open(&w);
        json_put_string(&w, "code", why->code);
        json_put_string(&w, "zh", why->said.zh);
        json_put_string(&w, "en", why->said.en);
        json_close(&w);
        json_writer_end(&w);
        db_set_text(end, 5, (const char *)text.data, text.length);
        buffer_done(&text);
    } else {
        db_set_null(end, 5, DB_TEXT);
    }
    db_set_string(end, 6, f->state == DONE ? f->file.id : NULL);
}

/* It failed. for_good: another try would find the same. */
static void fail(struct fetch *f, const struct why *why, bool for_good, int64_t pause_ms) {
    bool last = for_good || f->tries >= TRIES_MAX;
    int64_t pause = last ? 0 : pauses_ms[f->tries - 1];
    if (!last && pause_ms > pause) pause = pause_ms < pauses_ms[TRIES_MAX - 2] ? pause_ms : pauses_ms[TRIES_MAX - 2];
    f->state = last ? GIVEN_UP : WAITING;
    log_info("attachment_not_fetched", LOG_ID("request", f->request), LOG_INT("no", f->no), LOG_INT("try", f->tries),
             LOG_TEXT("why", why->code), LOG_INT("last", last));
    db_group_begin(f->group, DB_TRANSACTION);
    db_group_add(f->group, &EVERYTHING);
    put_end(f, why, clock_now() + pause);
    db_pool_send(f->attachments->console->background, f->group, CALL_TIMEOUT_MS, on_ended, f);
}

static void fail_by(struct fetch *f, enum attempt_outcome outcome, bool for_good, int64_t pause_ms) {
    struct why why = {attempt_outcome_code(outcome), attempt_outcome_reason(outcome)};
    fail(f, &why, for_good, pause_ms);
}

/* ---- keeping -------------------------------------------------------------------------------------------------------------------- */

static void keep(struct attachment_job *job) {
    struct fetch *f = job->context;
    uint8_t hash[32], said[32];
    uint64_t length;
    f->kept = crypto_stream_sha256(f->file.in, hash, &length);
    if (f->kept != ERR_NONE) return;
    f->is_other = *f->sha256 && crypto_from_hex(f->sha256, strlen(f->sha256), said, sizeof said) == ERR_NONE &&
                  memcmp(hash, said, sizeof said) != 0;
    if (!f->is_other) f->kept = attachment_keep(f->attachments, &f->file);
}

static void on_kept(void *context) {
    struct fetch *f = context;
    if (f->is_other || f->kept != ERR_NONE) {
        fail(f, f->is_other ? &OTHER_HASH : &NOT_KEPT, f->is_other, 0);
        return;
    }
    f->state = DONE;
    db_group_begin(f->group, DB_TRANSACTION);
    db_group_add(f->group, &EVERYTHING);
    attachment_rows_ready(f->group, &f->file, 1);
    struct db_call *belongs = db_group_add(f->group, &BELONGS);
    db_set_string(belongs, 1, f->file.id);
    db_set_int8(belongs, 2, f->request);
    db_set_int2(belongs, 3, (int16_t)f->no);
    put_end(f, NULL, 0);
    db_pool_send(f->attachments->console->background, f->group, CALL_TIMEOUT_MS, on_ended, f);
}

static void on_begun(void *context, const struct db_reply *reply) {
    struct fetch *f = context;
    f->job = (struct attachment_job){.work = keep, .done = on_kept, .context = f};
    if (reply->err !=
        ERR_NONE) /* the claim runs out; the service may be ending, so nothing more is asked of the database */
        fetch_free(f);
    else if (!attachment_job_start(f->attachments, &f->job))
        fail(f, &NOT_KEPT, false, 0);
}

static void on_looked(void *context) {
    struct fetch *f = context;
    if (f->file.found != ATTACHMENT_PHOTO && f->file.found != ATTACHMENT_PAPER) {
        fail(f, &found_why[f->file.found], f->file.found != ATTACHMENT_AWAY, 0);
        return;
    }
    /* a file that a source gave by reference counts as sent by the source */
    struct principal by = {.user = -(int64_t)f->source, .role = ROLE_INTEGRATION};
    db_group_begin(f->group, DB_TRANSACTION);
    db_group_add(f->group, &EVERYTHING);
    attachment_rows_begin(f->group, &by, clock_now(), &f->file, 1);
    db_pool_send(f->attachments->console->background, f->group, CALL_TIMEOUT_MS, on_begun, f);
}

/* ---- fetching ------------------------------------------------------------------------------------------------------------------- */

static void on_response(void *context, const struct client_response *response) {
    struct fetch *f = context;
    enum attempt_outcome outcome = attempt_outcome_of(response);
    if (f->attachments->fetches->closing) {
        fetch_free(f); /* the claim runs out */
        return;
    }
    if (outcome != ATTEMPT_DELIVERED || response->status != 200) {
        bool moved = response->status >= 300 && response->status < 400; /* not followed */
        bool for_good = moved || response->status == 410 || outcome == ATTEMPT_TOO_LARGE;
        if (outcome == ATTEMPT_DELIVERED) outcome = ATTEMPT_STATUS;
        fail_by(f, outcome, for_good, response->retry_after_s > 0 ? response->retry_after_s * 1000 : 0);
        return;
    }
    f->file.received = response->body_length;
    f->file.out = attachment_file_new(f->attachments);
    f->file.small = attachment_file_new(f->attachments);
    if (f->file.received == 0)
        fail(f, &EMPTY, true, 0);
    else if (f->file.out < 0 || f->file.small < 0)
        fail(f, &NOT_KEPT, false, 0);
    else
        attachment_look(&f->file);
}

static void start(struct fetch *f, int64_t day_bytes) {
    struct attachments *a = f->attachments;
    static const char *const headers[] = {"Accept: image/jpeg, image/png, image/webp, application/pdf"};
    struct client_request request = {.method = "GET",
                                     .url = f->url,
                                     .headers = headers,
                                     .header_count = 1,
                                     .timeout_ms = TIMEOUT_MS,
                                     .response_max = (size_t)console_config.attachment_bytes};
    f->file.in = request.response_fd = attachment_file_new(a);
    if (f->file.in < 0)
        fail(f, &NOT_KEPT, false, 0);
    else if (day_bytes >= console_config.attachments_day)
        fail(f, &DAY_FULL, false, pauses_ms[3]);
    else
        client_send(a->fetches->client, &request, on_response, f, NULL);
}

static struct fetch *fetch_new(struct attachments *a, const struct db_result *rows) {
    struct fetch *f = calloc(1, sizeof *f);
    uint8_t random[(ATTACHMENT_ID_BYTES - 1) / 2];
    size_t length;
    must(f);
    f->attachments = a;
    f->group = db_group_new();
    f->request = db_get_int(rows, 0, REQUEST);
    f->no = (int)db_get_int(rows, 0, NO);
    f->tries = (int)db_get_int(rows, 0, TRIES);
    f->source = (uint32_t)db_get_int(rows, 0, SOURCE);
    snprintf(f->url, sizeof f->url, "%s", db_get_text(rows, 0, URL, &length));
    const char *sha256 = db_get_text(rows, 0, SHA256, &length);
    if (length == sizeof f->sha256 - 1) memcpy(f->sha256, sha256, sizeof f->sha256);
    f->file =
        (struct attachment_file){.attachments = a, .looked = on_looked, .context = f, .in = -1, .out = -1, .small = -1};
    crypto_random(random, sizeof random);
    crypto_to_hex(random, sizeof random, f->file.id);
    list_push(&a->fetches->under_way, f);
    metric_set(&fetching, 0, a->fetches->under_way.count);
    return f;
}

/* ---- what is to be fetched ---------------------------------------------------------------------------------------------------------- */

static void on_claimed(void *context, const struct db_reply *reply) {
    struct attachment_fetches *fetches = context;
    struct netaddr_range ranges[NETWORKS_MAX];
    struct sentence wrong;
    fetches->claiming = false;
    fetches->look_at = clock_monotonic_ms() + LOOK_EACH_MS;
    if (reply->err == ERR_REFUSED) log_error("attachment_fetch_not_claimed", LOG_TEXT("why", reply->message));
    if (reply->err != ERR_NONE || !db_rows(reply->results[0]) || fetches->closing) return;
    size_t count = networks_read(reply->results[1], ranges);
    struct fetch *f = fetch_new(fetches->attachments, reply->results[0]);
    client_approve(fetches->client, ranges, count);
    fetches->look_at = 0; /* there may be more */
    if (weburl_is_fit(f->url, ranges, count, &wrong))
        start(f, db_get_int(reply->results[0], 0, DAY_BYTES));
    else
        fail(f, &(struct why){"address", wrong}, false, 0); /* a network may yet be approved */
    attachment_fetch_tick(fetches);
}

/* Sources that have their share of the places. */
static void set_busy(struct attachment_fetches *fetches, struct db_call *claim) {
    db_set_array(claim, 3, DB_INT4);
    for (struct list_place *at = fetches->under_way.first; at; at = at->next) {
        uint32_t source = ((struct fetch *)(void *)at)->source;
        int count = 0;
        for (struct list_place *of = fetches->under_way.first; of; of = of->next)
            count += ((struct fetch *)(void *)of)->source == source;
        if (count >= FETCHES_OF_SOURCE_MAX) db_push_int4(claim, 3, (int32_t)source);
    }
}

void attachment_fetch_tick(struct attachment_fetches *fetches) {
    struct console *console = fetches->attachments->console;
    int64_t now = clock_monotonic_ms();
    if (fetches->claiming || now < fetches->look_at || fetches->under_way.count >= FETCHES_MAX || console->draining ||
        !db_pool_up(console->background))
        return;
    fetches->claiming = true;
    db_group_begin(fetches->group, DB_TRANSACTION);
    struct db_call *claim = db_group_add(fetches->group, &CLAIM);
    db_set_int8(claim, 1, clock_now());
    db_set_int8(claim, 2, clock_now() + CLAIM_MS);
    set_busy(fetches, claim);
    db_set_int8(claim, 4, clock_now() - ATTACHMENT_DAY_MS);
    db_group_add(fetches->group, &NETWORKS);
    db_pool_send(console->background, fetches->group, CALL_TIMEOUT_MS, on_claimed, fetches);
}

/* ---- life ---------------------------------------------------------------------------------------------------------------------------- */

struct attachment_fetches *attachment_fetches_new(struct attachments *a) {
    struct attachment_fetches *fetches = calloc(1, sizeof *fetches);
    must(fetches);
    struct client_options options = {.calls_max = FETCHES_MAX,
                                     .calls_per_host_max = FETCHES_MAX,
                                     .waiting_max = FETCHES_MAX,
                                     .user_agent = "Paidan"};
    fetches->attachments = a;
    fetches->client = client_new(a->console->kit->loop, &options);
    fetches->group = db_group_new();
    return fetches;
}

void attachment_fetches_free(struct attachment_fetches **fetches_) {
    struct attachment_fetches *fetches = *fetches_;
    if (!fetches) return;
    fetches->closing = true;
    client_free(&fetches->client);
    while (fetches->under_way.first) fetch_free(list_first(&fetches->under_way));
    db_group_free(&fetches->group);
    free(fetches);
    *fetches_ = NULL;
}
