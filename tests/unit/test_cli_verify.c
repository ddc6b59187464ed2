/* paidan verify against a real PostgreSQL: a sound log is sound; every kind of tampering, made as superuser, is found with its
 * place. The log is made by core and the chain themselves, with the city of the stories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "common/crypto.h"
#include "common/db_blocking.h"
#include "common/json.h"
#include "common/number.h"
#include "proto/codec.h"
#include "services/kit/chain.h"
#include "tests/fixture.h"
#include "tests/unit/city.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"
#include "tools/paidan/verify.h"

enum { PATIENCE = 20 * 1000, LIVES = 5 };

static char conninfo[300], clean[300];
static struct db_blocking *db;

/* ---- a log, as the router would write it ------------------------------------------------------------------------------------------ */

static struct log {
    uint8_t chain[32];
    int64_t seq;
    int64_t next;
    time_ms last_at;
} written;

static void run(const char *sql) {
    if (db_script_blocking(db, sql) != ERR_NONE) fail_msg("%s: %s", sql, db_blocking_message(db));
}

static void write_row(const struct event *e) {
    static uint8_t body[MESSAGE_BYTES_MAX];
    size_t len;
    assert_int_equal(codec_encode(&type_effect, &e->effect, body, sizeof body, &len), CODEC_OK);
    struct chain_event link = {1,        ++written.seq, 3,       e->ticket,     e->version, e->at, e->type,
                               e->cause, e->user,       e->role, e->actor_unit, body,       len};
    chain_step(written.chain, &link, written.chain);
    written.last_at = e->at;
    struct db_call *row = db_call_new();
    int64_t numbers[] = {link.seq,   link.ticket, link.version, link.at,  link.type,
                         link.cause, link.user,   link.role,    link.unit};
    for (int i = 0; i < 9; i++) db_set_int8(row, i + 1, numbers[i]);
    db_set_bytes(row, 10, body, len);
    db_set_bytes(row, 11, written.chain, 32);
    assert_int_equal(
        db_run_blocking(
            db,
            "INSERT INTO event (shard, seq, epoch, ticket, version, at, type, cause, user_id, role, unit, body, hash) "
            "VALUES (1, $1::int8, 3, $2::int8, $3::int8::int4, $4::int8, $5::int8::int2, $6::int8::int2, $7::int8, "
            "$8::int8::int2, $9::int8::int4, $10::bytea, $11::bytea)",
            row, NULL),
        ERR_NONE);
    db_call_free(&row);
}

static void write_ticket(const struct ticket *t) {
    static uint8_t body[MESSAGE_BYTES_MAX];
    size_t len;
    struct change change;
    ticket_change(t, &change);
    assert_int_equal(codec_encode(&type_ticket, t, body, sizeof body, &len), CODEC_OK);
    struct db_call *row = db_call_new();
    int64_t numbers[] = {t->id,         change.open,    t->version,    t->state,           t->owner,
                         t->matter,     t->urgency,     t->channel,    t->source,          t->place,
                         t->request,    t->received_at, t->entered_at, t->ended_at,        change.due,
                         change.yellow, t->next_at,     t->generation, change.next_action, t->supervised};
    for (int i = 0; i < 20; i++) db_set_int8(row, i + 1, numbers[i]);
    db_set_bytes(row, 21, body, len);
    assert_int_equal(db_run_blocking(db,
                                     "INSERT INTO ticket VALUES ($1::int8, 1, $2::int8 = 1, $3::int8, $4::int8, "
                                     "$5::int8, $6::int8, $7::int8, $8::int8, "
                                     "$9::int8, $10::int8, $11::int8, $12::int8, $13::int8, $14::int8, $15::int8, "
                                     "$16::int8, $17::int8, $18::int8, $19::int8, "
                                     "$20::int8 = 1, $21::bytea)",
                                     row, NULL),
                     ERR_NONE);
    db_call_free(&row);
}

static void live(struct ticket *t, const struct principal *by, struct command command, time_ms now) {
    static struct step step;
    command.by = *by;
    command.ticket = t->id;
    enum verdict verdict = ticket_decide(city_world(), t->id ? t : NULL, NULL, &command,
                                         number_ticket(20261121, 1, (int32_t)written.next), now, &step);
    if (verdict != VERDICT_OK)
        fail_msg("%s: %s", word_text(WORDS_command_name, command.name), verdict_say(verdict, LANG_EN));
    for (uint16_t i = 0; i < step.count; i++) {
        step.events[i].shard = 1;
        ticket_apply(t, &step.events[i]);
        write_row(&step.events[i]);
    }
}

/* One ticket: signed, contacted, finished, and, every second one, checked and called back. */
static void write_life(int which) {
    static struct ticket t;
    time_ms now = at("2026-11-19 09:00") + which * 60000;
    struct request_new request = {.matter = MATTER_COLD, .place = GRID_A, .place_by = PLACE_BY_GRID};
    struct command receive = {.name = COMMAND_RECEIVE,
                              .request = number_request(20261119, which),
                              .source = HOTLINE_SOURCE,
                              .channel = CHANNEL_PHONE,
                              .matter = MATTER_COLD,
                              .place = GRID_A,
                              .place_by = PLACE_BY_GRID,
                              .received_at = now};
    memset(&t, 0, sizeof t);
    written.next = which;
    routing_decide(city_world(), &request, &receive.route);
    live(&t, &SYSTEM, receive, now);
    live(&t, &WATER_CLERK, (struct command){.name = COMMAND_SIGN}, written.last_at);
    live(&t, &WATER_CLERK, (struct command){.name = COMMAND_CONTACT, .note = TEXT("已联系")}, written.last_at);
    live(&t, &WATER_CLERK, (struct command){.name = COMMAND_FINISH, .answer = TEXT("已恢复供水")}, written.last_at);
    if (which % 2) live(&t, &OPERATOR, (struct command){.name = COMMAND_PASS}, written.last_at);
    write_ticket(&t);
}

static void write_all(void) {
    char sql[400], hex[65];
    for (int i = 1; i <= LIVES; i++) write_life(i);
    crypto_to_hex(written.chain, 32, hex);
    snprintf(
        sql, sizeof sql,
        "UPDATE shard SET epoch = 3, next_seq = %lld, next_ticket = %d, last_at = %lld, chain = '\\x%s' WHERE id = 1",
        (long long)written.seq + 1, LIVES + 1, (long long)written.last_at, hex);
    run(sql);
    run("SELECT audit_append(1, 1, 9::smallint, 1, 'login', 'account:1', 'ok', NULL)");
    run("SELECT audit_append(2, 1, 9::smallint, 1, 'import', 'units', 'ok', '{\"rows\": 3}')");
    run("SELECT audit_append(2, 1, 9::smallint, 1, 'logout', '', 'ok', NULL)");
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------------- */

/* What `paidan verify --json` says; its exit code. */
static enum cli_exit ask(struct cJSON **ret_tree) {
    static char text[65536];
    const char *argv[] = {"paidan", "verify", "--json", "--database", conninfo, NULL};
    struct json_fault fault;
    FILE *to = tmpfile();
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(fileno(to), STDOUT_FILENO);
    enum cli_exit code = cli_main(5, (char **)argv);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    rewind(to);
    size_t len = fread(text, 1, sizeof text, to);
    fclose(to);
    if (json_parse(text, len, NULL, ret_tree, &fault) != ERR_NONE) fail_msg("no JSON: %.*s", (int)len, text);
    return code;
}

/* A fresh copy of the log; db then speaks to it, as superuser. */
static void fresh(void) {
    if (db) db_blocking_close(&db);
    assert_int_equal(db_blocking_open(fixture_postgres(), PATIENCE, &db), ERR_NONE);
    run("DROP DATABASE IF EXISTS tampered");
    run("CREATE DATABASE tampered TEMPLATE clean");
    db_blocking_close(&db);
    snprintf(conninfo, sizeof conninfo, "%s", clean);
    char *name = strstr(conninfo, "dbname=clean");
    assert_non_null(name);
    char rest[300];
    snprintf(rest, sizeof rest, "%s", name + strlen("dbname=clean"));
    snprintf(name, sizeof conninfo - (size_t)(name - conninfo), "dbname=tampered%s", rest);
    assert_int_equal(db_blocking_open(conninfo, PATIENCE, &db), ERR_NONE);
}

static void a_sound_log_is_sound(void **state) {
    (void)state;
    struct cJSON *tree;
    fresh();
    enum cli_exit code = ask(&tree);
    const struct cJSON *damages = tree_at(tree, "damages");
    if (code != CLI_OK) fail_msg("%s: %s", tree_text(damages->child, "place"), tree_text(damages->child, "en"));
    assert_int_equal(tree_int(tree, "tickets"), LIVES);
    assert_int_equal(tree_int(tree, "audit"), 3);
    assert_int_equal(tree_int(tree, "events"), written.seq);
    assert_int_equal(tree_int(tree, "replayed"), written.seq);
    json_free(&tree);
}

/* Each tampering, and what the place of the first damage begins with. */
static const struct {
    const char *sql, *place;
} tamperings[] = {
    {"UPDATE event SET unit = unit + 1 WHERE seq = 7", "shard 1, seq 7"},
    {"UPDATE event SET at = at + 1 WHERE seq = 9", "shard 1, seq "},
    {"UPDATE event SET body = set_byte(body, length(body) - 1, get_byte(body, length(body) - 1) # 1) WHERE seq = 4",
     "shard 1, seq 4"},
    {"UPDATE event SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE seq = 5", "shard 1, seq 5"},
    {"UPDATE event SET epoch = 2 WHERE seq = 11", "shard 1, seq 11"},
    {"DELETE FROM event WHERE seq = 6", "shard 1, seq 6"},
    {"DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)", "shard 1, seq "},
    {"UPDATE event e SET type = o.type, cause = o.cause, body = o.body FROM event o WHERE e.seq = 3 AND o.seq = 4",
     "shard 1, seq 3"},
    {"UPDATE shard SET next_seq = next_seq + 1", "shard 1, seq "},
    {"UPDATE shard SET chain = set_byte(chain, 3, get_byte(chain, 3) # 1)", "shard 1, seq "},
    {"UPDATE ticket SET state = state + 1 WHERE id = (SELECT min(id) FROM ticket)", "T20261121010000001"},
    {"UPDATE ticket SET due = due + 1 WHERE id = (SELECT max(id) FROM ticket)", "T20261121010000005"},
    {"UPDATE ticket SET body = set_byte(body, length(body) - 1, get_byte(body, length(body) - 1) # 1) WHERE id = "
     "(SELECT min(id) FROM ticket)",
     "T20261121010000001"},
    {"DELETE FROM ticket WHERE id = (SELECT min(id) FROM ticket)", "T20261121010000001, version 1"},
    {"INSERT INTO ticket SELECT id + 100, shard, open, version, state, owner, matter, urgency, channel, source, place, "
     "request, received_at, "
     "entered_at, ended_at, due, yellow, next_at, generation, next_action, supervised, body FROM ticket WHERE id = "
     "(SELECT min(id) FROM ticket)",
     "T20261121010000101"},
    {"UPDATE audit SET outcome = 'refused' WHERE id = 2", "audit 2"},
    {"UPDATE audit SET at = 5 WHERE id = 1", "audit 1"},
    {"DELETE FROM audit WHERE id = 2", "audit 2"},
    {"DELETE FROM audit WHERE id = 3", "audit 2"},
    {"UPDATE audit_head SET hash = set_byte(hash, 1, get_byte(hash, 1) # 1)", "audit 3"},
};

static void every_tampering_is_found_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof tamperings / sizeof *tamperings; i++) {
        struct cJSON *tree;
        fresh();
        run(tamperings[i].sql);
        enum cli_exit code = ask(&tree);
        const char *place = tree_text(tree_at(tree, "damages") ? tree_at(tree, "damages")->child : NULL, "place");
        if (code != CLI_REFUSED || strncmp(place, tamperings[i].place, strlen(tamperings[i].place)) != 0)
            fail_msg("%s: exit %d, found at \"%s\", expected \"%s\"", tamperings[i].sql, code, place,
                     tamperings[i].place);
        json_free(&tree);
    }
}

/* Somebody who recomputes the whole chain behind an altered event is still found: the ticket is not what its events make, or core
 * gives up on the event. */
static void a_chain_recomputed_by_the_tamperer_does_not_help(void **state) {
    (void)state;
    struct cJSON *tree;
    static uint8_t hash[32];
    fresh();
    run("UPDATE event SET version = 7 WHERE seq = (SELECT max(seq) FROM event)");
    struct db_result *rows;
    assert_int_equal(
        db_run_blocking(
            db,
            "SELECT seq, epoch, ticket, version, at, type, cause, user_id, role, unit, body FROM event ORDER BY seq",
            NULL, &rows),
        ERR_NONE);
    memset(hash, 0, sizeof hash);
    for (int i = 0; i < db_rows(rows); i++) {
        char sql[300], hex[65];
        struct chain_event e = {1,
                                db_get_int(rows, i, 0),
                                (uint32_t)db_get_int(rows, i, 1),
                                db_get_int(rows, i, 2),
                                (uint32_t)db_get_int(rows, i, 3),
                                db_get_int(rows, i, 4),
                                (uint8_t)db_get_int(rows, i, 5),
                                (uint8_t)db_get_int(rows, i, 6),
                                db_get_int(rows, i, 7),
                                (uint8_t)db_get_int(rows, i, 8),
                                (uint32_t)db_get_int(rows, i, 9),
                                NULL,
                                0};
        e.body = db_get_bytes(rows, i, 10, &e.body_len);
        chain_step(hash, &e, hash);
        crypto_to_hex(hash, 32, hex);
        snprintf(sql, sizeof sql, "UPDATE event SET hash = '\\x%s' WHERE seq = %lld; UPDATE shard SET chain = '\\x%s'",
                 hex, (long long)e.seq, hex);
        run(sql);
    }
    db_result_free(&rows);
    assert_int_equal(ask(&tree), CLI_REFUSED);
    assert_memory_equal(tree_text(tree_at(tree, "damages")->child, "place"), "T20261121010000005", 18);
    json_free(&tree);
}

/* ---- the file ------------------------------------------------------------------------------------------------------------------------- */

static int open_all(void **state) {
    char command[700];
    (void)state;
    assert_int_equal(crypto_open(), ERR_NONE);
    assert_int_equal(db_blocking_open(fixture_postgres(), PATIENCE, &db), ERR_NONE);
    run("CREATE ROLE paidan_owner; CREATE ROLE paidan_intake; CREATE ROLE paidan_router; CREATE ROLE "
        "paidan_escalation; "
        "CREATE ROLE paidan_notification; CREATE ROLE paidan_console");
    db_blocking_close(&db);
    snprintf(clean, sizeof clean, "%s", fixture_database("clean"));
    snprintf(command, sizeof command, "compose/migrate \"%s\" >/dev/null", clean);
    assert_int_equal(system(command), 0);
    assert_int_equal(db_blocking_open(clean, PATIENCE, &db), ERR_NONE);
    write_all();
    db_blocking_close(&db);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    if (db) db_blocking_close(&db);
    fixture_done();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_log_is_sound),
        cmocka_unit_test(every_tampering_is_found_with_its_place),
        cmocka_unit_test(a_chain_recomputed_by_the_tamperer_does_not_help),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
