/* Intake's two promises against a real PostgreSQL: a fault is named by its field and a request is stored once (the same number for
 * the same content, a conflict for other content, nothing lost or doubled when a connection dies inside the commit). */
#include "common/db_blocking.h"
#include "common/json.h"
#include "common/loop.h"
#include "services/intake/accept.h"
#include "services/intake/keys.h"
#include "tests/fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/file.h"

/* ---- a small world ------------------------------------------------------------------------------------------------------------ */

static struct loop *loop;
static struct db_pool *pool;
static struct accept *accept_under_test;
static struct crypto_keys *keys;
static struct db_blocking *admin;
static char conninfo[512];

/* A reference needs its own snapshot for lookups by code; reading one from the database is what services do. */
static struct reference *reference;
static struct places *places;

static void on_reference(void *context, enum err err, struct reference *loaded, const char *message) {
    (void)context;
    if (err != ERR_NONE) fail_msg("reference: %s", message);
    reference = loaded;
}

static void run_script(const char *sql) {
    if (db_script_blocking(admin, sql) != ERR_NONE) fail_msg("%s", db_blocking_message(admin));
}

static void run_file(const char *path) {
    char *text;
    size_t len;
    assert_int_equal(file_read(path, 1 << 20, &text, &len), ERR_NONE);
    run_script(text);
    free(text);
}

static int64_t ask(const char *sql) {
    struct db_result *result;
    if (db_run_blocking(admin, sql, NULL, &result) != ERR_NONE) fail_msg("%s", db_blocking_message(admin));
    int64_t value = db_get_int(result, 0, 0);
    db_result_free(&result);
    return value;
}

static void make_database(void) {
    snprintf(conninfo, sizeof conninfo, "%s", fixture_database("intake"));
    assert_int_equal(db_blocking_open(conninfo, 10000, &admin), ERR_NONE);
    static const char *const files[] = {"db/roles.sql",
                                        "db/migrations/0001_reference.sql",
                                        "db/migrations/0002_requests.sql",
                                        "db/migrations/0003_tickets.sql",
                                        "db/migrations/0004_people.sql",
                                        "db/migrations/0005_deliveries.sql",
                                        "db/migrations/0006_access.sql",
                                        "db/migrations/0008_organisation.sql"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) run_file(files[i]);
    run_script(
        "INSERT INTO calendar VALUES (0, 'always');"
        "INSERT INTO calendar_row (calendar, no, kind, from_day, to_day) VALUES (0, 1, 'published', '2024-01-01', "
        "'2026-12-31');"
        "INSERT INTO calendar_row (calendar, no, kind, weekdays, spans) VALUES (0, 2, 'hours', '1-7', '00:00-24:00');"
        "INSERT INTO policy (id, code) VALUES (0, 'standard');"
        "INSERT INTO unit (id, code, kind, parent, name_zh, name_en) VALUES (1, 'center', 1, NULL, '中心', 'centre'),"
        "(2, 'd1', 2, 1, '区', 'district'), (3, 'lamps', 7, 2, '路灯所', 'lamps');"
        "INSERT INTO matter (code, level1_zh, level1_en, level2_zh, level2_en, name_zh, name_en, department, start, "
        "urgency) "
        "VALUES (20305, 'a', 'a', 'b', 'b', '路灯', 'lamp', 3, 7, 3);"
        "INSERT INTO source (id, code, channel) VALUES (1, 'hotline-12345', 1), (2, 'police-110', 7);"
        "SELECT ensure_partitions(202611, 2);");
}

static int open_all(void **state) {
    (void)state;
    make_database();
    assert_int_equal(crypto_open(), ERR_NONE);
    char path[300], message[CRYPTO_MESSAGE_BYTES], why[200];
    snprintf(path, sizeof path, "%s/key", fixture_folder());
    assert_int_equal(crypto_keys_create(path), ERR_NONE);
    assert_int_equal(crypto_keys_load(path, &keys, message), ERR_NONE);
    loop = loop_new();
    struct db_options options = {.conninfo = conninfo, .application_name = "intake-test", .backoff_max_ms = 50};
    pool = db_pool_new(loop, &options, 2);
    struct db *side = db_new(loop, &options);
    struct reference_loader *loader = reference_loader_new(side);
    while (!db_is_up(side) || db_pool_up(pool) < 2) loop_turn(loop, 50);
    reference_load(loader, on_reference, NULL);
    while (!reference) loop_turn(loop, 50);
    reference_loader_free(&loader);
    db_free(&side);
    places = places_new(reference, why);
    assert_non_null(places);
    accept_under_test = accept_new(loop, pool, keys, 1000);
    accept_set_careful(accept_under_test, 1);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    db_pool_free(&pool);
    accept_free(&accept_under_test);
    places_free(&places);
    reference_release(&reference);
    crypto_keys_free(&keys);
    loop_free(&loop);
    db_blocking_close(&admin);
    fixture_done();
    return 0;
}

/* ---- what was said -------------------------------------------------------------------------------------------------------------- */

static const struct bearer hotline = {
    .principal = {.user = 1, .role = ROLE_INTEGRATION}, .sources = {1}, .source_count = 1};
static struct arena arena;

static struct said_faults read_json(const char *json, struct said *ret_said) {
    struct said_faults faults;
    struct json_fault fault;
    struct cJSON *tree;
    assert_int_equal(json_parse(json, strlen(json), NULL, &tree, &fault), ERR_NONE);
    said_read(tree, &hotline, reference, places, &arena, ret_said, &faults);
    json_free(&tree);
    return faults;
}

static int fresh_arena(void **state) {
    (void)state;
    arena_init(&arena, 4096, 1 << 20);
    return 0;
}
static int drop_arena(void **state) {
    (void)state;
    arena_done(&arena);
    return 0;
}

/* status, and the pointers of all faults with a blank between */
static void refuses(const char *json, int status, const char *pointers) {
    struct said said;
    struct said_faults faults = read_json(json, &said);
    char seen[512] = "";
    for (int i = 0; i < faults.count; i++)
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%s", i ? " " : "", faults.faults[i].pointer);
    if (faults.status != status || strcmp(seen, pointers) != 0)
        fail_msg("%s\n  gave %d '%s', not %d '%s'", json, faults.status, seen, status, pointers);
    for (int i = 0; i < faults.count; i++) assert_true(faults.faults[i].detail.zh[0] && faults.faults[i].detail.en[0]);
}

#define KEY "\"source\":\"hotline-12345\",\"external_id\":\"1\","

static void a_fault_is_named_by_its_field(void **state) {
    (void)state;
    refuses("[]", 400, "");
    refuses("{}", 400, "/source /external_id");
    refuses("{" KEY "\"title\":\"t\",\"colour\":\"red\"}", 400, "/colour");
    refuses("{\"source\":\"police-110\",\"external_id\":\"1\",\"title\":\"t\"}", 403, "/source");
    refuses("{\"source\":\"nobody\",\"external_id\":\"1\",\"title\":\"t\"}", 403, "/source");
    refuses("{" KEY "\"matter\":\"020305\"}", 400, "/title");
    refuses("{" KEY "\"title\":5}", 400, "/title");
    refuses("{" KEY "\"title\":\"t\",\"matter\":\"2035\"}", 422, "/matter");
    refuses("{" KEY "\"title\":\"t\",\"occurred_at\":\"2026-11-21 09:30\"}", 422, "/occurred_at");
    refuses("{" KEY "\"title\":\"t\",\"occurred_at\":\"2999-01-01T00:00:00+08:00\"}", 422, "/occurred_at");
    refuses("{" KEY "\"title\":\"t\",\"urgency\":\"hot\",\"channel\":\"fax\"}", 422, "/channel /urgency");
    refuses("{" KEY "\"title\":\"t\",\"location\":{\"lon\":181,\"lat\":0}}", 422, "/location/lon");
    refuses("{" KEY "\"title\":\"t\",\"location\":{\"lon\":120}}", 422, "/location/lat");
    refuses("{" KEY "\"title\":\"t\",\"location\":{\"x\":1}}", 400, "/location/x");
    refuses("{" KEY "\"title\":\"t\",\"requester\":{\"phone\":\"1\\n2\"}}", 422, "/requester/phone");
    refuses("{" KEY "\"title\":\"t\",\"attachments\":[{\"url\":\"javascript:alert(1)\"}]}", 422, "/attachments/0/url");
    refuses("{" KEY "\"title\":\"t\",\"attachments\":[{\"sha256\":\"...\"}]}", 400, "/attachments/0/id");
    refuses("{" KEY "\"title\":\"t\",\"attachments\":[{\"url\":\"a\\r\\nb\"}]}", 422, "/attachments/0/url");
    refuses("{" KEY "\"title\":\"t\",\"attachments\":[{\"url\":1}]}", 400, "/attachments/0/url");
    refuses("{" KEY "\"title\":\"t\",\"attachments\":[[\"a\"]]}", 400, "/attachments/0");
    refuses("{" KEY "\"title\":\"t\",\"attachments\":[{\"url\":\"a\",\"size\":1}]}", 400, "/attachments/0/size");
    refuses("{" KEY "\"title\":\"t\",\"attachments\":[{\"url\":\"file:///etc/passwd\"}]}", 422, "/attachments/0/url");
    refuses("{" KEY "\"title\":\"a\\u0007b\"}", 422, "/title");
}

static void what_is_missing_for_routing_is_no_fault(void **state) {
    (void)state;
    struct said said;
    assert_int_equal(read_json("{" KEY "\"title\":\"t\"}", &said).status, 0);
    assert_int_equal(said.channel, CHANNEL_PHONE); /* the source's */
    assert_int_equal(said.matter, 0);
    assert_int_equal(said.place.by, 0);
    assert_int_equal(read_json("{" KEY "\"title\":\"t\",\"matter\":\"999999\"}", &said).status, 0);
    assert_int_equal(said.matter, 0);
    assert_int_equal(said.matter_given.len, 6); /* kept as it was said */
    assert_int_equal(read_json("{" KEY "\"title\":\"t\",\"location\":{\"lon\":1,\"lat\":1}}", &said).status, 0);
    assert_int_equal(said.place.by, PLACE_OUTSIDE);
}

static void equal_content_is_equal_whatever_the_spelling(void **state) {
    (void)state;
    struct said one, two, other;
    read_json("{" KEY "\"title\":\"t\",\"occurred_at\":\"2026-11-21T09:30:00+08:00\",\"matter\":\"020305\"}", &one);
    read_json("{ \"matter\":\"020305\", \"occurred_at\":\"2026-11-21T01:30:00Z\", \"title\":\" t \", " KEY
              "\"urgency\":null}",
              &two);
    read_json("{" KEY "\"title\":\"t\",\"occurred_at\":\"2026-11-21T09:30:01+08:00\",\"matter\":\"020305\"}", &other);
    assert_memory_equal(one.content, two.content, CRYPTO_HASH_BYTES);
    assert_memory_not_equal(one.content, other.content, CRYPTO_HASH_BYTES);
}

static void a_clock_may_be_a_little_ahead(void **state) {
    (void)state;
    struct said said;
    char text[CLOCK_TEXT_BYTES], json[200];
    for (int minutes = 9; minutes < 12; minutes += 2) {
        clock_format(clock_now() + minutes * 60000, text);
        snprintf(json, sizeof json, "{" KEY "\"title\":\"t\",\"occurred_at\":\"%s\"}", text);
        assert_int_equal(read_json(json, &said).status, minutes < 10 ? 0 : 422);
    }
}

/* ---- the header Idempotency-Key ------------------------------------------------------------------------------------------------ */

static void a_key_with_another_body_is_a_conflict(void **state) {
    (void)state;
    struct keys *kept = keys_new();
    struct push_key one = push_key_of(1, "k", "a", 1), other = push_key_of(1, "k", "b", 1);
    struct push_key foreign = push_key_of(2, "k", "b", 1), none = push_key_of(1, NULL, "c", 1);
    assert_false(keys_conflict(kept, &one));
    keys_keep(kept, &one);
    keys_keep(kept, &none);
    assert_false(keys_conflict(kept, &one));
    assert_true(keys_conflict(kept, &other));
    assert_false(keys_conflict(kept, &foreign)); /* somebody else's key of the same name */
    assert_false(keys_conflict(kept, &none));
    keys_free(&kept);
}

/* ---- stored once ------------------------------------------------------------------------------------------------------------------ */

struct got {
    struct accept_answer answer;
    bool done;
};

static void on_answer(void *context, const struct said *said, const struct accept_answer *answer) {
    struct got *got = context;
    (void)said;
    got->answer = *answer;
    got->done = true;
}

static struct said request(const char *external_id, const char *title) {
    char json[256];
    struct said said;
    snprintf(json, sizeof json,
             "{\"source\":\"hotline-12345\",\"external_id\":\"%s\",\"title\":\"%s\",\"requester\":{\"phone\":"
             "\"13812345678\"}}",
             external_id, title);
    assert_int_equal(read_json(json, &said).status, 0);
    return said;
}

static void wait_for(struct got *got, int count) {
    for (int64_t end = clock_monotonic_ms() + 20000; clock_monotonic_ms() < end;) {
        int done = 0;
        for (int i = 0; i < count; i++) done += got[i].done;
        if (done == count) return;
        loop_turn(loop, 20);
    }
    fail_msg("not answered in time");
}

static struct accept_answer push(const struct said *said) {
    struct got got = {.done = false};
    assert_true(accept_add(accept_under_test, said, on_answer, &got));
    wait_for(&got, 1);
    return got.answer;
}

static void push_group(const char *prefix, int count) {
    enum { MANY = 500 };
    static struct said said[MANY];
    static struct got got[MANY];
    char id[24], sql[120];
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof id, "%s-%d", prefix, i);
        said[i] = request(id, "t");
        got[i].done = false;
        assert_true(accept_add(accept_under_test, &said[i], on_answer, &got[i]));
    }
    wait_for(got, count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(got[i].answer.outcome, ACCEPT_NEW);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM request WHERE id = %lld AND external_id = '%s-%d'",
                 (long long)got[i].answer.number, prefix, i);
        assert_int_equal(ask(sql), 1);
    }
}

/* A whole group in the hope that all of it is new: each answer has the number of its own row. A few go one by one. */
static void each_of_many_gets_its_own_number(void **state) {
    (void)state;
    push_group("lone", 1);
    push_group("two", 2);
    push_group("three", 3);
    push_group("four", 4);
    push_group("many", 500);
}

/* Of three that go one by one the last was there: nothing of the first two is stored twice or lost. */
static void a_repeat_behind_two_that_are_new(void **state) {
    (void)state;
    accept_set_careful(accept_under_test, 1); /* here and behind: one careful group, then hope again */
    struct said known = request("few-known", "t"), first = request("few-1", "t"), second = request("few-2", "t");
    const struct said *group[] = {&first, &second, &known};
    struct got got[3] = {{.done = false}};
    assert_int_equal(push(&known).outcome, ACCEPT_NEW);
    for (int i = 0; i < 3; i++) assert_true(accept_add(accept_under_test, group[i], on_answer, &got[i]));
    wait_for(got, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(got[i].answer.outcome, i < 2 ? ACCEPT_NEW : ACCEPT_REPEAT);
    assert_int_equal(ask("SELECT count(*) FROM request_key WHERE external_id LIKE 'few-%'"), 3);
    assert_int_equal(ask("SELECT count(*) FROM request WHERE external_id LIKE 'few-%'"), 3);
    push_group("after", 1); /* carefully; the hope is back behind it */
}

/* The hope is wrong for one of them: the others are stored all the same, and of equal keys the first decides. */
static void one_that_was_there_changes_nothing_for_the_others(void **state) {
    (void)state;
    struct said known = request("known", "t"), first = request("twice", "t"), again = request("twice", "t"),
                other = request("twice", "u");
    const struct said *group[] = {&first, &known, &again, &other};
    static const enum accept_outcome expected[] = {ACCEPT_NEW, ACCEPT_REPEAT, ACCEPT_REPEAT, ACCEPT_CONFLICT};
    struct got got[4] = {{.done = false}};
    assert_int_equal(push(&known).outcome, ACCEPT_NEW);
    for (int i = 0; i < 4; i++) assert_true(accept_add(accept_under_test, group[i], on_answer, &got[i]));
    wait_for(got, 4);
    for (int i = 0; i < 4; i++) assert_int_equal(got[i].answer.outcome, expected[i]);
    assert_int_equal(got[2].answer.number, got[0].answer.number);
}

static void the_same_again_is_the_same_number_and_other_content_a_conflict(void **state) {
    (void)state;
    struct said first = request("a", "t"), other = request("a", "u");
    struct accept_answer created = push(&first), repeated = push(&first), conflict = push(&other);
    assert_int_equal(created.outcome, ACCEPT_NEW);
    assert_int_equal(repeated.outcome, ACCEPT_REPEAT);
    assert_int_equal(repeated.number, created.number);
    assert_int_equal(repeated.received_at, created.received_at);
    assert_int_equal(conflict.outcome, ACCEPT_CONFLICT);
    assert_int_equal(conflict.number, created.number);
    assert_int_equal(ask("SELECT count(*) FROM request WHERE external_id = 'a'"), 1);
    assert_int_equal(created.number / 1000000000, clock_date(clock_now()));
}

static void the_same_key_many_times_at_once_is_stored_once(void **state) {
    (void)state;
    enum { MANY = 60 };
    static struct said said[MANY];
    static struct got got[MANY];
    memset(got, 0, sizeof got);
    for (int i = 0; i < MANY; i++) {
        said[i] = request("b", i % 3 ? "t" : "u"); /* the first to come decides what is a repeat */
        assert_true(accept_add(accept_under_test, &said[i], on_answer, &got[i]));
    }
    wait_for(got, MANY);
    int created = 0, repeats = 0, conflicts = 0;
    for (int i = 0; i < MANY; i++) {
        created += got[i].answer.outcome == ACCEPT_NEW;
        repeats += got[i].answer.outcome == ACCEPT_REPEAT;
        conflicts += got[i].answer.outcome == ACCEPT_CONFLICT;
        assert_int_equal(got[i].answer.number, got[0].answer.number);
    }
    assert_int_equal(created, 1);
    assert_int_equal(repeats, 19);
    assert_int_equal(conflicts, 40);
    assert_int_equal(ask("SELECT count(*) FROM request WHERE external_id = 'b'"), 1);
}

static void personal_data_lie_sealed(void **state) {
    (void)state;
    struct said said = request("c", "t");
    push(&said);
    assert_int_equal(ask("SELECT count(*) FROM request WHERE external_id = 'c' AND phone_sealed IS NOT NULL AND "
                         "position('13812345678'::bytea in phone_sealed) = 0 AND octet_length(phone_index) = 16"),
                     1);
}

/* Backends are ended while groups are under way: whatever was answered, asking again settles it, and nothing is there twice. */
static void a_connection_lost_in_the_commit_is_settled_by_asking_again(void **state) {
    (void)state;
    enum { MANY = 40 };
    static struct said said[MANY];
    int unknown = 0;
    for (int round = 0; round < 10; round++) {
        static struct got got[MANY];
        memset(got, 0, sizeof got);
        for (int i = 0; i < MANY; i++) {
            char id[32];
            snprintf(id, sizeof id, "k-%d-%d", round, i);
            said[i] = request(id, "t");
            while (!accept_add(accept_under_test, &said[i], on_answer, &got[i])) loop_turn(loop, 10);
        }
        loop_turn(loop, 0); /* sent */
        run_script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'intake-test'");
        wait_for(got, MANY);
        for (int i = 0; i < MANY; i++) {
            int64_t number = got[i].answer.outcome == ACCEPT_NEW ? got[i].answer.number : 0;
            unknown += got[i].answer.outcome == ACCEPT_UNKNOWN;
            struct accept_answer again = {.outcome = ACCEPT_UNKNOWN};
            while (again.outcome != ACCEPT_NEW && again.outcome != ACCEPT_REPEAT) {
                loop_turn(loop, 10);
                again = push(&said[i]);
                assert_int_not_equal(again.outcome, ACCEPT_CONFLICT);
            }
            if (number) assert_int_equal(again.number, number);
        }
    }
    print_message("# %d outcomes were unknown\n", unknown);
    assert_int_equal(ask("SELECT count(*) FROM request WHERE external_id LIKE 'k-%'"), 10 * MANY);
    assert_int_equal(
        ask("SELECT count(*) FROM request_key k LEFT JOIN request r ON r.id = k.request WHERE r.id IS NULL"), 0);
}

static void no_more_wait_than_the_bound(void **state) {
    (void)state;
    static struct said said[1001];
    static struct got got[1001];
    memset(got, 0, sizeof got);
    for (int i = 0; i < 1001; i++) {
        char id[32];
        snprintf(id, sizeof id, "w-%d", i);
        said[i] = request(id, "t");
    }
    for (int i = 0; i < 1000; i++) assert_true(accept_add(accept_under_test, &said[i], on_answer, &got[i]));
    assert_false(accept_add(accept_under_test, &said[1000], on_answer, &got[1000]));
    wait_for(got, 1000);
    assert_int_equal(accept_waiting(accept_under_test), 0);
}

int main(void) {
#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, fresh_arena, drop_arena)
    const struct CMUnitTest tests[] = {
        WITH_ARENA(a_fault_is_named_by_its_field),
        WITH_ARENA(what_is_missing_for_routing_is_no_fault),
        WITH_ARENA(equal_content_is_equal_whatever_the_spelling),
        WITH_ARENA(a_key_with_another_body_is_a_conflict),
        WITH_ARENA(a_clock_may_be_a_little_ahead),
        WITH_ARENA(each_of_many_gets_its_own_number),
        WITH_ARENA(a_repeat_behind_two_that_are_new),
        WITH_ARENA(one_that_was_there_changes_nothing_for_the_others),
        WITH_ARENA(the_same_again_is_the_same_number_and_other_content_a_conflict),
        WITH_ARENA(the_same_key_many_times_at_once_is_stored_once),
        WITH_ARENA(personal_data_lie_sealed),
        WITH_ARENA(a_connection_lost_in_the_commit_is_settled_by_asking_again),
        WITH_ARENA(no_more_wait_than_the_bound),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
