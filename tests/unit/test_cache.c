/* common/cache.h against a real server: commands, scripts, and every way to lose the server. */
#include "common/cache.h"
#include "common/clock.h"
#include "common/loop.h"
#include "tests/fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20 * 1000 };

static struct loop *loop;
static struct cache *cache;
static struct cache_command *command;
static int ups, downs;
static enum err last_err;

static void on_state(void *context, struct cache *which, enum err err, const char *message) {
    if (err == ERR_NONE)
        ups++;
    else
        downs++;
    last_err = err;
}

struct outcome {
    bool ended;
    int order;
    enum err err;
    enum cache_kind kind;
    int64_t number;
    size_t count, length;
    char text[128];
};
static int ended_count;

static void keep(void *context, enum err err, const struct cache_reply *reply) {
    struct outcome *outcome = context;
    assert_false(outcome->ended);
    outcome->ended = true;
    outcome->order = ended_count++;
    outcome->err = err;
    if (reply == NULL) return;
    outcome->kind = cache_reply_kind(reply);
    outcome->number = cache_reply_int(reply);
    outcome->count = cache_reply_count(reply);
    const char *text = cache_reply_text(reply, &outcome->length);
    if (outcome->count > 0) text = cache_reply_text(cache_reply_item(reply, 0), &outcome->length);
    if (text != NULL) memcpy(outcome->text, text, outcome->length < 128 ? outcome->length : 128);
}

static void wait_until(const bool *flag) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (!*flag && clock_monotonic_ms() < until) loop_turn(loop, 100);
    assert_true(*flag);
}

static void wait_up(void) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (!cache_is_up(cache) && clock_monotonic_ms() < until) loop_turn(loop, 20);
    assert_true(cache_is_up(cache));
}

static struct outcome send(int64_t timeout_ms) {
    struct outcome outcome = {0};
    cache_send(cache, command, timeout_ms, keep, &outcome);
    assert_false(outcome.ended);
    wait_until(&outcome.ended);
    return outcome;
}

static struct outcome say(const char *words) {
    cache_command_begin(command, words);
    return send(5000);
}

static int setup(void **unused) {
    loop = loop_new();
    command = cache_command_new();
    ups = downs = 0;
    cache = cache_new(loop, &(struct cache_options){.socket_path = fixture_redis(), .on_state = on_state});
    wait_up();
    say("FLUSHALL");
    return 0;
}

static int teardown(void **unused) {
    cache_free(&cache);
    assert_null(cache);
    cache_command_free(&command);
    loop_free(&loop);
    return 0;
}

static void words_and_replies_are_bytes(void **unused) {
    static const char BYTES[] = "a\0b\r\n\xff";
    cache_command_begin(command, "SET");
    cache_command_bytes(command, "k\0", 2);
    cache_command_bytes(command, BYTES, sizeof BYTES);
    struct outcome outcome = send(5000);
    assert_int_equal(outcome.err, ERR_NONE);
    assert_string_equal(outcome.text, "OK");
    cache_command_begin(command, "GET");
    cache_command_bytes(command, "k\0", 2);
    outcome = send(5000);
    assert_int_equal(outcome.length, sizeof BYTES);
    assert_memory_equal(outcome.text, BYTES, sizeof BYTES);
    cache_command_begin(command, "SET empty");
    cache_command_text(command, "");
    assert_int_equal(send(5000).err, ERR_NONE);
    outcome = say("GET empty");
    assert_int_equal(outcome.kind, CACHE_TEXT);
    assert_int_equal(outcome.length, 0);
}

static void each_kind_of_reply(void **unused) {
    assert_int_equal(say("GET nothing").kind, CACHE_NIL);
    cache_command_begin(command, "INCRBY n");
    cache_command_int(command, -7);
    struct outcome outcome = send(5000);
    assert_int_equal(outcome.kind, CACHE_INT);
    assert_int_equal(outcome.number, -7);
    assert_int_equal(say("GET n").number, -7);
    say("RPUSH l first second");
    outcome = say("LRANGE l 0 -1");
    assert_int_equal(outcome.kind, CACHE_LIST);
    assert_int_equal(outcome.count, 2);
    assert_string_equal(outcome.text, "first");
    outcome = say("LPUSH n x");
    assert_int_equal(outcome.err, ERR_REFUSED);
    assert_int_equal(outcome.kind, CACHE_ERROR);
    assert_memory_equal(outcome.text, "WRONGTYPE", 9);
    assert_int_equal(say("NOSUCHCOMMAND").err, ERR_REFUSED);
}

static void ten_thousand_commands_in_one_turn_keep_their_order(void **unused) {
    enum { COUNT = 10000 };
    static struct outcome outcomes[COUNT];
    memset(outcomes, 0, sizeof outcomes);
    ended_count = 0;
    for (int i = 0; i < COUNT; i++) {
        cache_command_begin(command, "INCR n");
        cache_send(cache, command, 10000, i % 10 == 9 ? NULL : keep, &outcomes[i]);
    }
    for (int i = 0, order = 0; i < COUNT; i++) {
        if (i % 10 == 9) continue;
        wait_until(&outcomes[i].ended);
        assert_int_equal(outcomes[i].number, i + 1);
        assert_int_equal(outcomes[i].order, order++);
    }
}

/* ---- scripts ------------------------------------------------------------------------------------------------------- */

static const struct cache_script ADD = {"add", "return redis.call('INCRBY', KEYS[1], ARGV[1]) + #ARGV[2]"};
static const struct cache_script BAD = {"bad", "return redis.call('INCRBY', KEYS[1], 'x')"};

static struct outcome run(const struct cache_script *script, const char *bytes, size_t length) {
    struct outcome outcome = {0};
    cache_command_begin(command, "n");
    cache_command_int(command, 10);
    cache_command_bytes(command, bytes, length);
    cache_run(cache, script, 1, command, 5000, keep, &outcome);
    wait_until(&outcome.ended);
    return outcome;
}

static void a_script_runs_by_its_hash_and_comes_back_after_a_flush(void **unused) {
    assert_int_equal(run(&ADD, "a\0b", 3).number, 13);
    assert_int_equal(run(&ADD, "", 0).number, 20);
    say("CONFIG RESETSTAT");
    assert_int_equal(run(&ADD, "", 0).number, 30);
    cache_command_begin(command, "INFO commandstats");
    struct outcome outcome = send(5000);
    assert_int_equal(outcome.err, ERR_NONE);
    say("SCRIPT FLUSH");
    assert_int_equal(run(&ADD, "", 0).number, 40);
    say("FLUSHALL");
    assert_int_equal(run(&ADD, "", 0).number, 10);
    assert_int_equal(run(&BAD, "", 0).err, ERR_REFUSED);
    cache_command_begin(command, "SCRIPT EXISTS 0000000000000000000000000000000000000000");
    assert_int_equal(send(5000).err, ERR_NONE);
}

static void the_hash_is_what_is_sent(void **unused) {
    run(&ADD, "", 0);
    run(&ADD, "", 0);
    say("CONFIG RESETSTAT");
    for (int i = 0; i < 5; i++) run(&ADD, "", 0);
    static const struct cache_script COUNT = {"count", "local s = redis.call('INFO', 'commandstats') return "
                                                       "tonumber(s:match('cmdstat_evalsha:calls=(%d+)') or 0)"};
    assert_int_equal(run(&COUNT, "", 0).number, 5);
}

static void runs_keep_their_order_over_a_restart(void **unused) {
    run(&ADD, "", 0);
    fixture_redis_stop();
    fixture_redis_start();
    for (int i = 0; i < 100 && downs == 0; i++) loop_turn(loop, 20);
    wait_up();
    struct outcome outcomes[20] = {0};
    for (int i = 0; i < 20; i++) {
        cache_command_begin(command, "n");
        cache_command_int(command, 1);
        cache_command_text(command, "");
        cache_run(cache, &ADD, 1, command, 5000, keep, &outcomes[i]);
    }
    for (int i = 0; i < 20; i++) {
        wait_until(&outcomes[i].ended);
        assert_int_equal(outcomes[i].number, i + 1);
    }
}

/* ---- losing the server ----------------------------------------------------------------------------------------------- */

static void flushall_is_not_an_error(void **unused) {
    say("SET a 1");
    assert_int_equal(say("FLUSHALL").err, ERR_NONE);
    assert_int_equal(say("GET a").kind, CACHE_NIL);
    assert_int_equal(downs, 0);
}

static void a_restarted_server_is_found_again(void **unused) {
    fixture_redis_stop();
    for (int i = 0; i < 100 && downs == 0; i++) loop_turn(loop, 20);
    assert_true(downs > 0);
    assert_false(cache_is_up(cache));
    assert_int_equal(say("GET a").err, ERR_CLOSED);
    for (int i = 0; i < 10; i++) loop_turn(loop, 50);
    fixture_redis_start();
    int64_t start = clock_monotonic_ms();
    wait_up();
    assert_true(clock_monotonic_ms() - start < 2500);
    assert_int_equal(say("SET a 1").err, ERR_NONE);
}

static void a_stopped_server_is_noticed_by_our_own_deadline(void **unused) {
    assert_int_equal(kill(fixture_redis_pid(), SIGSTOP), 0);
    struct outcome slow = {0};
    cache_command_begin(command, "GET a");
    cache_send(cache, command, 5000, keep, &slow);
    int64_t start = clock_monotonic_ms();
    cache_command_begin(command, "SET a 1");
    struct outcome outcome = send(200);
    assert_in_range(clock_monotonic_ms() - start, 180, 1500);
    assert_int_equal(outcome.err, ERR_TIMEOUT);
    wait_until(&slow.ended);
    assert_int_equal(slow.err, ERR_TIMEOUT);
    for (int i = 0; i < 10; i++) loop_turn(loop, 20);
    assert_false(cache_is_up(cache)); /* it accepts connections, but does not answer */
    assert_int_equal(last_err, ERR_TIMEOUT);
    assert_int_equal(say("GET a").err, ERR_CLOSED);
    kill(fixture_redis_pid(), SIGCONT);
    wait_up();
    assert_int_equal(say("SET a 1").err, ERR_NONE);
}

static void a_killed_connection_comes_back(void **unused) {
    say("CLIENT KILL TYPE normal SKIPME no");
    wait_up();
    for (int i = 0; i < 200 && ups < 2; i++) loop_turn(loop, 20);
    assert_int_equal(ups, 2);
    assert_int_equal(say("SET a 1").err, ERR_NONE);
}

static void no_server_at_all(void **unused) {
    struct cache *other =
        cache_new(loop, &(struct cache_options){.socket_path = "/nonexistent/redis.sock", .on_state = on_state});
    for (int i = 0; i < 10; i++) loop_turn(loop, 20);
    assert_true(downs >= 1);
    assert_false(cache_is_up(other));
    cache_free(&other);
}

static void freed_with_work_under_way(void **unused) {
    struct outcome outcome = {0};
    cache_command_begin(command, "GET a");
    cache_send(cache, command, 5000, keep, &outcome);
    cache_free(&cache);
    assert_true(outcome.ended);
    assert_int_equal(outcome.err, ERR_TIMEOUT);
}

static void free_it(void *context, enum err err, const struct cache_reply *reply) {
    cache_free(&cache);
    *(bool *)context = true;
}

static void freed_in_its_own_callback(void **unused) {
    bool freed = false;
    struct outcome outcome = {0};
    cache_command_begin(command, "GET a");
    cache_send(cache, command, 5000, free_it, &freed);
    cache_send(cache, command, 5000, keep, &outcome);
    wait_until(&freed);
    wait_until(&outcome.ended);
    assert_int_equal(outcome.err, ERR_TIMEOUT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(words_and_replies_are_bytes),
        TEST(each_kind_of_reply),
        TEST(ten_thousand_commands_in_one_turn_keep_their_order),
        TEST(a_script_runs_by_its_hash_and_comes_back_after_a_flush),
        TEST(the_hash_is_what_is_sent),
        TEST(runs_keep_their_order_over_a_restart),
        TEST(flushall_is_not_an_error),
        TEST(a_restarted_server_is_found_again),
        TEST(a_stopped_server_is_noticed_by_our_own_deadline),
        TEST(a_killed_connection_comes_back),
        TEST(no_server_at_all),
        TEST(freed_with_work_under_way),
        TEST(freed_in_its_own_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
