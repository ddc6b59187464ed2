/* Sessions. Signing in takes the same time for an account that does not exist, and each failure makes the next try wait longer
 * (delays.h). The cookie holds 256 random bits; PostgreSQL knows their hash. */
#include "services/console/session.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/delays.h"
#include "services/console/ticket_json.h"

METRIC_COUNTER(logins, "paidan_console_logins_total", "Tries to sign in.", "outcome", "ok", "refused", "delayed",
               "shed");

static const struct db_statement ACCOUNT = {
    "session_account", "SELECT id, password, role, coalesce(unit, 0), disabled FROM account WHERE login = $1::text"};
/* Nothing is inserted when the account was disabled in between. */
static const struct db_statement OPEN = {
    "session_open",
    "INSERT INTO session (hash, account, csrf, created_at, seen_at, expires_at, idle_ms) SELECT $1::bytea, id, "
    "$3::bytea, $4::int8, $4::int8, $5::int8, $6::int8 FROM account WHERE id = $2::int8 AND NOT disabled"};
static const struct db_statement TIDY = {
    "session_tidy",
    "DELETE FROM session WHERE account = $1::int8 AND (expires_at <= $2::int8 OR hash NOT IN (SELECT hash FROM session "
    "WHERE account = $1::int8 ORDER BY created_at DESC, hash LIMIT 20))"};
static const struct db_statement SUCCEEDED = {
    "session_succeeded",
    "UPDATE account SET failures = 0, password = coalesce($2::text, password) WHERE id = $1::int8"};
static const struct db_statement FAILED = {
    "session_failed", "UPDATE account SET failures = failures + 1, failed_at = $2::int8 WHERE id = $1::int8"};
static const struct db_statement CLOSE = {"session_close", "DELETE FROM session WHERE hash = $1::bytea"};

struct login {
    struct call *call;
    char user[64];
    const char *source; /* address it came from */
    char *password;     /* in the body's tree */
    char hash[CRYPTO_PASSWORD_HASH_BYTES], new_hash[CRYPTO_PASSWORD_HASH_BYTES];
    bool exists, disabled, matches, renewed;
    int64_t account;
    uint8_t role;
    uint32_t unit;
    struct loop_timer *hold;
    char token[CRYPTO_TOKEN_BYTES];
    uint8_t csrf[WHO_CSRF_BYTES];
    time_ms ends_at;
};

/* A desk is left alone in a room of people; a grid worker's phone is in a pocket, locks itself, and shows one grid. */
static int64_t idle_of(uint8_t role) {
    return role == ROLE_GRID_WORKER ? console_config.session_idle_field : console_config.session_idle;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------- */

static void put_seconds(struct json_writer *w, const char *key, bool known, int64_t ms) {
    json_key(w, key);
    if (known)
        json_int(w, ms / 1000);
    else
        json_null(w);
}

static void write_session(struct call *call, const struct who *who) {
    struct json_writer *w = call_json(call);
    char csrf[2 * WHO_CSRF_BYTES + 1];
    crypto_to_hex(who->csrf, WHO_CSRF_BYTES, csrf);
    json_open(w);
    json_put_string(w, "user", who->name);
    json_put_string(w, "role", word_text(WORDS_role, who->principal.role));
    json_put_open(w, "unit"); /* administrators may have none: an empty code then */
    json_put_string(w, "code", reference_unit_code(call->reference, who->principal.unit));
    put_names(w, "name", reference_unit_name(call->reference, who->principal.unit, false),
              reference_unit_name(call->reference, who->principal.unit, true));
    json_close(w);
    json_put_string(w, "csrf", who->kind == WHO_SESSION ? csrf : NULL);
    put_seconds(w, "idle_s", who->kind == WHO_SESSION, who->idle_ms);
    put_seconds(w, "left_s", who->kind == WHO_SESSION, who->ends_at - clock_now());
    json_close(w);
}

static void refuse(struct login *login) {
    metric_add(&logins, 1, 1);
    call_problem(login->call, 401, "用户名或密码不对", "The user name or the password is wrong");
}

static void on_opened(struct call *call, const struct db_reply *reply) {
    struct login *login = call->self;
    if (db_affected(reply->results[1]) != 1) {
        refuse(login);
        return;
    }
    metric_add(&logins, 0, 1);
    delays_success(call->console->delays, login->user, login->source, clock_monotonic_ms());
    struct who who = {.kind = WHO_SESSION,
                      .principal = {.user = login->account, .role = login->role, .unit = login->unit},
                      .ends_at = login->ends_at,
                      .idle_ms = idle_of(login->role)};
    memcpy(who.name, login->user, sizeof who.name);
    memcpy(who.csrf, login->csrf, sizeof who.csrf);
    http_set_header(call->request, "Set-Cookie",
                    call_printf(call, WHO_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%lld",
                                login->token, (long long)(console_config.session_max / 1000)));
    crypto_forget(login->token, sizeof login->token);
    write_session(call, &who);
    call_answer(call, 200);
}

static void on_failure_noted(struct call *call, const struct db_reply *reply) {
    refuse(call->self);
}

/* ---- the transaction ----------------------------------------------------------------------------------------------------------------- */

static void open_session(struct login *login) {
    struct call *call = login->call;
    uint8_t hash[CRYPTO_HASH_BYTES];
    time_ms now = clock_now();
    login->ends_at = now + console_config.session_max;
    crypto_token_new("pdsess", login->token);
    crypto_token_hash(login->token, strlen(login->token), hash);
    crypto_random(login->csrf, sizeof login->csrf);
    call->who.principal = (struct principal){.user = login->account, .role = login->role, .unit = login->unit};
    call_transact(call);
    struct db_call *open = call_add(call, &OPEN);
    db_set_bytes(open, 1, hash, sizeof hash);
    db_set_int8(open, 2, login->account);
    db_set_bytes(open, 3, login->csrf, sizeof login->csrf);
    db_set_int8(open, 4, now);
    db_set_int8(open, 5, login->ends_at);
    db_set_int8(open, 6, idle_of(login->role));
    struct db_call *tidy = call_add(call, &TIDY);
    db_set_int8(tidy, 1, login->account);
    db_set_int8(tidy, 2, now);
    struct db_call *succeeded = call_add(call, &SUCCEEDED);
    db_set_int8(succeeded, 1, login->account);
    db_set_string(succeeded, 2, login->renewed ? login->new_hash : NULL);
    call_audit(call, "login", call_printf(call, "account:%lld", (long long)login->account), "ok", NULL);
    call_send(call, on_opened);
}

static void note_failure(struct login *login) {
    struct call *call = login->call;
    call->who.principal =
        (struct principal){.user = login->exists ? login->account : 0, .role = login->role, .unit = login->unit};
    call_transact(call);
    struct db_call *failed = call_add(call, &FAILED);
    db_set_int8(failed, 1, login->account);
    db_set_int8(failed, 2, clock_now());
    /* what was typed is not kept: people type passwords where the name belongs */
    call_audit(call, "login", login->exists ? call_printf(call, "account:%lld", (long long)login->account) : "",
               "refused", NULL);
    call_send(call, on_failure_noted);
}

/* ---- the password, in a thread of the pool ---------------------------------------------------------------------------------------------- */

static void work(void *context) {
    struct login *login = context;
    bool usable = login->exists && login->hash[0] == '$'; /* an account without a password matches none */
    size_t len = strlen(login->password);
    login->matches = crypto_password_verify(usable ? login->hash : NULL, login->password, len) == ERR_NONE && usable;
    if (login->matches && !login->disabled && crypto_password_is_old(login->hash))
        login->renewed = crypto_password_hash(login->password, len, login->new_hash) == ERR_NONE;
}

static void on_worked(void *context) {
    struct login *login = context;
    crypto_forget(login->password, strlen(login->password));
    crypto_forget(login->hash, sizeof login->hash);
    if (login->matches && !login->disabled)
        open_session(login);
    else
        note_failure(login);
}

static void verify(void *context) {
    struct login *login = context;
    struct call *call = login->call;
    if (login->hold) loop_timer_free(&login->hold);
    if (loop_work(call->console->kit->loop, work, on_worked, login) == ERR_NONE) return;
    metric_add(&logins, 3, 1);
    call_problem(call, 503, "登录过多, 请稍后再试", "Too many are signing in, try again");
}

static void on_account(struct call *call, const struct db_reply *reply) {
    struct login *login = call->self;
    const struct db_result *rows = reply->results[1];
    size_t len;
    if (db_rows(rows) == 1) {
        const char *hash = db_get_text(rows, 0, 1, &len);
        login->exists = true;
        login->account = db_get_int(rows, 0, 0);
        if (len < sizeof login->hash) memcpy(login->hash, hash, len + 1);
        login->role = (uint8_t)db_get_int(rows, 0, 2);
        login->unit = (uint32_t)db_get_int(rows, 0, 3);
        login->disabled = db_get_bool(rows, 0, 4) || access_scope(login->role, ACTION_SESSION) == SCOPE_NONE;
    }
    int64_t hold = delays_hold(call->console->delays, login->user, clock_monotonic_ms());
    if (hold == 0) {
        verify(login);
        return;
    }
    login->hold = loop_timer_new(call->console->kit->loop, verify, login);
    loop_timer_start(login->hold, hold, 0);
}

/* ---- POST ------------------------------------------------------------------------------------------------------------------------------ */

static bool read_login(struct call *call, struct login *login) {
    const char *user = NULL, *password = NULL;
    cJSON *tree = call_json_body(call);
    if (!tree) return false;
    if (json_get_text(tree, "user", &user) != ERR_NONE || !*user)
        call_wrong(call, "/user", "请填写用户名", "name the user");
    if (json_get_text(tree, "password", &password) != ERR_NONE || !*password)
        call_wrong(call, "/password", "请填写密码", "give the password");
    else if (strlen(password) > CRYPTO_PASSWORD_MAX)
        call_wrong(call, "/password", "密码过长", "the password is too long");
    if (call_is_wrong(call, 400)) return false;
    strncpy(login->user, user, sizeof login->user - 1); /* a longer one exists nowhere */
    login->password = cJSON_GetObjectItemCaseSensitive(tree, "password")->valuestring;
    return true;
}

static void answer_delayed(struct call *call, int64_t wait) {
    metric_add(&logins, 2, 1);
    struct http_problem problem = {.status = 429,
                                   .title = {"尝试过多", "Too many tries"},
                                   .detail = {"请稍候再登录", "Wait a little before you try again"},
                                   .retry_after_s = (int)((wait + 999) / 1000)};
    struct http_request *request = call->request;
    call_release(call);
    http_problem(request, &problem);
}

void session_post(struct call *call) {
    struct login *login = call_take(call, sizeof *login);
    struct delays *delays = call->console->delays;
    int64_t now = clock_monotonic_ms();
    call->self = login;
    login->call = call;
    if (!who_is_same_origin(call->request)) {
        call_problem(call, 403, "请求来自其他网站", "The request came from another site");
        return;
    }
    if (!read_login(call, login)) return;
    const char *source = http_header(call->request, "X-Forwarded-For"); /* nginx overwrites it */
    login->source = call_printf(call, "%.60s", source ? source : "");
    int64_t wait = delays_wait(delays, login->user, login->source, now);
    if (wait > 0) {
        answer_delayed(call, wait);
        return;
    }
    delays_begin(delays, login->user, login->source, now);
    call_read(call);
    db_set_string(call_add(call, &ACCOUNT), 1, login->user);
    call_send(call, on_account);
}

/* ---- GET, DELETE ------------------------------------------------------------------------------------------------------------------------- */

void session_get(struct call *call) {
    write_session(call, &call->who);
    call_answer(call, 200);
}

static void on_closed(struct call *call, const struct db_reply *reply) {
    who_forget(call->console->who);
    http_set_header(call->request, "Set-Cookie", WHO_COOKIE "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    call_answer_nothing(call);
}

void session_delete(struct call *call) {
    if (call->who.kind != WHO_SESSION) {
        call_problem(call, 409, "令牌没有会话", "A token has no session");
        return;
    }
    call_transact(call);
    db_set_bytes(call_add(call, &CLOSE), 1, call->who.key, WHO_KEY_BYTES);
    call_audit(call, "logout", call_printf(call, "account:%lld", (long long)call->who.principal.user), "ok", NULL);
    call_send(call, on_closed);
}
