/* Letters to their carriers: at least once, under one constant id per letter and way, several carriers side by side. A row is "under way"
 * only in memory: after a crash it is simply sent again. What an answer makes of the letter is core/tell.h's to say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/kit/sealed.h"
#include "services/notification/people.h"

METRIC_COUNTER(attempts, "paidan_notification_letter_attempts_total", "Letters handed to carriers, by what came of it.",
               "event", "taken", "refused", "failed");

enum { POLL_EACH_MS = 500, TIMEOUT_MS = 20000 };

static const struct db_statement POLL = {
    "letters_poll",
    "SELECT l.id, l.way, l.carrier, l.person, l.unit, l.position, l.count, l.tries, l.attempts, l.taken, l.next_at, "
    "w.address_sealed, coalesce(w.language, 'zh'), coalesce(x.id, 0), coalesce(x.position, 0::int2), "
    "coalesce(x.carrier, 0) FROM unnest($1::int8[], $2::int4[]) AS p (carrier, room) CROSS JOIN LATERAL (SELECT * FROM "
    "letter s WHERE s.carrier = p.carrier AND s.state = 1 AND s.next_at <= $3::int8 AND s.id <> ALL ($4::int8[]) ORDER "
    "BY s.next_at, s.id LIMIT p.room) l LEFT JOIN way w ON w.id = l.way AND w.carrier = l.carrier "
    "LEFT JOIN LATERAL (" LETTER_NEXT_WAY ") x ON true"};
static const struct db_statement NOTICES = {
    "letters_notices", "SELECT type, rung, stage, reminder, about, ticket, at FROM notice WHERE letter = $1::int8 "
                       "ORDER BY id LIMIT $2::int4"};
static const struct db_statement STEP = {
    "letters_step",
    "UPDATE letter SET state = $2::int2, tries = $3::int2, attempts = attempts + 1, taken = $4::bool, next_at = "
    "$5::int8, ended_at = $6::int8, status = $7::int4, error = $8::text, way = $9::int8, position = $10::int2, carrier "
    "= $11::int8 WHERE id = $1::int8 AND state = 1"};
static const struct db_statement LOG = {
    "letters_log", "INSERT INTO letter_attempt (letter, way, carrier, at, event, outcome, status, took_ms, reference, "
                   "why) VALUES ($1::int8, $2::int8, $3::int8, $4::int8, $5::int2, $6::int2, $7::int4, $8::int4, "
                   "$9::text, $10::text)"};

bool letter_is_under_way(const struct people *p, int64_t id) {
    for (const struct letter_row *l = p->letters; l; l = l->next)
        if (l->id == id) return true;
    return false;
}

/* ---- the end of an attempt ------------------------------------------------------------------------------------------------------ */

void letter_forget(struct letter_row *l) {
    struct people *p = l->n->people;
    for (struct letter_row **at = &p->letters; *at; at = &(*at)->next) {
        if (*at != l) continue;
        *at = l->next;
        break;
    }
    p->under_way--;
    p->poll_at = 0;
    crypto_forget(l->address, sizeof l->address);
    db_group_free(&l->group);
    free(l);
}

static void on_recorded(void *context, const struct db_reply *reply) {
    struct letter_row *l = context;
    struct people *p = l->n->people;
    if (reply->err != ERR_NONE) log_warn("letter_not_recorded", LOG_ID("letter", l->id), LOG_ERR(reply->err));
    letter_forget(l); /* unrecorded: it still waits and is sent again, under the same id; but not in haste */
    if (reply->err != ERR_NONE) p->poll_at = clock_monotonic_ms() + POLL_EACH_MS;
}

/* response NULL: nothing was sent. */
static void record(struct letter_row *l, enum tell_event event, const struct client_response *response,
                   const char *why) {
    time_ms now = clock_now();
    int tries = l->state.tries;
    l->is.pause_ms = attempt_pause_ms(tries + 1, response ? response->retry_after_s : -1);
    tell_step(&l->state, event, &l->is, now);
    bool ends = l->state.state != LETTER_WAITING && l->state.state != LETTER_SENT;
    metric_add(&attempts, event == TELL_TAKEN ? 0 : event == TELL_REFUSED ? 1 : 2, 1);
    if (l->state.state == LETTER_DEAD) log_warn("dead_letter", LOG_ID("letter", l->id));
    db_group_begin(l->group, DB_TRANSACTION);
    struct db_call *call = db_group_add(l->group, &STEP);
    db_set_int8(call, 1, l->id);
    db_set_int2(call, 2, l->state.state);
    db_set_int2(call, 3, (int16_t)l->state.tries);
    db_set_bool(call, 4, l->state.taken);
    db_set_int8(call, 5, l->state.next_at);
    db_set_int8(call, 6, ends ? now : 0);
    db_set_int4(call, 7, response ? response->status : 0);
    db_set_string(call, 8, event == TELL_TAKEN ? "" : why);
    db_set_int8(call, 9, l->state.moves ? l->next_way : l->way);
    db_set_int2(call, 10, l->state.moves ? l->next_position : l->position);
    db_set_int8(call, 11, l->state.moves ? l->next_carrier : l->carrier);
    call = db_group_add(l->group, &LOG);
    db_set_int8(call, 1, l->id);
    db_set_int8(call, 2, l->way);
    db_set_int8(call, 3, l->carrier);
    db_set_int8(call, 4, now);
    db_set_int2(call, 5, (int16_t)event);
    db_set_int2(call, 6, (int16_t)attempt_outcome_of(response));
    db_set_int4(call, 7, response ? response->status : 0);
    db_set_int4(call, 8, response ? (int32_t)response->took_ms : 0);
    db_set_string(call, 9, l->reference);
    db_set_string(call, 10, event == TELL_TAKEN ? "" : why);
    db_send(l->n->db, l->group, TIMEOUT_MS, on_recorded, l);
}

/* A mail server says 2xx when it has it, 5xx when it never will; what goes wrong before the mail itself (name, TLS, login) is tried again. */
static enum tell_event mail_answer(const struct client_response *response) {
    if (response->err == ERR_NONE) return TELL_TAKEN;
    bool of_the_mail = response->status >= 550 && response->status <= 554;
    return of_the_mail && response->err == ERR_CLOSED ? TELL_REFUSED : TELL_FAILED;
}

static void on_response(void *context, const struct client_response *response) {
    struct letter_row *l = context;
    const struct carrier_row *carrier = carrier_by_id(l->n, l->carrier);
    failpoint("notification.after_letter");
    enum tell_event event = TELL_FAILED;
    if (carrier && carrier->settings.kind == CARRIER_MAIL)
        event = mail_answer(response);
    else if (carrier && response->err == ERR_NONE)
        event =
            carrier_answer(&carrier->settings, response->status, response->body, response->body_length, l->reference);
    const char *why = response->err != ERR_NONE ? response->message
                      : event == TELL_REFUSED   ? "the carrier refused it"
                                                : "the carrier could not take it now";
    record(l, event, response, why);
}

/* ---- an attempt ------------------------------------------------------------------------------------------------------------------------ */

static void send_mail(struct letter_row *l, const struct carrier_row *carrier, const char *id,
                      const struct letter_said *said) {
    struct buffer body = {0};
    const struct carrier *settings = &carrier->settings;
    letter_mail(settings->from, l->address, id, said, clock_now(), &body);
    struct client_mail mail = {settings->from, l->address, settings->user, carrier->secret, settings->plain};
    struct client_request request = {.url = settings->url,
                                     .mail = &mail,
                                     .body = body.data,
                                     .body_length = body.length,
                                     .timeout_ms = notification_config.timeout};
    client_send(l->n->client, &request, on_response, l, NULL);
    buffer_done(&body);
}

static void send_http(struct letter_row *l, const struct carrier_row *carrier, const char *id,
                      struct letter_said *said) {
    const char *headers[CARRIER_HEADERS_MAX];
    size_t count = 0;
    struct carrier_request letter = {.content_type = NULL};
    struct arena *arena = &l->n->people->arena;
    said->values[said->count++] = (struct template_value){"id", id};
    said->values[said->count++] = (struct template_value){"address", l->address};
    said->values[said->count++] = (struct template_value){"code", carrier_code(&carrier->settings, said->template_)};
    carrier_compose(&carrier->settings, said->values, said->count, &letter);
    bool fits = carrier_headers(&carrier->settings, letter.content_type, id, arena, headers, &count) &&
                carrier_sign_request(carrier, &letter, clock_now(), arena, headers, &count);
    struct client_request request = {.method = "POST",
                                     .url = buffer_text(&letter.url),
                                     .headers = headers,
                                     .header_count = count,
                                     .body = letter.body.data,
                                     .body_length = letter.body.length,
                                     .timeout_ms = notification_config.timeout};
    if (fits)
        client_send(l->n->client, &request, on_response, l, NULL);
    else
        record(l, TELL_FAILED, NULL, "it could not be signed: is the carrier's secret there?");
    buffer_done(&letter.url);
    buffer_done(&letter.body);
}

static void send_letter(struct letter_row *l, const struct db_result *rows) {
    struct notification *n = l->n;
    struct people *p = n->people;
    const struct carrier_row *carrier = carrier_by_id(n, l->carrier);
    struct letter_notice notices[LETTER_LINES_MAX];
    struct template_text texts[TEMPLATE_COUNT];
    struct letter_said said;
    char id[CARRIER_ID_BYTES];
    int count = db_rows(rows);
    for (int i = 0; i < count; i++)
        notices[i] = (struct letter_notice){.type = (int)db_get_int(rows, i, 0),
                                            .rung = (int)db_get_int(rows, i, 1),
                                            .stage = (int)db_get_int(rows, i, 2),
                                            .reminder = db_get_bool(rows, i, 3),
                                            .about = (uint32_t)db_get_int(rows, i, 4),
                                            .ticket = db_get_int(rows, i, 5),
                                            .at = db_get_int(rows, i, 6)};
    for (int i = 0; i < TEMPLATE_COUNT; i++)
        texts[i] = p->texts[i][l->language].body ? p->texts[i][l->language]
                                                 : template_built_in((enum template_name)i, l->language);
    arena_reset(&p->arena);
    carrier_id(l->id, l->way, id);
    if (!carrier || count == 0)
        record(l, TELL_FAILED, NULL, "its carrier or its notices are not there");
    else if (!letter_say(n->reference, notices, count, l->count, texts, l->language, &p->arena, &said))
        record(l, TELL_FAILED, NULL, "it could not be composed");
    else if (carrier->settings.kind == CARRIER_MAIL)
        send_mail(l, carrier, id, &said);
    else
        send_http(l, carrier, id, &said);
}

static void on_notices(void *context, const struct db_reply *reply) {
    struct letter_row *l = context;
    if (reply->err != ERR_NONE || l->n->draining || !l->n->reference)
        letter_forget(l);
    else if (!l->address[0])
        record(l, TELL_REFUSED, NULL, "the way is not there any more");
    else
        send_letter(l, reply->results[0]);
}

/* "" when it is gone or cannot be opened. */
static void read_address(struct letter_row *l, const struct db_result *rows, int i) {
    size_t len, address_len;
    const uint8_t *sealed = db_get_bytes(rows, i, 11, &len);
    struct crypto_place place = SEALED_WAY(l->way);
    if (!sealed || len >= sizeof l->address + CRYPTO_SEAL_BYTES ||
        crypto_unseal(l->n->keys, &place, sealed, len, l->address, &address_len) != ERR_NONE)
        l->address[0] = '\0';
}

static void start(struct notification *n, const struct db_result *rows, int i) {
    struct people *p = n->people;
    const struct carrier_row *carrier = carrier_by_id(n, db_get_int(rows, i, 2));
    struct letter_row *l = calloc(1, sizeof *l);
    size_t len;
    must(l);
    *l = (struct letter_row){.next = p->letters,
                             .n = n,
                             .group = db_group_new(),
                             .id = db_get_int(rows, i, 0),
                             .way = db_get_int(rows, i, 1),
                             .carrier = db_get_int(rows, i, 2),
                             .position = (int16_t)db_get_int(rows, i, 5),
                             .count = (int)db_get_int(rows, i, 6),
                             .next_way = db_get_int(rows, i, 13),
                             .next_position = (int16_t)db_get_int(rows, i, 14),
                             .next_carrier = db_get_int(rows, i, 15)};
    l->language = strcmp(db_get_text(rows, i, 12, &len), "en") ? LANGUAGE_ZH : LANGUAGE_EN;
    l->state = (struct tell_letter){.state = LETTER_WAITING,
                                    .tries = (int)db_get_int(rows, i, 7),
                                    .taken = db_get_bool(rows, i, 9),
                                    .next_at = db_get_int(rows, i, 10)};
    l->is = (struct tell_way){.confirm_ms = carrier ? carrier->settings.confirm_ms : 0,
                              .tries_max = (int)notification_config.letter_attempts,
                              .has_next = l->next_way != 0,
                              .is_current = true};
    read_address(l, rows, i);
    p->letters = l;
    p->under_way++;
    db_group_begin(l->group, DB_READ);
    struct db_call *call = db_group_add(l->group, &NOTICES);
    db_set_int8(call, 1, l->id);
    db_set_int4(call, 2, LETTER_LINES_MAX);
    db_send(n->db, l->group, TIMEOUT_MS, on_notices, l);
}

static void on_polled(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->people->polling = false;
    if (reply->err != ERR_NONE) return;
    const struct db_result *rows = reply->results[0];
    for (int i = 0; i < db_rows(rows) && n->people->under_way < LETTERS_UNDER_WAY_MAX; i++) start(n, rows, i);
}

static int under_way_at(const struct people *p, int64_t carrier) {
    int count = 0;
    for (const struct letter_row *l = p->letters; l; l = l->next) count += l->carrier == carrier;
    return count;
}

void letters_send(struct notification *n) {
    struct people *p = n->people;
    int64_t now = clock_monotonic_ms();
    if (p->polling || now < p->poll_at || !p->carrier_count || !n->reference) return;
    p->poll_at = now + POLL_EACH_MS;
    bool any = false;
    db_group_begin(p->poll_group, DB_READ);
    struct db_call *call = db_group_add(p->poll_group, &POLL);
    db_set_array(call, 1, DB_INT8);
    db_set_array(call, 2, DB_INT4);
    for (size_t i = 0; i < p->carrier_count; i++) {
        int64_t room = notification_config.per_endpoint - under_way_at(p, p->carriers[i].id);
        if (room <= 0) continue;
        db_push_int8(call, 1, p->carriers[i].id);
        db_push_int4(call, 2, (int32_t)room);
        any = true;
    }
    db_set_int8(call, 3, clock_now());
    db_set_array(call, 4, DB_INT8);
    for (const struct letter_row *l = p->letters; l; l = l->next) db_push_int8(call, 4, l->id);
    if (!any) return;
    p->polling = true;
    db_send(n->db, p->poll_group, TIMEOUT_MS, on_polled, n);
}
