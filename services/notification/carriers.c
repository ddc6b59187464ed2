/* Carriers and the texts an administrator wrote, as the database has them: read again when a change is told, and every few seconds
 * anyway. A carrier whose settings or secret cannot be read is left out, and its letters wait. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "proto/must.h"
#include "services/kit/sealed.h"
#include "services/notification/people.h"

enum { READ_EACH_MS = 3000, TIMEOUT_MS = 20000 };

static const struct db_statement CARRIERS = {
    "people_carriers",
    "SELECT c.id, c.settings, c.secret_sealed, (SELECT count(*) FROM (SELECT FROM letter l WHERE l.carrier = c.id AND "
    "l.state = 1 LIMIT $1::int8 + 1) w) FROM carrier c ORDER BY c.id LIMIT 200"};
static const struct db_statement TEXTS = {"people_texts", "SELECT name, language, subject, body FROM template"};

static int by_id(const void *id, const void *carrier) {
    int64_t a = *(const int64_t *)id, b = ((const struct carrier_row *)carrier)->id;
    return a < b ? -1 : a > b;
}

struct carrier_row *carrier_by_id(struct notification *n, int64_t id) {
    struct people *p = n->people;
    return p->carrier_count ? bsearch(&id, p->carriers, p->carrier_count, sizeof *p->carriers, by_id) : NULL;
}

static void on_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    const struct carrier_row *row = context;
    (void)status, (void)zh;
    log_error("carrier_unreadable", LOG_ID("carrier", row->id), LOG_TEXT("at", pointer), LOG_TEXT("why", en));
}

static bool read_secret(const struct notification *n, const struct db_result *rows, int i, struct carrier_row *to) {
    size_t len, secret_len;
    if (db_is_null(rows, i, 2)) return true;
    const uint8_t *sealed = db_get_bytes(rows, i, 2, &len);
    struct crypto_place place = SEALED_CARRIER(to->id);
    if (len < CARRIER_SECRET_BYTES + CRYPTO_SEAL_BYTES &&
        crypto_unseal(n->keys, &place, sealed, len, to->secret, &secret_len) == ERR_NONE)
        return true;
    log_error("carrier_secret_unreadable", LOG_ID("carrier", to->id));
    return false;
}

static bool read_carrier(struct notification *n, const struct db_result *rows, int i, struct carrier_row *to) {
    struct json_fault fault;
    size_t len;
    *to = (struct carrier_row){.id = db_get_int(rows, i, 0), .waiting = db_get_int(rows, i, 3)};
    const char *settings = db_get_text(rows, i, 1, &len);
    if (json_parse(settings, len, NULL, &to->tree, &fault) == ERR_NONE &&
        carrier_read(to->tree, &n->people->arena, on_wrong, to, &to->settings) && read_secret(n, rows, i, to))
        return true;
    json_free(&to->tree);
    return false;
}

static void free_carriers(struct people *p) {
    for (size_t i = 0; i < p->carrier_count; i++) {
        json_free(&p->carriers[i].tree);
        crypto_forget(p->carriers[i].secret, sizeof p->carriers[i].secret);
    }
    free(p->carriers);
    p->carriers = NULL;
    p->carrier_count = 0;
}

static void free_texts(struct people *p) {
    for (int i = 0; i < TEMPLATE_COUNT; i++) {
        for (int k = 0; k < 2; k++) {
            free((char *)p->texts[i][k].subject);
            free((char *)p->texts[i][k].body);
            p->texts[i][k] = (struct template_text){NULL, NULL};
        }
    }
}

void carriers_free(struct people *p) {
    free_carriers(p);
    free_texts(p);
}

static void take_texts(struct people *p, const struct db_result *rows) {
    free_texts(p);
    for (int i = 0; i < db_rows(rows); i++) {
        enum template_name name;
        size_t len;
        if (!template_by_code(db_get_text(rows, i, 0, &len), &name)) continue;
        enum language language = strcmp(db_get_text(rows, i, 1, &len), "en") ? LANGUAGE_ZH : LANGUAGE_EN;
        struct template_text *to = &p->texts[name][language];
        to->subject = strdup(db_get_text(rows, i, 2, &len));
        to->body = strdup(db_get_text(rows, i, 3, &len));
        must(to->subject && to->body);
    }
}

static void on_read(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    struct people *p = n->people;
    p->loading = false;
    if (reply->err != ERR_NONE) return;
    const struct db_result *rows = reply->results[0];
    struct carrier_row *fresh = calloc((size_t)db_rows(rows) + 1, sizeof *fresh);
    size_t count = 0;
    must(fresh);
    arena_reset(&p->arena);
    for (int i = 0; i < db_rows(rows); i++) count += read_carrier(n, rows, i, &fresh[count]);
    free_carriers(p);
    p->carriers = fresh;
    p->carrier_count = count;
    take_texts(p, reply->results[1]);
    p->loaded_at = clock_monotonic_ms();
}

void carriers_turn(struct notification *n) {
    struct people *p = n->people;
    if (p->loading) return;
    if (p->loaded_at && !p->changed && clock_monotonic_ms() - p->loaded_at < READ_EACH_MS) return;
    p->loading = true;
    p->changed = false;
    db_group_begin(p->load_group, DB_READ);
    db_set_int8(db_group_add(p->load_group, &CARRIERS), 1, notification_config.waiting_max);
    db_group_add(p->load_group, &TEXTS);
    db_send(n->db, p->load_group, TIMEOUT_MS, on_read, n);
}
