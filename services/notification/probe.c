/* What is sent to an endpoint beside its events: the challenge, which a new address must repeat before it gets anything else, tried again
 * with growing pauses until it answers or attempts_max is reached; and what an administrator asks for now (a test event, the
 * challenge again), whose outcome the console reads from the log. A probe asked for while nobody was there to send it is dropped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/json_writer.h"
#include "common/log.h"
#include "common/text.h"
#include "proto/must.h"
#include "services/notification/notification.h"

enum { CHALLENGE_BYTES = 24, TIMEOUT_MS = 10000, ASKED_MAX_MS = 30000, UNDER_WAY_PROBES_MAX = 64 };
#define NEVER INT64_MAX

static const struct db_statement TAKE = {"probe_take",
                                         "DELETE FROM endpoint_probe RETURNING id, endpoint, kind, asked_at"};
/* Only of the address that answered. */
static const struct db_statement PROVED = {
    "probe_proved", "UPDATE endpoint SET unverified = false, verified_at = CASE WHEN verified_at = 0 THEN $3::int8 "
                    "ELSE verified_at END WHERE id = $1::int8 AND url = $2::text"};

struct probe {
    struct probe *next;
    struct notification *n;
    struct db_group *group;
    int64_t endpoint, about; /* about: the number it was asked under, 0: by ourselves */
    int kind;
    bool proved;
    char *url, challenge[2 * CHALLENGE_BYTES + 1];
};

struct probes {
    struct db_group *take_group;
    struct probe *under_way;
    int count;
};

/* ---- the end ---------------------------------------------------------------------------------------------------------------------- */

static void forget(struct probe *p) {
    struct probes *probes = p->n->probes;
    for (struct probe **at = &probes->under_way; *at; at = &(*at)->next) {
        if (*at != p) continue;
        *at = p->next;
        break;
    }
    probes->count--;
    struct endpoint *endpoint = endpoint_by_id(p->n, p->endpoint);
    if (endpoint && p->kind == ATTEMPT_CHALLENGE) endpoint->now.probing = false;
    db_group_free(&p->group);
    free(p->url);
    free(p);
}

static void on_recorded(void *context, const struct db_reply *reply) {
    struct probe *p = context;
    if (reply->err != ERR_NONE) log_warn("probe_not_recorded", LOG_ID("endpoint", p->endpoint), LOG_ERR(reply->err));
    if (reply->err == ERR_NONE && p->proved) endpoints_changed(p->n);
    forget(p);
}

/* The challenge itself, or an object with it as "challenge"; nothing around it, so that an echo of all that came is no answer. */
static bool repeats(const struct client_response *response, const char *challenge) {
    struct span said = text_trim((const char *)response->body, response->body_length);
    struct cJSON *tree = NULL;
    struct json_fault fault;
    const char *told = NULL;
    size_t len = strlen(challenge);
    if (said.len == len && !memcmp(said.at, challenge, len)) return true;
    bool same = json_parse(said.at, said.len, NULL, &tree, &fault) == ERR_NONE &&
                json_get_text(tree, "challenge", &told) == ERR_NONE && !strcmp(told, challenge);
    json_free(&tree);
    return same;
}

static void challenge_again(struct endpoint *endpoint, int64_t retry_after_s) {
    endpoint->now.challenges++;
    endpoint->now.probe_at = endpoint->now.challenges >= notification_config.attempts_max
                                 ? NEVER
                                 : clock_monotonic_ms() + attempt_pause_ms(endpoint->now.challenges, retry_after_s);
}

static void on_response(void *context, const struct client_response *response) {
    struct probe *p = context;
    struct endpoint *endpoint = endpoint_by_id(p->n, p->endpoint);
    struct attempt attempt = {p->kind, attempt_outcome_of(response), p->about, response};
    bool is_challenge = p->kind == ATTEMPT_CHALLENGE;
    if (!endpoint) {
        forget(p);
        return;
    }
    if (is_challenge && attempt.outcome == ATTEMPT_DELIVERED && !repeats(response, p->challenge))
        attempt.outcome = ATTEMPT_NOT_ECHOED;
    p->proved = is_challenge && attempt.outcome == ATTEMPT_DELIVERED;
    if (is_challenge && !p->proved) challenge_again(endpoint, response->retry_after_s);
    db_group_begin(p->group, DB_WRITE);
    if (p->proved) {
        struct db_call *call = db_group_add(p->group, &PROVED);
        db_set_int8(call, 1, p->endpoint);
        db_set_string(call, 2, p->url);
        db_set_int8(call, 3, clock_now());
        endpoint->now.challenges = 0;
    }
    attempt_log(endpoint, &attempt, p->group);
    db_send(p->n->db, p->group, TIMEOUT_MS, on_recorded, p);
}

/* ---- the beginning ------------------------------------------------------------------------------------------------------------------ */

static void write_body(const struct probe *p, const char *id, struct buffer *to) {
    struct json_writer w;
    json_writer_init(&w, to);
    json_open(&w);
    json_put_string(&w, "specversion", "1.0");
    json_put_string(&w, "id", id);
    json_put_string(&w, "source", "/paidan");
    json_put_string(&w, "type", p->kind == ATTEMPT_TEST ? "paidan.endpoint.test" : "paidan.endpoint.challenge");
    json_put_time(&w, "time", clock_now());
    json_put_string(&w, "datacontenttype", "application/json");
    json_put_open(&w, "data");
    if (p->kind == ATTEMPT_TEST)
        json_put_string(&w, "note", "测试事件, 不涉及任何工单 / a test event, no ticket stands behind it");
    else
        json_put_string(&w, "challenge", p->challenge);
    json_close(&w);
    json_close(&w);
    json_writer_end(&w);
}

static void begin(struct notification *n, struct endpoint *endpoint, int kind, int64_t about) {
    struct probe *p = calloc(1, sizeof *p);
    uint8_t random[CHALLENGE_BYTES];
    char id[40];
    must(p);
    *p = (struct probe){.next = n->probes->under_way,
                        .n = n,
                        .group = db_group_new(),
                        .endpoint = endpoint->id,
                        .about = about,
                        .kind = kind,
                        .url = strdup(endpoint->url)};
    must(p->url);
    n->probes->under_way = p;
    n->probes->count++;
    crypto_random(random, sizeof random);
    crypto_to_hex(random, sizeof random, p->challenge);
    if (kind == ATTEMPT_TEST)
        snprintf(id, sizeof id, "tst_%lld", (long long)about);
    else
        snprintf(id, sizeof id, "chl_%.16s", p->challenge + CHALLENGE_BYTES); /* not what must be repeated */
    if (kind == ATTEMPT_CHALLENGE) endpoint->now.probing = true;
    struct letter letter = {.header_count = 0};
    write_body(p, id, &letter.body);
    int64_t timeout = notification_config.timeout < TIMEOUT_MS ? notification_config.timeout : TIMEOUT_MS;
    if (!webhook_sign(endpoint, id, clock_now(), &letter)) letter.header_count = 0; /* it will not be believed */
    letter_send(n, endpoint, &letter, timeout, on_response, p);
    buffer_done(&letter.body);
}

void probes_turn(struct notification *n) {
    int64_t now = clock_monotonic_ms();
    if (!db_is_up(n->db) || !n->endpoints_at) return;
    for (size_t i = 0; i < n->endpoint_count && n->probes->count < UNDER_WAY_PROBES_MAX; i++) {
        struct endpoint *endpoint = &n->endpoints[i];
        if (endpoint->unverified && !endpoint->now.probing && endpoint->now.probe_at <= now)
            begin(n, endpoint, ATTEMPT_CHALLENGE, 0);
    }
}

static void on_taken(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    if (reply->err != ERR_NONE) return;
    const struct db_result *rows = reply->results[0];
    for (int i = 0; i < db_rows(rows); i++) {
        struct endpoint *endpoint = endpoint_by_id(n, db_get_int(rows, i, 1));
        bool is_old = clock_now() - db_get_int(rows, i, 3) > ASKED_MAX_MS;
        int kind = (int)db_get_int(rows, i, 2);
        if (!endpoint || is_old || n->draining || n->probes->count >= UNDER_WAY_PROBES_MAX) continue;
        if (kind == ATTEMPT_TEST && endpoint->unverified) continue;
        begin(n, endpoint, kind, db_get_int(rows, i, 0));
    }
}

void probes_take(struct notification *n) {
    if (db_group_under_way(n->probes->take_group)) return;
    db_group_begin(n->probes->take_group, DB_WRITE);
    db_group_add(n->probes->take_group, &TAKE);
    db_send(n->db, n->probes->take_group, TIMEOUT_MS, on_taken, n);
}

void probes_open(struct notification *n) {
    n->probes = calloc(1, sizeof *n->probes);
    must(n->probes);
    n->probes->take_group = db_group_new();
}

void probes_close(struct notification *n) {
    if (!n->probes) return;
    while (n->probes->under_way) forget(n->probes->under_way);
    db_group_free(&n->probes->take_group);
    free(n->probes);
    n->probes = NULL;
}
