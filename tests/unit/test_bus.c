/* The bus with both sides in one process: delivery, backpressure, restarts, hostile messages, keys. */
#include "common/bus.h"
#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

struct side { /* what one socket has heard */
    struct bus_socket *socket;
    int count, answer_failures;
    enum err last_err;
    bool must_answer, must_free;
    struct bus_peer peer;
    char who[BUS_WHO_BYTES];
    char last[64];
};

struct world {
    struct loop *loop;
    struct bus *near, *far; /* two contexts, as in two processes */
    struct side router, dealer, other;
    char folder[64], address[100];
};

static int begin(void **state) {
    struct world *world = calloc(1, sizeof *world);
    strcpy(world->folder, "/tmp/paidan-bus-XXXXXX");
    if (!mkdtemp(world->folder)) return -1; /* 0700 */
    snprintf(world->address, sizeof world->address, "ipc://%s/router", world->folder);
    world->loop = loop_new();
    world->near = bus_new(world->loop);
    world->far = bus_new(world->loop);
    *state = world;
    return 0;
}

static int end(void **state) {
    struct world *world = *state;
    char path[100];
    bus_free(&world->far);
    bus_free(&world->near);
    loop_free(&world->loop);
    snprintf(path, sizeof path, "%s/router", world->folder);
    unlink(path);
    rmdir(world->folder);
    free(world);
    return 0;
}

static void hear(void *context, const struct bus_message *message) {
    struct side *side = context;
    side->count++;
    if (message->peer) side->peer = *message->peer;
    snprintf(side->who, sizeof side->who, "%s", message->who);
    snprintf(side->last, sizeof side->last, "%.*s", (int)message->len, (const char *)message->bytes);
    if (side->must_answer) side->last_err = bus_send_to(side->socket, message->peer, message->bytes, message->len);
    if (side->last_err) side->answer_failures++;
    if (side->must_free) bus_socket_free(&side->socket);
}

/* Turns until the counter reaches the number, at most three seconds. */
static void turn_until(struct world *world, const int *counter, int number) {
    int64_t deadline = clock_monotonic_ms() + 3000;
    while (*counter < number && clock_monotonic_ms() < deadline) loop_turn(world->loop, 50);
    assert_int_equal(*counter, number);
}

static void turn_for(struct world *world, int64_t ms) {
    for (int64_t deadline = clock_monotonic_ms() + ms; clock_monotonic_ms() < deadline;) loop_turn(world->loop, 5);
}

static void bind_router(struct world *world, const struct bus_options *options) {
    assert_int_equal(bus_bind_router(world->near, world->address, options, hear, &world->router, &world->router.socket),
                     ERR_NONE);
}

static void connect_dealer(struct world *world, struct side *side, const struct bus_options *options) {
    assert_int_equal(bus_connect_dealer(world->far, world->address, options, hear, side, &side->socket), ERR_NONE);
}

/* The first message goes as soon as the connection stands. */
static void send_when_connected(struct world *world, struct side *side, const char *text) {
    int64_t deadline = clock_monotonic_ms() + 3000;
    enum err err;
    while ((err = bus_send(side->socket, text, strlen(text))) == ERR_FULL && clock_monotonic_ms() < deadline)
        loop_turn(world->loop, 5);
    assert_int_equal(err, ERR_NONE);
}

static void a_question_is_answered(void **state) {
    struct world *world = *state;
    world->router.must_answer = true;
    bind_router(world, NULL);
    connect_dealer(world, &world->dealer, NULL);
    send_when_connected(world, &world->dealer, "hello");
    turn_until(world, &world->dealer.count, 1);
    assert_string_equal(world->dealer.last, "hello");
    assert_true(world->router.peer.len > 0);
    assert_string_equal(world->router.who, "");
}

static void many_messages_arrive_all_and_in_bounded_turns(void **state) {
    struct world *world = *state;
    world->router.must_answer = true;
    bind_router(world, NULL);
    connect_dealer(world, &world->dealer, NULL);
    send_when_connected(world, &world->dealer, "first");
    int sent = 1;
    for (int64_t deadline = clock_monotonic_ms() + 20000;
         world->dealer.count < 20000 && clock_monotonic_ms() < deadline;) {
        while (sent < 20000 && sent - world->dealer.count < 500 && !bus_send(world->dealer.socket, "x", 1)) sent++;
        int before = world->router.count;
        loop_turn(world->loop, 100);
        assert_true(world->router.count - before <= 256);
    }
    assert_int_equal(world->dealer.count, 20000);
    assert_int_equal(world->router.answer_failures, 0);
}

static void without_the_other_side_sending_says_full(void **state) {
    struct world *world = *state;
    connect_dealer(world, &world->dealer, NULL);
    turn_for(world, 50);
    assert_int_equal(bus_send(world->dealer.socket, "x", 1), ERR_FULL);
    bind_router(world, NULL);
    int64_t start = clock_monotonic_ms();
    send_when_connected(world, &world->dealer, "x");
    assert_in_range(clock_monotonic_ms() - start, 0, 500);
    turn_until(world, &world->router.count, 1);
}

static void it_reconnects_when_the_other_side_comes_back(void **state) {
    struct world *world = *state;
    bind_router(world, NULL);
    connect_dealer(world, &world->dealer, NULL);
    send_when_connected(world, &world->dealer, "one");
    turn_until(world, &world->router.count, 1);
    bus_socket_free(&world->router.socket);
    bus_free(&world->near);
    world->near = bus_new(world->loop);
    turn_for(world, 100);
    assert_int_equal(bus_send(world->dealer.socket, "lost", 4), ERR_FULL);
    struct bus_peer old = world->router.peer;
    bind_router(world, NULL);
    send_when_connected(world, &world->dealer, "two");
    turn_until(world, &world->router.count, 2);
    assert_string_equal(world->router.last, "two");
    assert_int_equal(bus_send_to(world->router.socket, &world->router.peer, "ok", 2), ERR_NONE);
    assert_int_equal(bus_send_to(world->router.socket, &old, "ok", 2),
                     bus_peer_equal(&old, &world->router.peer) ? ERR_NONE : ERR_NOT_FOUND);
}

static void a_peer_that_has_gone_is_not_found(void **state) {
    struct world *world = *state;
    bind_router(world, NULL);
    connect_dealer(world, &world->dealer, NULL);
    send_when_connected(world, &world->dealer, "one");
    turn_until(world, &world->router.count, 1);
    bus_socket_free(&world->dealer.socket);
    turn_for(world, 100);
    assert_int_equal(bus_send_to(world->router.socket, &world->router.peer, "late", 4), ERR_NOT_FOUND);
}

static void a_peer_that_does_not_read_hinders_nobody_else(void **state) {
    struct world *world = *state;
    struct bus_options few = bus_defaults();
    few.send_max = few.receive_max = 10;
    bind_router(world, &few);
    connect_dealer(world, &world->dealer, &few);
    send_when_connected(world, &world->dealer, "slow");
    turn_until(world, &world->router.count, 1);
    struct bus_peer slow = world->router.peer;
    bus_pause(world->dealer.socket, true);
    connect_dealer(world, &world->other, &few);
    send_when_connected(world, &world->other, "quick");
    turn_until(world, &world->router.count, 2);
    char big[5000] = {0};
    enum err err = ERR_NONE;
    for (int i = 0; i < 100000 && !err; i++) err = bus_send_to(world->router.socket, &slow, big, sizeof big);
    assert_int_equal(err, ERR_FULL);
    assert_int_equal(bus_send_to(world->router.socket, &world->router.peer, "hi", 2), ERR_NONE);
    turn_until(world, &world->other.count, 1);
    assert_int_equal(world->dealer.count, 0);
}

static void a_paused_receiver_makes_senders_full_and_loses_nothing(void **state) {
    struct world *world = *state;
    struct bus_options few = bus_defaults();
    few.send_max = few.receive_max = 10;
    bind_router(world, &few);
    connect_dealer(world, &world->dealer, &few);
    send_when_connected(world, &world->dealer, "one");
    turn_until(world, &world->router.count, 1);
    bus_pause(world->router.socket, true);
    char big[5000] = {0};
    int sent = 1;
    for (int idle = 0; idle < 20;) {
        if (bus_send(world->dealer.socket, big, sizeof big))
            idle++, loop_turn(world->loop, 5);
        else
            sent++, idle = 0;
    }
    assert_int_equal(world->router.count, 1);
    bus_pause(world->router.socket, false);
    turn_until(world, &world->router.count, sent);
}

static void published_messages_reach_every_subscriber(void **state) {
    struct world *world = *state;
    struct bus_socket *pub;
    assert_int_equal(bus_bind_pub(world->near, world->address, NULL, &pub), ERR_NONE);
    assert_int_equal(bus_connect_sub(world->far, world->address, NULL, hear, &world->dealer, &world->dealer.socket),
                     ERR_NONE);
    assert_int_equal(bus_connect_sub(world->far, world->address, NULL, hear, &world->other, &world->other.socket),
                     ERR_NONE);
    turn_for(world, 200);
    for (int i = 0; i < 300; i++) assert_int_equal(bus_send(pub, "tick", 4), ERR_NONE);
    turn_until(world, &world->dealer.count, 300);
    turn_until(world, &world->other.count, 300);
}

static void addresses_are_checked_and_explained(void **state) {
    struct world *world = *state;
    struct bus_socket *socket = NULL;
    char longest[200] = "ipc:///tmp/";
    while (strlen(longest) < 6 + 108) strcat(longest, "x");
    assert_int_equal(bus_bind_router(world->near, longest, NULL, hear, NULL, &socket), ERR_INVALID);
    assert_non_null(strstr(bus_explain(world->near), "108 bytes; the system allows a socket 107"));
    assert_int_equal(bus_connect_dealer(world->near, "ipc://relative", NULL, hear, NULL, &socket), ERR_INVALID);
    assert_int_equal(bus_connect_dealer(world->near, "http://x", NULL, hear, NULL, &socket), ERR_INVALID);
    assert_int_equal(bus_bind_router(world->near, "ipc:///nowhere/at/all", NULL, hear, NULL, &socket), ERR_NOT_FOUND);
    chmod(world->folder, 0750);
    assert_int_equal(bus_bind_router(world->near, world->address, NULL, hear, NULL, &socket), ERR_REFUSED);
    assert_non_null(strstr(bus_explain(world->near), "chmod 700"));
    chmod(world->folder, 0700);
    assert_null(socket);
}

/* The loser of a lease closes later than the winner binds: the winner's path must stay. */
static void a_path_taken_over_is_not_removed_by_the_old_owner(void **state) {
    struct world *world = *state;
    struct side old = {0};
    assert_int_equal(bus_bind_router(world->far, world->address, NULL, hear, &old, &old.socket), ERR_NONE);
    bind_router(world, NULL);
    bus_socket_free(&old.socket);
    turn_for(world, 100);
    assert_int_equal(access(world->address + 6, F_OK), 0);
    connect_dealer(world, &world->dealer, NULL);
    send_when_connected(world, &world->dealer, "x");
    turn_until(world, &world->router.count, 1);
    assert_int_equal(old.count, 0);
}

/* The first owner of the addresses is stopped, not dead: it keeps its connections and says nothing. */
static void silence_leads_to_whoever_has_the_address_now(void **state) {
    struct world *world = *state;
    char news[120];
    struct bus_socket *old_pub, *new_pub, *new_router;
    struct bus_options options = bus_defaults();
    options.silent_ms = 200;
    snprintf(news, sizeof news, "%s-news", world->address);
    bind_router(world, NULL);
    assert_int_equal(bus_bind_pub(world->near, news, NULL, &old_pub), ERR_NONE);
    connect_dealer(world, &world->dealer, NULL);
    assert_int_equal(bus_connect_sub(world->far, news, &options, hear, &world->other, &world->other.socket), ERR_NONE);
    for (int64_t until = clock_monotonic_ms() + 3000; !world->other.count && clock_monotonic_ms() < until;) {
        assert_int_equal(bus_send(old_pub, "beat", 4), ERR_NONE);
        loop_turn(world->loop, 5);
    }
    assert_int_equal(world->router.count, 0);
    struct side successor = {0};
    assert_int_equal(bus_bind_router(world->near, world->address, NULL, hear, &successor, &new_router), ERR_NONE);
    assert_int_equal(bus_bind_pub(world->near, news, NULL, &new_pub), ERR_NONE);
    world->other.count = 0;
    for (int64_t until = clock_monotonic_ms() + 5000;
         (!world->other.count || !successor.count) && clock_monotonic_ms() < until;) {
        assert_int_equal(bus_send(new_pub, "beat", 4), ERR_NONE);
        (void)!bus_send(world->dealer.socket, "to whom", 7);
        loop_turn(world->loop, 5);
    }
    assert_true(world->other.count > 0 && successor.count > 0);
    unlink(news + strlen("ipc://"));
}

/* A door on which nobody answers is no silence: connecting anew would lose the news that are on their way. */
static void a_door_without_answers_costs_no_news(void **state) {
    struct world *world = *state;
    char news[120];
    struct bus_socket *pub;
    struct bus_options options = bus_defaults();
    options.silent_ms = 40;
    snprintf(news, sizeof news, "%s-news", world->address);
    bind_router(world, NULL);
    assert_int_equal(bus_bind_pub(world->near, news, NULL, &pub), ERR_NONE);
    connect_dealer(world, &world->dealer, &options);
    assert_int_equal(bus_connect_sub(world->far, news, &options, hear, &world->other, &world->other.socket), ERR_NONE);
    for (int64_t until = clock_monotonic_ms() + 3000; !world->other.count && clock_monotonic_ms() < until;) {
        assert_int_equal(bus_send(pub, "beat", 4), ERR_NONE);
        loop_turn(world->loop, 5);
    }
    turn_for(world, 20);
    int sent = world->other.count = 0;
    for (int64_t until = clock_monotonic_ms() + 500; clock_monotonic_ms() < until; sent++) {
        assert_int_equal(bus_send(pub, "news", 4), ERR_NONE);
        loop_turn(world->loop, 1);
    }
    turn_until(world, &world->other.count, sent);
    assert_int_equal(world->other.count, sent);
    unlink(news + strlen("ipc://"));
}

static void a_handler_may_free_its_socket(void **state) {
    struct world *world = *state;
    world->router.must_free = true;
    bind_router(world, NULL);
    connect_dealer(world, &world->dealer, NULL);
    send_when_connected(world, &world->dealer, "one");
    (void)!bus_send(world->dealer.socket, "two", 3);
    turn_until(world, &world->router.count, 1);
    turn_for(world, 50);
    assert_null(world->router.socket);
    assert_int_equal(world->router.count, 1);
}

/* ---- hostile peers speak libzmq directly */

static void *hostile_dealer(struct world *world, void **ret_context) {
    *ret_context = zmq_ctx_new();
    void *socket = zmq_socket(*ret_context, ZMQ_DEALER);
    int linger = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_connect(socket, world->address), 0);
    return socket;
}

static void oversized_and_multipart_messages_harm_nobody(void **state) {
    struct world *world = *state;
    struct bus_options small = bus_defaults();
    small.message_bytes_max = 1000;
    bind_router(world, &small);
    connect_dealer(world, &world->dealer, NULL);
    send_when_connected(world, &world->dealer, "one");
    turn_until(world, &world->router.count, 1);
    void *context, *hostile = hostile_dealer(world, &context);
    char big[2000] = {0};
    zmq_send(hostile, "a", 1, ZMQ_SNDMORE);
    zmq_send(hostile, "b", 1, ZMQ_SNDMORE);
    zmq_send(hostile, "c", 1, 0);
    turn_for(world, 100);
    assert_int_equal(world->router.count, 1);
    zmq_send(hostile, big, sizeof big, 0);
    turn_for(world, 100);
    assert_int_equal(world->router.count, 1);
    send_when_connected(world, &world->dealer, "two");
    turn_until(world, &world->router.count, 2);
    zmq_send(hostile, "", 0, 0); /* an empty frame is a message; what is in it is proto's business */
    turn_until(world, &world->router.count, 3);
    assert_int_equal(bus_send_to(world->router.socket, &world->router.peer, big, sizeof big), ERR_TOO_LARGE);
    zmq_close(hostile);
    zmq_ctx_term(context);
}

/* ---- CURVE */

static char known_key[BUS_KEY_BYTES];

static bool allow_known(void *context, const char *key, char ret_who[BUS_WHO_BYTES]) {
    (*(int *)context)++;
    if (strcmp(key, known_key)) return false;
    strcpy(ret_who, "intake");
    return true;
}

static void without_key_check_a_curve_server_does_not_start(void **state) {
    struct world *world = *state;
    struct bus_curve keys;
    struct bus_options options = bus_defaults();
    assert_int_equal(bus_curve_keypair(&keys), ERR_NONE);
    options.curve = &keys;
    assert_int_equal(bus_bind_router(world->near, world->address, &options, hear, NULL, &world->router.socket),
                     ERR_REFUSED);
    assert_null(world->router.socket);
}

static void only_known_keys_are_let_in(void **state) {
    struct world *world = *state;
    struct bus_curve server, known, unknown;
    struct bus_options options = bus_defaults();
    int asked = 0;
    assert_int_equal(bus_curve_keypair(&server), ERR_NONE);
    assert_int_equal(bus_curve_keypair(&known), ERR_NONE);
    assert_int_equal(bus_curve_keypair(&unknown), ERR_NONE);
    strcpy(known.server_key, server.public_key);
    strcpy(unknown.server_key, server.public_key);
    strcpy(known_key, known.public_key);
    assert_int_equal(bus_curve_server(world->near, allow_known, &asked), ERR_NONE);
    options.curve = &server;
    bind_router(world, &options);

    options.curve = &known;
    connect_dealer(world, &world->dealer, &options);
    send_when_connected(world, &world->dealer, "let me in");
    turn_until(world, &world->router.count, 1);
    assert_string_equal(world->router.who, "intake");
    assert_int_equal(bus_send_to(world->router.socket, &world->router.peer, "welcome", 7), ERR_NONE);
    turn_until(world, &world->dealer.count, 1);
    assert_int_equal(asked, 1);

    options.curve = &unknown;
    connect_dealer(world, &world->other, &options);
    for (int i = 0; i < 50; i++) (void)!bus_send(world->other.socket, "me too", 6), turn_for(world, 5);
    assert_int_equal(world->router.count, 1);
    assert_true(asked > 1);

    void *context, *plain = hostile_dealer(world, &context); /* no CURVE at all */
    zmq_send(plain, "me", 2, 0);
    turn_for(world, 200);
    assert_int_equal(world->router.count, 1);
    zmq_close(plain);
    zmq_ctx_term(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_question_is_answered, begin, end),
        cmocka_unit_test_setup_teardown(many_messages_arrive_all_and_in_bounded_turns, begin, end),
        cmocka_unit_test_setup_teardown(without_the_other_side_sending_says_full, begin, end),
        cmocka_unit_test_setup_teardown(it_reconnects_when_the_other_side_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(a_peer_that_has_gone_is_not_found, begin, end),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_hinders_nobody_else, begin, end),
        cmocka_unit_test_setup_teardown(a_paused_receiver_makes_senders_full_and_loses_nothing, begin, end),
        cmocka_unit_test_setup_teardown(published_messages_reach_every_subscriber, begin, end),
        cmocka_unit_test_setup_teardown(addresses_are_checked_and_explained, begin, end),
        cmocka_unit_test_setup_teardown(a_path_taken_over_is_not_removed_by_the_old_owner, begin, end),
        cmocka_unit_test_setup_teardown(silence_leads_to_whoever_has_the_address_now, begin, end),
        cmocka_unit_test_setup_teardown(a_door_without_answers_costs_no_news, begin, end),
        cmocka_unit_test_setup_teardown(a_handler_may_free_its_socket, begin, end),
        cmocka_unit_test_setup_teardown(oversized_and_multipart_messages_harm_nobody, begin, end),
        cmocka_unit_test_setup_teardown(without_key_check_a_curve_server_does_not_start, begin, end),
        cmocka_unit_test_setup_teardown(only_known_keys_are_let_in, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
