/* Before a calendar or policy is loaded the preview names exactly the tickets that then move, and the times: preview, load,
 * compare, through router, intake and console as real processes. The clock stands on a Monday morning, on a calendar without
 * holidays of its own. */
#define _GNU_SOURCE
#include "tests/unit/console_district.h"

#include "services/escalation/escalation.h"

enum { MOVES_MAX = 100, DAY_MINUTES = 450 };
#define DAY_MS 86400000LL

/* The week of the demo, with lunch; `more` rows, {Y} standing for the year. */
static char *calendar_text(int year, const char *more) {
    static char text[4000];
    snprintf(text, sizeof text,
             "calendar,row,from,to,weekdays,spans,name_zh,name_en\nstandard,published,%d-01-01,%d-12-31,,,,\n"
             "standard,nominal,,,,07:30,,\nstandard,hours,,,1-5,08:30-12:00 13:00-17:00,,\n%s",
             year, year + 1, more);
    return text;
}

static int64_t monday; /* day number, local */

static const char *date_of(int64_t day) {
    static char texts[4][CLOCK_TEXT_BYTES];
    static unsigned next;
    char *text = texts[next++ % 4];
    clock_format(day * DAY_MS - CLOCK_LOCAL_OFFSET_MS, text);
    text[10] = 0;
    return text;
}

static int year_now(void) {
    return atoi(date_of(monday));
}

/* The Monday after now, 09:00. */
static void set_clock(void) {
    int64_t now = clock_now(), today = (now + CLOCK_LOCAL_OFFSET_MS) / DAY_MS;
    monday = today + 1 + (7 - (today + 1 + 3) % 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t wanted = monday * DAY_MS + 9 * 3600000 - CLOCK_LOCAL_OFFSET_MS;
    assert_int_equal(clock_set_offset(clock_path, wanted - now), ERR_NONE);
}

static cJSON *post_csv(int status, const char *path, const char *text) {
    struct answer answer = ask_bytes("console", "POST", path, &admin, "Content-Type: text/csv\r\n", text, strlen(text));
    if (answer.status != status) fail_msg("%s: %d instead of %d: %.600s", path, answer.status, status, answer.body);
    cJSON *tree = answer.json;
    answer.json = NULL;
    answer_done(&answer);
    return tree;
}

/* Loads, and waits until the router has counted every deadline by it. */
static void load(const char *kind, const char *text) {
    char path[80];
    snprintf(path, sizeof path, "/api/v1/admin/%s/import", kind);
    cJSON *done_ = post_csv(200, path, text);
    EVENTUALLY(sql_int("SELECT min(world) FROM shard") == int_at(done_, "world"));
    cJSON_Delete(done_);
}

/* ---- tickets in every situation --------------------------------------------------------------------------------------------------- */

static char *offered, *signed_, *suspended, *asked, *urgent, *extended, *assisted, *closed, *triage;

static const char *in_days(int days, const char *time) {
    static char text[80];
    snprintf(text, sizeof text, "{\"reason\":\"材料未到\",\"until\":\"%sT%s+08:00\"}", date_of(monday + days), time);
    return text;
}

/* To a department by the policy's own limits: 7wd to handle when normal. */
static char *send_to(const char *department, const char *urgency, const char *title) {
    char more[400], query[400];
    snprintf(query, sizeof query,
             "SELECT m.code FROM matter m JOIN unit u ON u.id = m.department WHERE u.code = '%s' AND m.start = 7 AND "
             "cardinality(m.assists) = 0 AND NOT EXISTS (SELECT FROM matter_limit l WHERE l.matter = m.code) "
             "ORDER BY m.code LIMIT 1",
             department);
    snprintf(more, sizeof more, "\"matter\":\"%06lld\",\"urgency\":\"%s\",\"title\":\"%s\"", (long long)sql_int(query),
             urgency, title);
    return strdup(ticket_of(push(more)));
}

static void make_tickets(void) {
    offered = send_to("water", "normal", "管道漏水");
    signed_ = send_to("water", "normal", "水压低");
    done(200, signed_, "sign", &water, NULL);
    suspended = send_to("water", "normal", "等待开春");
    done(200, suspended, "sign", &water, NULL);
    done(200, suspended, "ask_suspension", &water, in_days(10, "09:00:00"));
    done(200, suspended, "grant_suspension", &operator_, NULL);
    triage = strdup(ticket_of(push("\"title\":\"说不清的事\"")));
    asked = strdup(ticket_of(push("\"title\":\"没有说在哪里\"")));
    done(200, asked, "ask", &operator_, "{\"reason\":\"请补充地点\"}");
    urgent = send_to("water", "urgent", "停水");
    extended = send_to("municipal", "normal", "路面塌陷");
    done(200, extended, "sign", &municipal, NULL);
    done(200, extended, "ask_extension", &municipal, in_days(16, "16:00:00"));
    done(200, extended, "grant_extension", &operator_, NULL);
    assisted = send_to("municipal", "normal", "施工挖断水管");
    done(200, assisted, "add_assist", &operator_, "{\"units\":[\"water\"],\"reason\":\"共同处置\"}");
    closed = send_to("water", "normal", "已经修好");
    done(200, closed, "sign", &water, NULL);
    done(200, closed, "finish", &water, "{\"answer\":\"已修好\"}");
    done(200, closed, "pass", &operator_, NULL);
    done(200, closed, "solved", &hotline, "{\"satisfied\":true}");
}

static int begin_all(void **state) {
    if (setup(state)) return -1;
    set_clock();
    admin = must_sign_in("system"); /* the session before has ended meanwhile */
    load("calendars", calendar_text(year_now(), ""));
    make_tickets();
    return 0;
}

/* ---- preview, load, compare --------------------------------------------------------------------------------------------------------- */

static bool names(const cJSON *preview, const char *ticket) {
    const cJSON *move;
    cJSON_ArrayForEach(move, at(preview, "moves")) if (!strcmp(text_at(move, "ticket"), ticket)) return true;
    return false;
}

/* The move of one clock; fails when there is none. */
static const cJSON *move_of(const cJSON *preview, const char *ticket, const char *stage, bool total) {
    const cJSON *move;
    cJSON_ArrayForEach(move, at(preview, "moves")) {
        if (!strcmp(text_at(move, "ticket"), ticket) && !strcmp(text_at(move, "stage.code"), stage) &&
            cJSON_IsTrue(at(move, "total")) == total)
            return move;
    }
    fail_msg("no move of %s, %s", ticket, stage);
    return NULL;
}

static void check_move(const cJSON *move) {
    cJSON *ticket = get(200, &operator_, "/api/v1/tickets/%s", text_at(move, "ticket"));
    const cJSON *clock, *found = NULL;
    if (cJSON_IsTrue(at(move, "total"))) {
        assert_string_equal(text_at(ticket, "total_due"), text_at(move, "due_to"));
        cJSON_Delete(ticket);
        return;
    }
    int assignment = cJSON_IsNumber(at(move, "assignment")) ? int_at(move, "assignment") : 0;
    cJSON_ArrayForEach(clock, at(ticket, "clocks")) {
        int own = cJSON_IsNumber(at(clock, "assignment")) ? int_at(clock, "assignment") : 0;
        if (own == assignment && !strcmp(text_at(clock, "stage.code"), text_at(move, "stage.code"))) found = clock;
    }
    assert_non_null(found);
    assert_string_equal(text_at(found, "due"), text_at(move, "due_to"));
    assert_string_equal(text_at(found, "next_rung_at"), text_at(move, "rung_to"));
    cJSON_Delete(ticket);
}

/* Looks at the file, loads it, and demands that just what was named has moved, to just those times. Returns the preview. */
static cJSON *preview_and_load(const char *kind, const char *text, const char *why) {
    char path[80], sql_text[500];
    snprintf(path, sizeof path, "/api/v1/%s/preview", kind);
    int64_t seq = sql_int("SELECT coalesce(max(seq), 0) FROM event"), world = sql_int("SELECT version FROM world");
    cJSON *preview = post_csv(200, path, text);
    assert_true(cJSON_IsTrue(at(preview, "counted")));
    assert_int_equal(int_at(preview, "open"), sql_int("SELECT count(*) FROM ticket WHERE open"));
    assert_int_equal(cJSON_GetArraySize(at(preview, "moves")), int_at(preview, "deadlines"));
    assert_int_equal(sql_int("SELECT version FROM world"), world); /* nothing was stored */
    assert_int_equal(sql_int("SELECT coalesce(max(seq), 0) FROM event"), seq);
    load(kind, text);
    const cJSON *move;
    cJSON_ArrayForEach(move, at(preview, "moves")) {
        check_move(move);
        snprintf(sql_text, sizeof sql_text, "SELECT count(*) FROM event WHERE seq > %lld AND type = %d AND ticket = %s",
                 (long long)seq, EVENT_RECOMPUTED, text_at(move, "ticket") + 1);
        assert_int_equal(sql_int(sql_text), 1);
    }
    snprintf(sql_text, sizeof sql_text, "SELECT count(*) FROM event WHERE seq > %lld", (long long)seq);
    assert_int_equal(sql_int(sql_text), int_at(preview, "tickets")); /* and nothing else happened */
    cJSON *history = get(200, &operator_, "/api/v1/tickets/%s/history", text_at(preview, "moves.0.ticket"));
    const cJSON *last = at(history, "events");
    last = cJSON_GetArrayItem(last, cJSON_GetArraySize(last) - 1);
    if (!strstr(text_at(last, "en"), why)) fail_msg("\"%s\" does not say \"%s\"", text_at(last, "en"), why);
    cJSON_Delete(history);
    cJSON *again = post_csv(200, path, text); /* loaded already: it would move nothing */
    assert_int_equal(int_at(again, "deadlines"), 0);
    cJSON_Delete(again);
    return preview;
}

static void test_a_holiday_is_announced(void **state) {
    SHOWS("C15 C21");
    SHOWS("C21 C15");
    char more[200];
    snprintf(more, sizeof more, "standard,off,%s,,,,临时放假,Extra holiday\n", date_of(monday + 1));
    cJSON *preview = preview_and_load("calendars", calendar_text(year_now(), more), "working calendar standard loaded");
    assert_true(names(preview, offered) && names(preview, signed_) && names(preview, extended) &&
                names(preview, assisted));
    assert_false(names(preview, suspended)); /* off the clock: what is left stays */
    assert_false(names(preview, asked) || names(preview, urgent) || names(preview, closed));
    move_of(preview, triage, "handle", true); /* its dispatch limit runs day and night, the whole limit does not */
    const cJSON *contact = move_of(preview, signed_, "contact", false);
    char due[40];
    snprintf(due, sizeof due, "%sT", date_of(monday + 1));
    assert_int_equal(strncmp(text_at(contact, "due_from"), due, 11), 0);
    snprintf(due, sizeof due, "%sT", date_of(monday + 2));
    assert_int_equal(strncmp(text_at(contact, "due_to"), due, 11), 0);
    assert_int_equal(int_at(contact, "by_minutes"), 24 * 60);
    assert_string_equal(text_at(contact, "change"), "due");
    assert_true(
        cJSON_IsNull(at(move_of(preview, signed_, "handle", true), "unit"))); /* the whole limit is the city's */
    assert_int_equal(int_at(preview, "later"), int_at(preview, "deadlines"));
    const cJSON *unit;
    int deadlines = 0;
    cJSON_ArrayForEach(unit, at(preview, "units")) deadlines += int_at(unit, "deadlines");
    assert_int_equal(deadlines, int_at(preview, "deadlines"));
    cJSON_Delete(preview);
}

static bool explains(const cJSON *why, const char *sentence) {
    const cJSON *deadline, *line;
    cJSON_ArrayForEach(deadline, at(why, "deadlines")) cJSON_ArrayForEach(line, at(deadline, "lines")) {
        if (strstr(text_at(line, "en"), sentence) || strstr(text_at(line, "zh"), sentence)) return true;
    }
    return false;
}

static void test_explain_tells_of_it(void **state) {
    cJSON *why = get(200, &operator_, "/api/v1/tickets/%s/explain", signed_);
    assert_true(explains(why, "Extra holiday holiday, not counted"));
    assert_true(explains(why, "computed anew, due from") && explains(why, "(working calendar standard loaded)"));
    assert_true(explains(why, "（载入工作日历 standard）"));
    assert_int_equal(cJSON_GetArraySize(at(why, "deadlines")), 3); /* contact, handling, the whole limit */
    assert_true(cJSON_IsTrue(at(why, "deadlines.2.total")));
    cJSON_Delete(why);
    cJSON *paused = get(200, &operator_, "/api/v1/tickets/%s", suspended); /* stays visible off the clock, too */
    assert_true(cJSON_IsTrue(at(paused, "total.paused")) && cJSON_IsNull(at(paused, "total_due")));
    assert_true(cJSON_IsNumber(at(paused, "total.left_ms")));
    cJSON_Delete(paused);
}

/* The State Council's notice, in the other direction: what was a holiday is worked. */
static void test_a_holiday_is_taken_back(void **state) {
    cJSON *preview = preview_and_load("calendars", calendar_text(year_now(), ""), "calendar standard");
    assert_int_equal(int_at(preview, "earlier"), int_at(preview, "deadlines"));
    cJSON_Delete(preview);
}

#define POLICY_REST                                                                                                    \
    "standard,limit,triage,normal,2wh,\nstandard,limit,supplement,normal,7nd,\nstandard,limit,sign,normal,2wh,\n"      \
    "standard,limit,contact,normal,1wd,\nstandard,limit,check,normal,2wd,\nstandard,limit,callback,normal,2wd,\n"      \
    "standard,limit,review,normal,30nd,\nstandard,limit,handle,urgent,24nh,\nstandard,limit,sign,urgent,2nh,\n"        \
    "standard,rung,warning,,100,\n"

static void test_another_policy(void **state) {
    static const char head[] = "policy,row,name,urgency,value,note\n";
    char text[2000];
    snprintf(text, sizeof text, "%sstandard,limit,handle,normal,9wd,\nstandard,rung,urge,,80,\n%s", head, POLICY_REST);
    cJSON *preview = preview_and_load("policies", text, "policy standard loaded");
    const cJSON *paused = move_of(preview, suspended, "handle", false); /* what is left grows though the clock stands */
    assert_string_equal(text_at(paused, "change"), "left");
    assert_int_equal(int_at(paused, "by_minutes"), 2 * DAY_MINUTES);
    assert_true(cJSON_IsTrue(at(paused, "paused")));
    cJSON_Delete(preview);
    /* only the ladder: no deadline moves, rungs do */
    snprintf(text, sizeof text, "%sstandard,limit,handle,normal,9wd,\nstandard,rung,urge,,70,\n%s", head, POLICY_REST);
    preview = preview_and_load("policies", text, "policy");
    assert_int_equal(int_at(preview, "rungs"), int_at(preview, "deadlines"));
    assert_true(int_at(preview, "rungs") > 5);
    assert_string_equal(text_at(preview, "moves.0.change"), "rung");
    cJSON_Delete(preview);
}

/* A limit so short that its rungs lie in the past: the preview says how many fire as soon as it is loaded, and so many do. */
static void test_rungs_that_fire_at_once(void **state) {
    SHOWS("C21 D7");
    static const char head[] = "policy,row,name,urgency,value,note\n";
    char text[2000], sql_text[200];
    int64_t now = clock_now();
    assert_int_equal(
        clock_set_offset(clock_path, monday * DAY_MS + (9 * 60 + 25) * 60000LL - CLOCK_LOCAL_OFFSET_MS - now),
        ERR_NONE);
    snprintf(
        text, sizeof text,
        "%sstandard,limit,handle,normal,9wd,\nstandard,limit,sign,normal,10wm,\nstandard,rung,urge,,70,\n"
        "standard,rung,warning,,100,\nstandard,rung,red_card,,200,\n"
        "standard,limit,triage,normal,2wh,\nstandard,limit,supplement,normal,7nd,\n"
        "standard,limit,contact,normal,1wd,\nstandard,limit,check,normal,2wd,\nstandard,limit,callback,normal,2wd,\n"
        "standard,limit,review,normal,30nd,\nstandard,limit,handle,urgent,24nh,\nstandard,limit,sign,urgent,2nh,\n",
        head);
    cJSON *preview = post_csv(200, "/api/v1/policies/preview", text);
    int at_once = int_at(preview, "rungs_at_once"), red = int_at(preview, "red_cards_at_once"), sum = 0;
    const cJSON *move;
    cJSON_ArrayForEach(move, at(preview, "moves")) sum += int_at(move, "rungs_at_once");
    assert_int_equal(sum, at_once);
    assert_true(red >= 3 &&
                at_once == 3 * red); /* offered, and lead and assist of the other: urge, warning, red card each */
    assert_int_equal(int_at(move_of(preview, offered, "sign", false), "rungs_at_once"), 3);
    cJSON_Delete(preview);
    int64_t seq = sql_int("SELECT max(seq) FROM event");
    load("policies", text);
    start("escalation", &escalation_service, "");
    snprintf(sql_text, sizeof sql_text, "SELECT count(*) FROM event WHERE seq > %lld AND type = %d", (long long)seq,
             EVENT_RUNG);
    EVENTUALLY(sql_int(sql_text) >= at_once);
    wait_ready("escalation");
    assert_int_equal(sql_int(sql_text), at_once);
    snprintf(sql_text, sizeof sql_text, "SELECT count(*) FROM event WHERE seq > %lld AND type = %d", (long long)seq,
             EVENT_SUPERVISED);
    EVENTUALLY(sql_int(sql_text) == 2); /* one a ticket: a red card orders it where none is open */
}

static void refused_limit(const char *kind, const char *text, const char *pointer, const char *detail) {
    char path[80];
    snprintf(path, sizeof path, "/api/v1/admin/%s/import?dry_run=1", kind);
    cJSON *wrong = post_csv(422, path, text);
    assert_string_equal(text_at(wrong, "errors.0.pointer"), pointer);
    if (!strstr(text_at(wrong, "errors.0.detail"), detail)) fail_msg("%s", text_at(wrong, "errors.0.detail"));
    cJSON_Delete(wrong);
}

static void test_a_limit_is_at_least_a_minute(void **state) {
    static const char head[] = "policy,row,name,urgency,value,note\n";
    static const char *const zeros[] = {"0wm", "0wh", "0wd", "0nm", "0nh", "0nd"};
    char text[300];
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        snprintf(text, sizeof text, "%sstandard,limit,handle,normal,%s,\n", head, zeros[i]);
        refused_limit("policies", text, "/rows/2/value", "at least one minute (1wm or 1nm)");
        snprintf(text, sizeof text, "%sstandard,setting,reopen,,%s,\n", head, zeros[i]);
        refused_limit("policies", text, "/rows/2/value", zeros[i]);
    }
    refused_limit(
        "matters",
        "code,name_zh_1,name_en_1,name_zh_2,name_en_2,name_zh,name_en,lead,assist,start,urgency,policy,public,"
        "sensitive,sign_limit,contact_limit,handle_limit,check_limit\n"
        "010101,a,a,b,b,c,c,urban,,department,normal,standard,yes,no,,,0wd,\n",
        "/rows/2/handle_limit", "at least one minute");
}

/* ---- the forms it comes in ----------------------------------------------------------------------------------------------------------- */

static struct answer raw(const char *query, const char *text) {
    char path[120];
    snprintf(path, sizeof path, "/api/v1/calendars/preview%s", query);
    return ask_bytes("console", "POST", path, &admin, "Content-Type: text/csv\r\n", text, strlen(text));
}

/* The whole stream, which the server ends. */
static const char *watched(const char *text) {
    static char bytes[1 << 18];
    size_t used = 0;
    int fd = connect_to("console");
    write_head(fd, "POST", "/api/v1/calendars/preview?format=events", &admin, "Content-Type: text/csv\r\n",
               strlen(text));
    write_all(fd, text, strlen(text));
    for (ssize_t n; used + 1 < sizeof bytes && !strstr(bytes, "event: summary");) {
        n = read(fd, bytes + used, sizeof bytes - used - 1);
        if (n <= 0) break;
        bytes[used += (size_t)n] = 0;
    }
    close(fd);
    return bytes;
}

static void test_csv_and_events(void **state) {
    char more[200];
    snprintf(more, sizeof more, "standard,off,%s,,,,临时放假,Extra holiday\n", date_of(monday + 2));
    char *text = strdup(calendar_text(year_now(), more));
    cJSON *whole = post_csv(200, "/api/v1/calendars/preview", text);
    cJSON *short_ = post_csv(200, "/api/v1/calendars/preview?limit=1", text);
    assert_int_equal(cJSON_GetArraySize(at(short_, "moves")), 1);
    assert_int_equal(int_at(short_, "deadlines"), int_at(whole, "deadlines"));
    struct answer csv = raw("?format=csv", text);
    assert_int_equal(csv.status, 200);
    assert_non_null(strcasestr(csv.text, "text/csv"));
    int lines = 0;
    for (const char *p = csv.body; (p = strchr(p, '\n')); p++) lines++;
    assert_int_equal(lines, 1 + int_at(whole, "deadlines"));
    assert_non_null(strstr(csv.body, signed_));
    answer_done(&csv);
    const char *events = watched(text);
    assert_non_null(strstr(events, "event: progress"));
    assert_non_null(strstr(events, "event: moves"));
    assert_non_null(strstr(events, "event: summary"));
    assert_non_null(strstr(events, signed_));
    cJSON_Delete(whole);
    cJSON_Delete(short_);
    free(text);
}

static void test_refusals(void **state) {
    cJSON *wrong = post_csv(422, "/api/v1/calendars/preview",
                            "calendar,row,from,to,weekdays,spans,name_zh,name_en\n"
                            "standard,published,2026-01-01,,,,,\n");
    assert_string_equal(text_at(wrong, "errors.0.pointer"), "/rows/2");
    cJSON_Delete(wrong);
    cJSON_Delete(post_csv(400, "/api/v1/calendars/preview?format=xml", calendar_text(year_now(), "")));
    struct answer other =
        ask_bytes("console", "POST", "/api/v1/calendars/preview", &operator_, "Content-Type: text/csv\r\n", "a", 1);
    assert_int_equal(other.status, 403);
    answer_done(&other);
    EVENTUALLY(sql_int("SELECT count(*) FROM audit WHERE action = 'preview' AND object = 'calendars'") > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_holiday_is_announced),
        cmocka_unit_test(test_explain_tells_of_it),
        cmocka_unit_test(test_a_holiday_is_taken_back),
        cmocka_unit_test(test_csv_and_events),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_another_policy),
        cmocka_unit_test(test_a_limit_is_at_least_a_minute),
        cmocka_unit_test(test_rungs_that_fire_at_once),
    };
    return cmocka_run_group_tests(tests, begin_all, end);
}
