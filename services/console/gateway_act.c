/* act -> command -> reply -> outcome. Codes become numbers and the form is checked here, as command_body.c does it for HTTP; whether
 * it may be done is core's to say, in the router. Sent again until it is answered, under one key, so it happens once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/number.h"
#include "common/text.h"
#include "core/verdict.h"
#include "proto/must.h"
#include "services/console/command_body.h"
#include "services/console/commands_inner.h"
#include "services/console/gateway_inner.h"

enum { ACTS_MAX = 1000 };

/* One act under way. */
struct job {
    struct pending pending;
    struct gateway *gateway;
    struct bus_peer peer;
    struct principal by;
    int64_t id; /* the client's number for it */
    uint8_t bytes[];
};

/* What is wrong with it; status 0: nothing. */
struct wrong {
    int status;
    const char *pointer, *detail;
};

static struct job *job_of(struct pending *p) {
    return (struct job *)(void *)((char *)p - offsetof(struct job, pending));
}

static void end(struct job *job) {
    job->gateway->act_count--;
    free(job);
}

/* ---- form ---------------------------------------------------------------------------------------------------------------------------------- */

static void fault(struct wrong *wrong, int status, const char *pointer, const char *detail) {
    if (!wrong->status) *wrong = (struct wrong){status, pointer, detail};
}

/* The members that were given, as bits of enum command_field. */
static uint32_t given_by(const struct act *act) {
    return (act->version ? TAKES_VERSION : 0u) | (act->unit.len ? TAKES_UNIT : 0u) |
           (act->units.len ? TAKES_UNITS : 0u) | (act->reason.len ? TAKES_REASON : 0u) |
           (act->basis.len ? TAKES_BASIS : 0u) | (act->note.len ? TAKES_NOTE : 0u) |
           (act->answer.len ? TAKES_ANSWER : 0u) | (act->until ? TAKES_UNTIL : 0u) | (act->result ? TAKES_RESULT : 0u) |
           (act->score ? TAKES_SCORE : 0u) | (act->assignment ? TAKES_ASSIGNMENT : 0u) | (act->rung ? TAKES_RUNG : 0u) |
           (act->card ? TAKES_CARD : 0u);
}

static void check_fields(const struct act *act, struct wrong *wrong) {
    static char pointer[40];
    uint32_t other = given_by(act) & ~command_takes(act->name).may;
    for (int field = 0; field < COMMAND_FIELD_COUNT && !wrong->status; field++) {
        if (!(other >> field & 1)) continue;
        snprintf(pointer, sizeof pointer, "/%s", command_fields[field].name);
        fault(wrong, 400, pointer, "this command does not take it");
    }
}

static void check_text(struct text text, uint32_t max, const char *pointer, struct wrong *wrong) {
    if (text.len > max) fault(wrong, 422, pointer, "the text is too long: see the OpenAPI document");
    if (text.len && text_has_control(text.at, text.len, true)) fault(wrong, 422, pointer, "holds control characters");
}

static uint32_t unit_of(const struct reference *reference, const char *code, size_t len, const char *pointer,
                        struct wrong *wrong) {
    uint32_t unit = len ? reference_unit_by_code(reference, code, len) : 0;
    if (len && !unit) fault(wrong, 422, pointer, "there is no such unit");
    return unit;
}

static void read_units(const struct reference *reference, struct text codes, struct command *command,
                       struct wrong *wrong) {
    for (uint32_t at = 0; at < codes.len;) {
        const char *comma = memchr(codes.at + at, ',', codes.len - at);
        uint32_t len = comma ? (uint32_t)(comma - codes.at) - at : codes.len - at;
        uint32_t unit = unit_of(reference, codes.at + at, len, "/units", wrong);
        if (!unit) fault(wrong, 422, "/units", "must be codes of units with commas between");
        if (command->units_count == EVENT_UNITS_MAX) fault(wrong, 422, "/units", "names too many units");
        if (wrong->status) return;
        command->units[command->units_count++] = unit;
        at += len + 1;
    }
}

static void read_act(const struct reference *reference, const struct act *act, struct command *command,
                     struct wrong *wrong) {
    *command = (struct command){.name = act->name,
                                .version = act->version,
                                .reason = act->reason,
                                .basis = act->basis,
                                .note = act->note,
                                .answer = act->answer,
                                .until = act->until,
                                .result = act->result,
                                .score = act->score,
                                .assignment = act->assignment,
                                .rung = act->rung,
                                .card = act->card};
    if (!act->name || !command_takes(act->name).may) fault(wrong, 422, "/name", "is no command that can be given");
    if (number_parse_ticket(act->ticket.len ? act->ticket.at : "", act->ticket.len, &command->ticket) != ERR_NONE)
        fault(wrong, 422, "/ticket", "is no ticket number: T and 17 digits");
    if (act->key.len > KEY_BYTES_MAX) fault(wrong, 400, "/key", "must be at most 120 bytes long");
    if (!wrong->status) check_fields(act, wrong);
    check_text(act->reason, REASON_BYTES_MAX, "/reason", wrong);
    check_text(act->basis, BASIS_BYTES_MAX, "/basis", wrong);
    check_text(act->note, NOTE_BYTES_MAX, "/note", wrong);
    check_text(act->answer, ANSWER_BYTES_MAX, "/answer", wrong);
    command->unit = unit_of(reference, act->unit.at, act->unit.len, "/unit", wrong);
    read_units(reference, act->units, command, wrong);
}

/* As over HTTP, under names of its own: a key means one act, by one token, over this door. */
static void set_key(struct job *job, const struct act *act, size_t len) {
    struct pending *p = &job->pending;
    crypto_random(p->key, KEY_BYTES);
    crypto_random(p->key_body, KEY_BYTES);
    if (act->key.len) {
        uint8_t hash[CRYPTO_HASH_BYTES], said[2048 + KEY_BYTES_MAX];
        int head = snprintf((char *)said, sizeof said, "%lld/bus/%.*s", (long long)job->by.user, (int)act->key.len,
                            act->key.at);
        crypto_digest(said, (size_t)head, hash);
        memcpy(p->key, hash, KEY_BYTES);
        size_t body_len;
        uint8_t *body = malloc(len + 64);
        must(body);
        must(codec_encode(&type_act, act, body, len + 64, &body_len) == CODEC_OK); /* without its envelope */
        crypto_digest(body, body_len, hash);
        memcpy(p->key_body, hash, KEY_BYTES);
        free(body);
    }
    p->command.key = (struct bytes){p->key, KEY_BYTES};
    p->command.key_body = (struct bytes){p->key_body, KEY_BYTES};
}

/* ---- what became of it ----------------------------------------------------------------------------------------------------------------------- */

static struct text text_of(const char *text) {
    return (struct text){text, (uint32_t)strlen(text)};
}

static void replied(struct pending *p) {
    struct job *job = job_of(p);
    const struct reply *reply = &p->reply;
    const struct verdict_row *row = verdict_row((int)reply->verdict);
    bool is_done = reply->verdict == VERDICT_OK, is_hidden = row->status == 404;
    char number[NUMBER_TEXT_BYTES], created[NUMBER_TEXT_BYTES] = "";
    number_format_ticket(p->command.ticket, number);
    if (reply->other) number_format_ticket(reply->other, created);
    struct outcome outcome = {.status = (uint16_t)row->status,
                              .ticket = text_of(number),
                              .version = is_hidden ? 0 : reply->version,
                              .state = is_hidden ? 0 : reply->state,
                              .seq = is_done ? reply->seq : 0,
                              .repeated = reply->repeated,
                              .created = text_of(created)};
    if (!is_done) {
        outcome.verdict = text_of(row->name + strlen("VERDICT_"));
        outcome.pointer = text_of(row->pointer);
        outcome.detail = text_of(row->en);
    }
    if (row->status == 403)
        gateway_audit(job->gateway, &job->by, word_text(WORDS_command_name, p->command.name), number, row->name);
    (void)!gateway_send(job->gateway, &job->peer, MESSAGE_outcome, job->id, &outcome); /* it asks again, same key */
    end(job);
}

static void unknown(struct pending *p) {
    struct job *job = job_of(p);
    gateway_refuse(job->gateway, &job->peer, job->id, 503, "",
                   p->sent
                       ? "no answer came in time, the outcome is not known: sending it again with the same key is safe"
                       : "the router is not available: send it again later, same key");
    end(job);
}

static void too_long(struct pending *p) {
    struct job *job = job_of(p);
    gateway_refuse(job->gateway, &job->peer, job->id, 413, "", "the texts are too long together");
    end(job);
}

static const struct command_ends ends = {.replied = replied, .unknown = unknown, .too_long = too_long};

/* ---- taken ------------------------------------------------------------------------------------------------------------------------------------ */

static void start(struct job *job, const struct act *act, size_t len) {
    struct gateway *g = job->gateway;
    struct wrong wrong = {0};
    struct pending *p = &job->pending;
    read_act(g->console->reference, act, &p->command, &wrong);
    if (!wrong.status && access_scope(job->by.role, act->name) == SCOPE_NONE) {
        char number[NUMBER_TEXT_BYTES];
        number_format_ticket(p->command.ticket, number);
        gateway_audit(g, &job->by, word_text(WORDS_command_name, act->name), number, "role");
        fault(&wrong, 403, "/name", "this role may not give this command");
    }
    if (wrong.status) {
        gateway_refuse(g, &job->peer, job->id, wrong.status, wrong.pointer, wrong.detail);
        end(job);
        return;
    }
    p->ends = &ends;
    p->command.by = job->by;
    set_key(job, act, len);
    if (command_start(g->console->commands, p)) return;
    gateway_refuse(g, &job->peer, job->id, 503, "", "too busy now: send it again later, same key");
    end(job);
}

void gateway_act(struct gateway *g, const struct bus_peer *peer, const struct gateway_key *key,
                 const struct bus_message *in) {
    static struct message message; /* large; one thread */
    struct job *job = calloc(1, sizeof *job + in->len);
    must(job);
    memcpy(job->bytes, in->bytes, in->len); /* the command's texts point into it until the router has answered */
    must(message_decode(job->bytes, in->len, &message, NULL) == CODEC_OK);
    job->gateway = g;
    job->peer = *peer;
    job->by = key->who.principal;
    job->id = message.envelope.id;
    g->act_count++;
    if (g->act_count <= ACTS_MAX) {
        start(job, &message.act, in->len);
        return;
    }
    gateway_refuse(g, peer, job->id, 503, "", "too busy now: send it again later, same key");
    end(job);
}
