/* See followups.h. A message is sent under a key made of its row, so it takes effect once however often it is sent; what was decided is
 * written back, and until then the row waits. A restart loses nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/log.h"
#include "common/metrics.h"
#include "core/verdict.h"
#include "proto/must.h"
#include "services/console/followups.h"
#include "services/console/news.h"

METRIC_COUNTER(ended, "paidan_console_followups_total", "Follow-up messages, by what became of them.", "outcome",
               "done", "refused");
METRIC_GAUGE(waiting, "paidan_console_followups_waiting", "Follow-up messages that wait.");

enum { SLOTS = 64, EACH_MS = 500, PATIENCE_MS = 5000, KEY_BYTES = 16 };
#define FIRST_ID (INT64_C(1) << 48) /* numbers of ours on the bus, apart from those of commands.c */

/* A rating acts on the request's own ticket, which may be merged, everything else on the ticket that answers it. 9 to 12 and 14: at
 * the callback or beyond it. What waits longer holds back what came later about the same request, but for a rating. */
static const struct db_statement EVERYTHING = {"followups_scope", "SELECT set_config('paidan.everything', '1', true)"};
static const struct db_statement DUE = {
    "followups_due",
    "SELECT f.id, f.source, f.kind, f.note, f.solved, f.satisfied, f.user_id, f.role, f.unit, f.content, t.id, "
    "k.request FROM followup f JOIN request_key k ON k.source = f.source AND k.external_id = f.external_id JOIN "
    "ticket_request tr ON tr.request = k.request JOIN ticket t ON t.id = CASE f.kind WHEN 'rating' THEN tr.origin ELSE "
    "tr.ticket END JOIN ticket l ON l.id = tr.ticket WHERE f.state = 'waiting' AND (f.kind <> 'rating' OR l.state IN "
    "(9, 10, 11, 12, 14)) AND NOT EXISTS (SELECT FROM followup b WHERE b.source = f.source AND b.external_id = "
    "f.external_id AND b.state = 'waiting' AND b.id < f.id AND b.kind <> 'rating') ORDER BY f.id LIMIT 64"};
static const struct db_statement COUNT = {"followups_count", "SELECT count(*) FROM followup WHERE state = 'waiting'"};
static const struct db_statement END = {
    "followups_end", "UPDATE followup SET state = $2::text, verdict = $3::int4, ticket = $4::int8, ended_at = $5::int8 "
                     "WHERE id = $1::int8 AND state = 'waiting'"};

struct slot {
    struct followups *owner;
    struct db_group *group; /* NULL: the slot is free */
    int64_t id, ticket, until;
    bool writing;
};

struct followups {
    struct console *console;
    struct db_group *group;
    bool polling;
    int64_t poll_at; /* monotonic */
    struct slot slots[SLOTS];
};

struct followups *followups_new(struct console *console) {
    struct followups *f = calloc(1, sizeof *f);
    must(f);
    f->console = console;
    f->group = db_group_new();
    return f;
}

static void release(struct slot *slot) {
    db_group_free(&slot->group);
    *slot = (struct slot){0};
}

void followups_free(struct followups **followups) {
    struct followups *f = *followups;
    for (int i = 0; i < SLOTS; i++)
        if (f->slots[i].group) release(&f->slots[i]);
    db_group_free(&f->group);
    free(f);
    *followups = NULL;
}

void followups_wake(struct followups *f) {
    f->poll_at = 0;
}

/* ---- the end --------------------------------------------------------------------------------------------------------------------- */

static void on_written(void *context, const struct db_reply *reply) {
    struct slot *slot = context;
    if (reply->err != ERR_NONE)
        log_warn("followup_not_written", LOG_ERR(reply->err)); /* sent again, it gets the same answer */
    slot->owner->poll_at = 0;
    release(slot);
}

bool followups_on_reply(struct followups *f, int64_t id, const struct reply *reply) {
    if (id < FIRST_ID) return false;
    for (int i = 0; i < SLOTS; i++) {
        struct slot *slot = &f->slots[i];
        if (!slot->group || slot->writing || slot->id != id - FIRST_ID) continue;
        if (reply->verdict == VERDICT_BUSY || reply->verdict == VERDICT_UNAVAILABLE) {
            release(slot); /* nothing was decided */
            return true;
        }
        bool done = reply->verdict == VERDICT_OK;
        metric_add(&ended, !done, 1);
        news_heard(f->console->news, reply->seq);
        slot->writing = true;
        db_group_begin(slot->group, DB_WRITE);
        struct db_call *end = db_group_add(slot->group, &END);
        db_set_int8(end, 1, slot->id);
        db_set_string(end, 2, done ? "done" : "refused");
        db_set_int4(end, 3, (int32_t)reply->verdict);
        db_set_int8(end, 4, slot->ticket);
        db_set_int8(end, 5, clock_now());
        db_pool_send(f->console->background, slot->group, CALL_TIMEOUT_MS, on_written, slot);
        return true;
    }
    return true; /* of a try that was given up */
}

/* ---- sending --------------------------------------------------------------------------------------------------------------------- */

/* A caller takes a request back by words, not by a step: who ends work is the centre (L35 and void), which reads it in the history. */
static void fill(struct command *command, const struct db_result *rows, int row, char note[NOTE_BYTES_MAX + 1]) {
    static const char cancel[] = "诉求人撤诉";
    size_t kind_len, len;
    const char *kind = db_get_text(rows, row, 2, &kind_len), *said = db_get_text(rows, row, 3, &len);
    if (!strcmp(kind, "cancel"))
        snprintf(note, NOTE_BYTES_MAX + 1, "%s%s%s", cancel, len ? ": " : "", said);
    else
        snprintf(note, NOTE_BYTES_MAX + 1, "%s", said);
    struct text text = {note, (uint32_t)strlen(note)};
    if (!strcmp(kind, "rating")) {
        bool solved = db_get_bool(rows, row, 4);
        command->name = solved ? COMMAND_SOLVED : COMMAND_UNSOLVED;
        command->satisfied = db_get_bool(rows, row, 5);
        *(solved ? &command->note : &command->reason) = text;
    } else {
        command->name = !strcmp(kind, "urge") ? COMMAND_URGE : COMMAND_SUPPLEMENT;
        command->note = text;
        if (command->name == COMMAND_SUPPLEMENT) command->request = db_get_int(rows, row, 11);
    }
}

static void start(struct followups *f, struct slot *slot, const struct db_result *rows, int row) {
    static struct command command;
    static char note[NOTE_BYTES_MAX + 1];
    uint8_t key[CRYPTO_HASH_BYTES];
    char name[40];
    size_t len;
    int64_t id = db_get_int(rows, row, 0);
    int length = snprintf(name, sizeof name, "followup/%lld", (long long)id);
    crypto_digest(name, (size_t)length, key);
    command = (struct command){.ticket = db_get_int(rows, row, 10)};
    command.by = (struct principal){.user = db_get_int(rows, row, 6),
                                    .role = (uint8_t)db_get_int(rows, row, 7),
                                    .unit = (uint32_t)db_get_int(rows, row, 8)};
    if (command.by.role == ROLE_INTEGRATION) command.by.source = (uint32_t)db_get_int(rows, row, 1);
    command.key = (struct bytes){key, KEY_BYTES};
    command.key_body = (struct bytes){db_get_bytes(rows, row, 9, &len), KEY_BYTES};
    must(len >= KEY_BYTES);
    fill(&command, rows, row, note);
    if (news_send(f->console->news, MESSAGE_command, FIRST_ID + id, NULL, &command) != ERR_NONE) return; /* later */
    *slot = (struct slot){.owner = f,
                          .group = db_group_new(),
                          .id = id,
                          .ticket = command.ticket,
                          .until = clock_monotonic_ms() + PATIENCE_MS};
}

static struct slot *slot_for(struct followups *f, int64_t id) {
    struct slot *free_one = NULL;
    for (int i = 0; i < SLOTS; i++) {
        if (f->slots[i].group && f->slots[i].id == id) return NULL; /* under way */
        if (!f->slots[i].group && !free_one) free_one = &f->slots[i];
    }
    return free_one;
}

static void on_due(void *context, const struct db_reply *reply) {
    struct followups *f = context;
    f->polling = false;
    if (reply->err != ERR_NONE) return;
    const struct db_result *rows = reply->results[1];
    metric_set(&waiting, 0, (double)db_get_int(reply->results[2], 0, 0));
    for (int i = 0; i < db_rows(rows); i++) {
        struct slot *slot = slot_for(f, db_get_int(rows, i, 0));
        if (slot) start(f, slot, rows, i);
    }
}

void followups_tick(struct followups *f) {
    int64_t now = clock_monotonic_ms();
    for (int i = 0; i < SLOTS; i++)
        if (f->slots[i].group && !f->slots[i].writing && now >= f->slots[i].until) release(&f->slots[i]);
    if (f->polling || now < f->poll_at || f->console->draining || !db_pool_up(f->console->background)) return;
    f->polling = true;
    f->poll_at = now + EACH_MS;
    db_group_begin(f->group, DB_READ);
    db_group_add(f->group, &EVERYTHING);
    db_group_add(f->group, &DUE);
    db_group_add(f->group, &COUNT);
    db_pool_send(f->console->background, f->group, CALL_TIMEOUT_MS, on_due, f);
}
