/* What the tests of the console share: a private PostgreSQL and Redis, and router, intake and console as child processes of this
 * very binary (so they run under the same sanitizers), spoken to over their unix sockets. A service that ends with anything
 * but 0 fails the test. */
#ifndef TESTS_UNIT_CONSOLE_FIXTURE_H
#define TESTS_UNIT_CONSOLE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/db_blocking.h"
#include "common/file.h"
#include "services/console/console.h"
#include "services/console/door.h"
#include "services/kit/who.h"
#include "services/intake/intake.h"
#include "services/router/router.h"
#include "tests/fixture.h"

#define PATIENCE_MS  (30 * 1000)
#define SECRET       "correct-horse-9"
#define SHOWS(rules) (void)(rules) /* see tests/unit/story.h */

static struct db_blocking *super; /* PostgreSQL as superuser */
static char run_dir[128], clock_path[160], key_path[160];
static struct child {
    const char *name;
    pid_t pid;
} children[8];
static int child_count;

/* ---- waiting, database ------------------------------------------------------------------------------------------------ */

#define EVENTUALLY(condition)                                                                                          \
    do {                                                                                                               \
        int64_t until_ = clock_monotonic_ms() + PATIENCE_MS;                                                           \
        while (!(condition)) {                                                                                         \
            if (clock_monotonic_ms() > until_) fail_msg("waited in vain for %s", #condition);                          \
            usleep(5000);                                                                                              \
        }                                                                                                              \
    } while (0)

static inline void sql(const char *text) {
    if (db_script_blocking(super, text) != ERR_NONE) fail_msg("%.200s: %s", text, db_blocking_message(super));
}

static inline int64_t sql_int(const char *text) {
    struct db_result *result;
    if (db_run_blocking(super, text, NULL, &result) != ERR_NONE) fail_msg("%s: %s", text, db_blocking_message(super));
    int64_t value = db_rows(result) ? db_get_int(result, 0, 0) : -1;
    db_result_free(&result);
    return value;
}

static inline void sql_file(const char *path) {
    char *text;
    size_t len;
    assert_int_equal(file_read(path, 1 << 20, &text, &len), ERR_NONE);
    sql(text);
    free(text);
}

static inline int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void make_database(void) {
    char *names[64], path[400];
    int count = 0;
    assert_int_equal(db_blocking_open(fixture_database("paidan"), 20000, &super), ERR_NONE);
    sql_file("db/roles.sql");
    sql("ALTER SCHEMA public OWNER TO paidan_owner; SET ROLE paidan_owner");
    DIR *folder = opendir("db/migrations");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strstr(entry->d_name, ".sql")) names[count++] = strdup(entry->d_name);
    closedir(folder);
    qsort(names, (size_t)count, sizeof *names, compare_names);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "db/migrations/%s", names[i]);
        sql_file(path);
        free(names[i]);
    }
    sql("RESET ROLE");
}

/* "host=... dbname=paidan user=NAME" */
static inline const char *conninfo_as(const char *user) {
    static char text[300];
    char host[200];
    assert_int_equal(sscanf(fixture_postgres(), "host=%199s", host), 1);
    snprintf(text, sizeof text, "host=%s dbname=paidan user=%s", host, user);
    return text;
}

/* ---- services ----------------------------------------------------------------------------------------------------------- */

static inline void start(const char *name, const struct service *service, const char *more) {
    char config[200], log[200], user[64], text[1200];
    snprintf(config, sizeof config, "%s/%s.conf", run_dir, name);
    snprintf(log, sizeof log, "%s/%s.log", run_dir, name);
    snprintf(user, sizeof user, "paidan_%s", name);
    snprintf(text, sizeof text,
             "run_dir = \"%s\"\ndatabase = \"%s\"\nredis_socket = \"%s\"\nclock_file = \"%s\"\n%s%s%s%s", run_dir,
             conninfo_as(user), fixture_redis(), clock_path, strcmp(name, "router") ? "key_file = \"" : "",
             strcmp(name, "router") ? key_path : "", strcmp(name, "router") ? "\"\n" : "", more);
    assert_int_equal(file_write(config, text, strlen(text), 0600), ERR_NONE);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char *argv[] = {(char *)name, "--config", config, NULL};
        int fd = open(log, O_CREAT | O_WRONLY | O_APPEND, 0600);
        dup2(fd, 2);
        dup2(fd, 1);
        exit(kit_main(3, argv, service));
    }
    children[child_count++] = (struct child){name, pid};
}

static inline void show_log(const char *name) {
    char command[300];
    snprintf(command, sizeof command, "tail -n 40 %s/%s.log | cut -c 1-600 >&2", run_dir, name);
    if (system(command)) fprintf(stderr, "no log\n");
}

static inline int stop(const char *name) {
    for (int i = 0; i < child_count; i++) {
        if (strcmp(children[i].name, name) || !children[i].pid) continue;
        int status;
        kill(children[i].pid, SIGTERM);
        waitpid(children[i].pid, &status, 0);
        children[i].pid = 0;
        if (!WIFEXITED(status) || WEXITSTATUS(status)) {
            show_log(name);
            return 1;
        }
        return 0;
    }
    return 0;
}

/* ---- HTTP ------------------------------------------------------------------------------------------------------------------ */

struct person { /* who asks; all zero: nobody */
    char cookie[100], csrf[64], token[100];
};
static const struct person nobody;

struct answer {
    int status;
    char *text; /* head and body */
    const char *body;
    cJSON *json; /* of the body, if it is JSON */
};

static inline void answer_done(struct answer *answer) {
    cJSON_Delete(answer->json);
    free(answer->text);
    *answer = (struct answer){0};
}

static inline int connect_to(const char *service) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[200];
    int len = snprintf(path, sizeof path, "%s/http/%s.sock", run_dir, service);
    assert_true(len > 0 && (size_t)len < sizeof address.sun_path);
    memcpy(address.sun_path, path, (size_t)len + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

static inline void write_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        assert_true(n > 0);
        bytes += n;
        len -= (size_t)n;
    }
}

static inline void write_head(int fd, const char *method, const char *path, const struct person *who, const char *more,
                              size_t len) {
    char head[2048], own[400] = "";
    bool unsafe = strcmp(method, "GET") != 0;
    if (who->token[0]) snprintf(own, sizeof own, "Authorization: Bearer %s\r\n", who->token);
    if (who->cookie[0])
        snprintf(own, sizeof own, "Cookie: " WHO_COOKIE "=%s\r\n%s%s%s", who->cookie,
                 unsafe ? WHO_CSRF_HEADER ": " : "", unsafe ? who->csrf : "", unsafe ? "\r\n" : "");
    int size = snprintf(head, sizeof head,
                        "%s %s HTTP/1.1\r\nHost: paidan.test\r\nAccept-Language: en\r\nContent-Length: %zu\r\n%s%s\r\n",
                        method, path, len, own, more);
    assert_true(size > 0 && (size_t)size < sizeof head);
    write_all(fd, head, (size_t)size);
}

/* Reads one answer with a Content-Length. */
static inline struct answer read_answer(int fd) {
    size_t room = 1 << 20, used = 0;
    struct answer answer = {.text = malloc(room)};
    size_t want = 0;
    for (;;) {
        if (used + 1 == room) answer.text = realloc(answer.text, room *= 2);
        ssize_t n = read(fd, answer.text + used, room - used - 1);
        if (n <= 0) break;
        used += (size_t)n;
        answer.text[used] = 0;
        char *end = strstr(answer.text, "\r\n\r\n"), *length = strcasestr(answer.text, "\r\nContent-Length:");
        if (!end) continue;
        want = (size_t)(end + 4 - answer.text) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
        if (used >= want) break;
    }
    if (used <= 12) show_log("console");
    assert_true(used > 12);
    answer.text[used] = 0;
    answer.status = atoi(answer.text + 9);
    answer.body = strstr(answer.text, "\r\n\r\n") + 4;
    answer.json = cJSON_Parse(answer.body);
    return answer;
}

static inline struct answer ask_bytes(const char *service, const char *method, const char *path,
                                      const struct person *who, const char *more, const char *body, size_t len) {
    int fd = -1;
    EVENTUALLY((fd = connect_to(service)) >= 0);
    write_head(fd, method, path, who, more, len);
    write_all(fd, body, len);
    struct answer answer = read_answer(fd);
    close(fd);
    return answer;
}

#define JSON_TYPE "Content-Type: application/json\r\n"
static inline struct answer ask(const char *method, const char *path, const struct person *who, const char *json) {
    return ask_bytes("console", method, path, who, json ? JSON_TYPE : "", json ? json : "", json ? strlen(json) : 0);
}

/* ---- what is in an answer: "tickets.0.owner.code" ----------------------------------------------------------------------------- */

static inline const cJSON *at(const cJSON *json, const char *path) {
    char part[64];
    for (const char *from = path; json && *from;) {
        size_t len = strcspn(from, ".");
        snprintf(part, sizeof part, "%.*s", (int)len, from);
        json =
            cJSON_IsArray(json) ? cJSON_GetArrayItem(json, atoi(part)) : cJSON_GetObjectItemCaseSensitive(json, part);
        from += len + (from[len] == '.');
    }
    return json;
}

static inline const char *text_at(const cJSON *json, const char *path) {
    const cJSON *item = at(json, path);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static inline int int_at(const cJSON *json, const char *path) {
    const cJSON *item = at(json, path);
    return cJSON_IsNumber(item) ? item->valueint : -1;
}

/* Asks, demands a status, and returns the JSON (free it with cJSON_Delete, or not: the test ends soon). */
static inline cJSON *want(int status, const char *method, const char *path, const struct person *who,
                          const char *json) {
    struct answer answer = ask(method, path, who, json);
    if (answer.status != status) {
        show_log("console");
        fail_msg("%s %s: %d instead of %d: %.500s", method, path, answer.status, status, answer.body);
    }
    cJSON *tree = answer.json;
    answer.json = NULL;
    answer_done(&answer);
    return tree;
}

static inline void refuse(int status, const char *method, const char *path, const struct person *who,
                          const char *json) {
    cJSON_Delete(want(status, method, path, who, json));
}

/* ---- people ---------------------------------------------------------------------------------------------------------------------- */

static inline bool sign_in(const char *user, const char *password, struct person *ret_person) {
    char body[200];
    snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"%s\"}", user, password);
    struct answer answer = ask("POST", "/api/v1/session", &nobody, body);
    bool ok = answer.status == 200;
    *ret_person = (struct person){0};
    if (ok) {
        const char *cookie = strstr(answer.text, "Set-Cookie: " WHO_COOKIE "=") + strlen("Set-Cookie: " WHO_COOKIE "=");
        snprintf(ret_person->cookie, sizeof ret_person->cookie, "%.*s", (int)strcspn(cookie, ";"), cookie);
        snprintf(ret_person->csrf, sizeof ret_person->csrf, "%s", text_at(answer.json, "csrf"));
    }
    answer_done(&answer);
    return ok;
}

static inline struct person must_sign_in(const char *user) {
    struct person person;
    if (!sign_in(user, SECRET, &person)) fail_msg("%s cannot sign in", user);
    return person;
}

/* The first security administrator, by the one-time code. */
static inline struct person set_up(void) {
    uint8_t hash[CRYPTO_HASH_BYTES];
    char hex[2 * CRYPTO_HASH_BYTES + 1], text[300];
    crypto_token_hash("pdsetup_test", strlen("pdsetup_test"), hash);
    crypto_to_hex(hash, sizeof hash, hex);
    snprintf(text, sizeof text, "INSERT INTO setup_code (hash, expires_at) VALUES ('\\x%s', 9999999999999)", hex);
    sql(text);
    refuse(403, "POST", "/api/v1/setup", &nobody,
           "{\"code\":\"pdsetup_wrong\",\"user\":\"security\",\"password\":\"" SECRET "\"}");
    refuse(201, "POST", "/api/v1/setup", &nobody,
           "{\"code\":\"pdsetup_test\",\"user\":\"security\",\"password\":\"" SECRET "\"}");
    refuse(403, "POST", "/api/v1/setup", &nobody,
           "{\"code\":\"pdsetup_test\",\"user\":\"another\",\"password\":\"" SECRET "\"}");
    return must_sign_in("security");
}

static inline void make_user(const struct person *security, const char *user, const char *role, const char *unit) {
    char body[300];
    snprintf(body, sizeof body, "{\"user\":\"%s\",\"role\":\"%s\",\"unit\":%s%s%s,\"password\":\"" SECRET "\"}", user,
             role, unit ? "\"" : "", unit ? unit : "null", unit ? "\"" : "");
    refuse(201, "POST", "/api/v1/admin/users", security, body);
}

static inline struct person make_token(const struct person *security, const char *name, const char *role,
                                       const char *unit, const char *source) {
    char body[300];
    struct person person = {0};
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"role\":\"%s\"%s%s%s%s%s%s}", name, role, unit ? ",\"unit\":\"" : "",
             unit ? unit : "", unit ? "\"" : "", source ? ",\"sources\":[\"" : "", source ? source : "",
             source ? "\"]" : "");
    cJSON *made = want(201, "POST", "/api/v1/admin/tokens", security, body);
    snprintf(person.token, sizeof person.token, "%s", text_at(made, "token"));
    cJSON_Delete(made);
    return person;
}

static inline struct answer import_bytes(const struct person *who, const char *kind, const char *query,
                                         const char *bytes, size_t len) {
    char path[120];
    snprintf(path, sizeof path, "/api/v1/admin/%s/import%s", kind, query);
    return ask_bytes("console", "POST", path, who,
                     strcmp(kind, "areas") ? "Content-Type: text/csv\r\n" : "Content-Type: application/geo+json\r\n",
                     bytes, len);
}

static inline void import_demo(const struct person *who, const char *kind, const char *query, const char *file) {
    char path[120], *bytes;
    size_t len;
    snprintf(path, sizeof path, "db/demo/%s", file);
    assert_int_equal(file_read(path, 16 << 20, &bytes, &len), ERR_NONE);
    struct answer answer = import_bytes(who, kind, query, bytes, len);
    if (answer.status != 200) fail_msg("%s: %d %.800s", file, answer.status, answer.body);
    free(bytes);
    answer_done(&answer);
}

static inline void import_district(const struct person *system) {
    static const char *const calendars[] = {"always", "hall", "standard"};
    char file[60];
    for (int i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "calendars/%s.csv", calendars[i]);
        import_demo(system, "calendars", "", file);
    }
    import_demo(system, "policies", "", "policies.csv");
    import_demo(system, "units", "", "units.csv");
    import_demo(system, "areas", "", "grids.geojson");
    import_demo(system, "matters", "", "matters.csv");
    import_demo(system, "admission", "", "admission.csv");
    import_demo(system, "places", "", "places.csv");
    import_demo(system, "sources", "", "sources.csv");
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------------- */

static inline void begin(const char *console_config_lines, bool all) {
    static struct service console;
    fixture_postgres_settings("max_connections = 100");
    snprintf(run_dir, sizeof run_dir, "%s/run", fixture_folder());
    assert_int_equal(mkdir(run_dir, 0700), 0);
    snprintf(clock_path, sizeof clock_path, "%s/clock", run_dir);
    snprintf(key_path, sizeof key_path, "%s/keys", run_dir);
    assert_int_equal(crypto_open(), ERR_NONE);
    assert_int_equal(clock_set_offset(clock_path, 0), ERR_NONE);
    assert_int_equal(crypto_keys_create(key_path), ERR_NONE);
    make_database();
    console = console_service;
    console.routes = doors_http();
    start("console", &console, console_config_lines);
    if (!all) return;
    start("router", &router_service, "");
    start("intake", &intake_service, "");
}

static inline void wait_ready(const char *service) {
    bool ready = false;
    EVENTUALLY(({
        int fd = connect_to(service);
        if (fd >= 0) {
            write_head(fd, "GET", "/readyz", &nobody, "", 0);
            struct answer answer = read_answer(fd);
            ready = answer.status == 200;
            answer_done(&answer);
            close(fd);
        }
        ready;
    }));
}

static inline int end(void **state) {
    int bad = 0;
    for (int i = 0; i < child_count; i++) bad |= stop(children[i].name);
    db_blocking_close(&super);
    fixture_done();
    return bad;
}

#endif
