/* The live stream, and what is said when Redis or the router are away. */
#define _GNU_SOURCE
#include "tests/unit/console_district.h"

#include <poll.h>

/* ---- the stream ------------------------------------------------------------------------------------------------------------------------- */

struct watching {
    int fd;
    char *raw, *text; /* as it came, and without the chunks' lengths */
    size_t raw_len, text_len, read_to;
    bool ended;
    bool is_snapshot; /* the event read last */
    char id[60];
};

static struct watching watch(const struct person *who, const char *last) {
    struct watching w = {.fd = connect_to("console"), .raw = calloc(1, 8 << 20), .text = calloc(1, 8 << 20)};
    char more[120] = "";
    if (last) snprintf(more, sizeof more, "Last-Event-ID: %s\r\n", last);
    write_head(w.fd, "GET", "/api/v1/stream", who, more, 0);
    return w;
}

static void watch_end(struct watching *w) {
    close(w->fd);
    free(w->raw);
    free(w->text);
}

static void unchunk(struct watching *w) {
    char *at = strstr(w->raw, "\r\n\r\n");
    w->text_len = 0;
    if (!at) return;
    for (at += 4; at < w->raw + w->raw_len;) {
        char *end;
        size_t size = strtoul(at, &end, 16);
        w->ended = end > at && size == 0;
        if (w->ended) break;
        if (end == at || strncmp(end, "\r\n", 2) || end + 2 + size > w->raw + w->raw_len) break;
        memcpy(w->text + w->text_len, end + 2, size);
        w->text_len += size;
        at = end + 2 + size + 2;
    }
    w->text[w->text_len] = 0;
}

/* False: nothing came in this time, or the stream ended. */
static bool take_bytes(struct watching *w, int timeout_ms) {
    struct pollfd waiting = {.fd = w->fd, .events = POLLIN};
    if (w->ended || poll(&waiting, 1, timeout_ms) <= 0) return false;
    ssize_t n = read(w->fd, w->raw + w->raw_len, (8 << 20) - w->raw_len - 1);
    if (n <= 0) return false;
    w->raw_len += (size_t)n;
    w->raw[w->raw_len] = 0;
    unchunk(w);
    return true;
}

/* The next event of this name, or with NULL the next snapshot or delta; others are passed over. NULL: none in time. */
static cJSON *next_event(struct watching *w, const char *name, int timeout_ms) {
    int64_t until = clock_monotonic_ms() + timeout_ms;
    for (;;) {
        char *start = w->text + w->read_to, *end = strstr(start, "\n\n");
        if (!end) {
            int64_t left = until - clock_monotonic_ms();
            if (left <= 0 || !take_bytes(w, (int)left)) return NULL;
            continue;
        }
        *end = 0;
        w->read_to = (size_t)(end + 2 - w->text);
        char wanted[60], *id = strstr(start, "id: "), *data = strstr(start, "data: ");
        w->is_snapshot = strstr(start, "event: snapshot\n");
        snprintf(wanted, sizeof wanted, "event: %s\n", name ? name : w->is_snapshot ? "snapshot" : "delta");
        if (id) snprintf(w->id, sizeof w->id, "%.*s", (int)strcspn(id + 4, "\n"), id + 4);
        bool fits = strstr(start, wanted) && data;
        cJSON *json = fits ? cJSON_Parse(data + 6) : NULL;
        if (json) return json;
    }
}

static const cJSON *row_of(const cJSON *units, const char *unit) {
    const cJSON *row;
    cJSON_ArrayForEach(row, units) if (!strcmp(text_at(row, "unit"), unit)) return row;
    return NULL;
}

static bool names_ticket(const cJSON *delta, const char *number) {
    const cJSON *row;
    cJSON_ArrayForEach(row, at(delta, "tickets")) if (!strcmp(text_at(row, "number"), number)) return true;
    return false;
}

static bool newer(const char *a, const char *b) {
    return strlen(a) != strlen(b) ? strlen(a) > strlen(b) : strcmp(a, b) > 0;
}

static void test_the_stream_tells_what_changes(void **state) {
    struct watching all = watch(&operator_, NULL), own = watch(&water, NULL), other = watch(&municipal, NULL);
    cJSON *snapshot = next_event(&all, "snapshot", 5000);
    assert_non_null(snapshot);
    int depth = int_at(row_of(at(snapshot, "units"), "water"), "depth");
    cJSON *own_snapshot = next_event(&own, "snapshot", 5000), *other_snapshot = next_event(&other, "snapshot", 5000);
    assert_non_null(row_of(at(own_snapshot, "units"), "water"));
    assert_null(row_of(at(own_snapshot, "units"), "municipal"));
    char version[60], before[60], *ticket = NULL;
    bool told = false;
    snprintf(version, sizeof version, "%s", text_at(snapshot, "version"));
    /* everything is told anew, in a snapshot, when reference data was read meanwhile: then with another ticket */
    for (int tries = 0; !told && tries < 5; tries++) {
        free(ticket);
        snprintf(before, sizeof before, "%s", version);
        ticket = push_to("water", "水表损坏");
        do { /* numbers first, tickets with them or right behind */
            cJSON *event = next_event(&all, NULL, 5000);
            assert_non_null(event);
            assert_true(newer(text_at(event, "version"), version));
            assert_string_equal(all.id, text_at(event, "version"));
            snprintf(version, sizeof version, "%s", text_at(event, "version"));
            const cJSON *row = row_of(at(event, "units"), "water");
            if (row) depth = int_at(row, "depth");
            told = !all.is_snapshot && names_ticket(event, ticket);
            cJSON_Delete(event);
        } while (!told && !all.is_snapshot);
    }
    assert_true(told);
    cJSON *queue = get(200, &operator_, "/api/v1/queues/water?limit=200");
    assert_int_equal(int_at(queue, "unit.depth"), depth);
    assert_int_equal(cJSON_GetArraySize(at(queue, "tickets")), depth);
    cJSON_Delete(queue);
    cJSON *delta = next_event(&own, "delta", 5000);
    assert_non_null(delta);
    assert_null(row_of(at(delta, "units"), "center"));
    cJSON_Delete(delta);
    delta = next_event(&other, "delta", 1000); /* what does not concern it is not told */
    while (delta) {
        assert_null(row_of(at(delta, "units"), "water"));
        assert_false(names_ticket(delta, ticket));
        cJSON_Delete(delta);
        delta = next_event(&other, "delta", 100);
    }
    /* coming back with the version before: only what was missed */
    struct watching back = watch(&operator_, before);
    delta = next_event(&back, "delta", 3000);
    assert_non_null(delta);
    assert_null(strstr(back.text, "event: snapshot"));
    cJSON_Delete(delta);
    struct watching lost = watch(&operator_, "999999.000000"); /* no version of this time: everything */
    cJSON *again = next_event(&lost, "snapshot", 3000);
    assert_non_null(again);
    cJSON_Delete(again);
    cJSON_Delete(snapshot);
    cJSON_Delete(own_snapshot);
    cJSON_Delete(other_snapshot);
    for (struct watching **w = (struct watching *[]){&all, &own, &other, &back, &lost, NULL}; *w; w++) watch_end(*w);
    free(ticket);
}

static void test_a_stream_ends_with_the_right_to_it(void **state) {
    struct person person = must_sign_in("street-1");
    struct watching w = watch(&person, NULL);
    cJSON_Delete(next_event(&w, "snapshot", 5000));
    refuse(204, "DELETE", "/api/v1/admin/users/street-1", &security, NULL);
    int64_t began = clock_monotonic_ms();
    while (take_bytes(&w, 6000)) continue;
    assert_true(clock_monotonic_ms() - began < 5000);
    watch_end(&w);
    struct watching stranger = watch(&nobody, NULL);
    while (take_bytes(&stranger, 1000)) continue;
    assert_non_null(strstr(stranger.raw, "401"));
    watch_end(&stranger);
    cJSON_Delete(get(403, &admin, "/api/v1/stream"));
}

/* ---- away --------------------------------------------------------------------------------------------------------------------------------- */

static bool same_as_database(void) {
    cJSON *queues = get(200, &operator_, "/api/v1/queues");
    bool same = true;
    const cJSON *row;
    int64_t sum = 0;
    cJSON_ArrayForEach(row, at(queues, "units")) {
        char text[200];
        if (!int_at(row, "depth")) continue;
        sum += int_at(row, "depth");
        snprintf(text, sizeof text,
                 "SELECT count(*) FROM ticket t JOIN unit u ON u.id = t.owner WHERE t.open AND u.code = '%s'",
                 text_at(row, "unit"));
        same &= sql_int(text) == int_at(row, "depth");
    }
    same &= sum == sql_int("SELECT count(*) FROM ticket WHERE open");
    cJSON_Delete(queues);
    return same;
}

static bool degraded(void) {
    cJSON *queues = get(200, &operator_, "/api/v1/queues");
    bool is = cJSON_IsTrue(at(queues, "degraded"));
    cJSON_Delete(queues);
    return is;
}

/* All rows as text, once a reading of this clock is in. */
static char *rows_text(void) {
    usleep(1200 * 1000);
    cJSON *queues = get(200, &operator_, "/api/v1/queues");
    char *text = cJSON_PrintUnformatted(at(queues, "units"));
    cJSON_Delete(queues);
    return text;
}

/* Yellow, red and what will breach are counted by Redis and by PostgreSQL in their own ways, and must come to the same. */
static char *at_some_moments(void) {
    char *all = calloc(1, 1 << 20);
    int64_t now = clock_now(), yellow = sql_int("SELECT min(yellow) FROM ticket WHERE open AND yellow > 0"),
            due = sql_int("SELECT min(due) FROM ticket WHERE open AND due > 0");
    const int64_t moments[] = {now,         yellow + 60000, due - 100 * 60000LL, due - 45 * 60000LL,
                               due - 60000, due + 60000,    now + 30 * 3600000LL};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        assert_int_equal(clock_set_offset(clock_path, moments[i] - now), ERR_NONE);
        char *text = rows_text();
        strcat(all, text);
        cJSON_free(text);
    }
    assert_int_equal(clock_set_offset(clock_path, 0), ERR_NONE);
    return all;
}

static void test_without_redis_the_numbers_come_from_the_database(void **state) {
    struct watching w = watch(&operator_, NULL);
    cJSON_Delete(next_event(&w, "snapshot", 5000));
    assert_false(degraded());
    assert_true(same_as_database());
    char *by_redis = at_some_moments();
    static const char *const shown[] = {"\"red\":", "\"yellow\":", "\"breach_120\":"};
    for (int i = 0; i < 3; i++) {
        bool any = false;
        for (const char *found = by_redis; (found = strstr(found, shown[i])); found++)
            any |= found[strlen(shown[i])] != '0';
        if (!any) fail_msg("%s is always 0", shown[i]);
    }
    fixture_redis_stop();
    cJSON *event = next_event(&w, "degraded", 10000);
    assert_non_null(event);
    assert_true(cJSON_IsTrue(at(event, "degraded")));
    cJSON_Delete(event);
    assert_true(degraded());
    char *by_database = at_some_moments();
    assert_string_equal(by_redis, by_database);
    free(by_redis);
    free(by_database);
    char *ticket = push_to("water", "断网时的诉求");
    EVENTUALLY(same_as_database());
    cJSON *queue = get(200, &water, "/api/v1/queues/water?limit=200");
    assert_true(cJSON_IsTrue(at(queue, "degraded")));
    bool listed = false;
    const cJSON *row;
    cJSON_ArrayForEach(row, at(queue, "tickets")) listed |= !strcmp(text_at(row, "number"), ticket);
    assert_true(listed);
    cJSON_Delete(queue);
    cJSON *status = get(200, &operator_, "/api/v1/status");
    assert_true(cJSON_IsTrue(at(status, "queues.degraded")));
    cJSON_Delete(status);
    fixture_redis_start();
    event = next_event(&w, "degraded", 20000);
    assert_non_null(event);
    assert_true(cJSON_IsFalse(at(event, "degraded")));
    cJSON_Delete(event);
    EVENTUALLY(!degraded() && same_as_database());
    watch_end(&w);
    free(ticket);
}

static void test_without_the_router_the_outcome_is_unknown(void **state) {
    SHOWS("L37");
    char *ticket = push_to("water", "夜间施工");
    assert_int_equal(stop("router"), 0);
    struct answer away = act_keyed(ticket, "sign", &water, "k-away", "{}");
    assert_int_equal(away.status, 503);
    assert_non_null(strstr(away.text, "Retry-After: "));
    answer_done(&away);
    start("router", &router_service, "");
    wait_ready("router");
    EVENTUALLY(({
        struct answer again = act_keyed(ticket, "sign", &water, "k-away", "{}");
        int status = again.status;
        assert_true(status == 200 || status == 503);
        answer_done(&again);
        status == 200;
    }));
    cJSON *history = get(200, &water, "/api/v1/tickets/%s/history", ticket);
    assert_int_equal(cJSON_GetArraySize(at(history, "events")), 3);
    cJSON_Delete(history);
    EVENTUALLY(!degraded() && same_as_database());
    free(ticket);
}

static void test_people_stay_out_of_the_log(void **state) {
    char command[300];
    snprintf(command, sizeof command, "grep -l -E '19900001234|13812341234|测试人|欧阳某|水管爆裂' %s/*.log", run_dir);
    assert_int_not_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_stream_tells_what_changes),
        cmocka_unit_test(test_a_stream_ends_with_the_right_to_it),
        cmocka_unit_test(test_without_redis_the_numbers_come_from_the_database),
        cmocka_unit_test(test_without_the_router_the_outcome_is_unknown),
        cmocka_unit_test(test_people_stay_out_of_the_log),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
