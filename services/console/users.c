/* Accounts. See users.h. */
#include "services/console/users.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "proto/must.h"
#include "services/console/news.h"
#include "services/console/password.h"
#include "services/console/session.h"
#include "services/console/ticket_json.h"

enum { PAGE = 100, PAGE_MAX = 200 };

static const struct db_statement LIST = {
    "users_list",
    "SELECT id, login, role, coalesce(unit, 0), disabled, created_at, password <> '' FROM account WHERE id > $1::int8 "
    "ORDER BY id LIMIT $2::int4"};
static const struct db_statement INSERT = {
    "users_insert",
    "INSERT INTO account (login, password, role, unit, created_at) VALUES ($1::text, $2::text, $3::int2, "
    "nullif($4::int4, 0), $5::int8) RETURNING id"};
static const struct db_statement FIND = {
    "users_find", "SELECT id, role, coalesce(unit, 0), disabled FROM account WHERE login = $1::text"};
static const struct db_statement UPDATE = {
    "users_update", "UPDATE account SET role = $2::int2, unit = nullif($3::int4, 0), disabled = $4::bool, password = "
                    "coalesce($5::text, password), failures = 0 WHERE id = $1::int8"};
static const struct db_statement END_SESSIONS = {"users_end_sessions", "DELETE FROM session WHERE account = $1::int8"};
static const struct db_statement STAFF = {"users_staff", "SELECT staffed_refresh(ARRAY[$1::int4, $2::int4])"};
/* Who leads and who is on shift hangs on posts: every service reads them anew. */
static const struct db_statement RAISE = {"users_raise", "UPDATE world SET version = version + 1"};

struct user {
    const char *login;
    int64_t id;
    int role;
    uint32_t unit, unit_before;
    bool disabled, end_sessions, post_changes, made;
    bool role_given, unit_given, disabled_given, password_given;
    char made_password[PASSWORD_TEXT_BYTES];
    struct password_job job;
};

bool login_is_well_formed(const char *login) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";
    size_t len = strlen(login);
    return len >= 1 && len <= 60 && strspn(login, allowed) == len;
}

bool user_role_signs_in(int role) {
    return access_scope(role, ACTION_SESSION) != SCOPE_NONE;
}

bool user_role_fits(const struct world *world, int role, uint32_t unit, struct sentence *ret_wrong) {
    const struct unit *u = world_unit(world, unit);
    bool administrator = role == ROLE_ADMIN_SYSTEM || role == ROLE_ADMIN_SECURITY || role == ROLE_ADMIN_AUDIT;
    int kind = u ? u->kind : 0;
    if (!user_role_signs_in(role))
        *ret_wrong = (struct sentence){"这个角色不能登录", "this role cannot sign in"};
    else if (!u && !administrator)
        *ret_wrong = (struct sentence){"须指定单位", "name the unit"};
    else if ((role == ROLE_STREET && kind != UNIT_STREET) || (role == ROLE_COMMUNITY && kind != UNIT_COMMUNITY) ||
             (role == ROLE_GRID_WORKER && kind != UNIT_GRID && kind != UNIT_BUILDING) ||
             (role == ROLE_DEPARTMENT && kind != UNIT_DEPARTMENT && kind != UNIT_ENTERPRISE && kind != UNIT_POOL) ||
             (role == ROLE_OPERATOR && kind != UNIT_CENTER))
        *ret_wrong = (struct sentence){"角色与单位的类别不符", "the role does not fit the kind of unit"};
    else
        return true;
    return false;
}

/* ---- list ----------------------------------------------------------------------------------------------------------------------------------------- */

static void write_user(struct json_writer *w, struct call *call, const struct db_result *rows, int i) {
    size_t len;
    json_open(w);
    json_put_id(w, "id", db_get_int(rows, i, 0));
    json_put_string(w, "user", db_get_text(rows, i, 1, &len));
    json_put_string(w, "role", word_text(WORDS_role, (int)db_get_int(rows, i, 2)));
    put_unit(w, "unit", call->reference, (uint32_t)db_get_int(rows, i, 3));
    json_put_bool(w, "disabled", db_get_bool(rows, i, 4));
    json_put_time(w, "created", db_get_int(rows, i, 5));
    json_put_bool(w, "has_password", db_get_bool(rows, i, 6));
    json_close(w);
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    int limit = (int)call_query_int(call, "limit", PAGE, PAGE_MAX), count = db_rows(rows);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "users");
    for (int i = 0; i < count && i < limit; i++) write_user(w, call, rows, i);
    json_close_list(w);
    call_put_next(call, w, count > limit ? call_cursor(call, db_get_int(rows, limit - 1, 0), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

void users_get(struct call *call) {
    int64_t cursor[2] = {0};
    call_query_cursor(call, cursor);
    int64_t limit = call_query_int(call, "limit", PAGE, PAGE_MAX);
    if (call_is_wrong(call, 400)) return;
    call_read(call);
    struct db_call *list = call_add(call, &LIST);
    db_set_int8(list, 1, cursor[0]);
    db_set_int4(list, 2, (int32_t)limit + 1);
    call_send(call, on_list);
}

/* ---- what is asked ---------------------------------------------------------------------------------------------------------------------------------- */

static void read_role(struct call *call, const cJSON *tree, struct user *user) {
    const char *text;
    enum err err = json_get_text(tree, "role", &text);
    if (err == ERR_NOT_FOUND) return;
    user->role_given = true;
    user->role = err == ERR_NONE ? word_value(WORDS_role, text, strlen(text)) : 0;
    if (!user->role) call_wrong_word(call, "/role", WORDS_role);
}

static void read_unit(struct call *call, const cJSON *tree, struct user *user) {
    const char *text;
    enum err err = json_get_text(tree, "unit", &text);
    if (err == ERR_NOT_FOUND) return;
    user->unit_given = true;
    user->unit = err == ERR_NONE && *text ? reference_unit_by_code(call->reference, text, strlen(text)) : 0;
    if (err != ERR_NONE || (*text && !user->unit)) call_wrong(call, "/unit", "没有这个单位", "there is no such unit");
}

/* A password that is given, or true to have one made. */
static void read_password(struct call *call, const cJSON *tree, struct user *user, bool needed) {
    const cJSON *item = json_member(tree, "password");
    if (cJSON_IsString(item)) {
        password_is_fit(call, "/password", item->valuestring);
        user->job.password = item->valuestring;
        user->password_given = true;
    } else if (cJSON_IsTrue(item) || (needed && (!item || cJSON_IsNull(item)))) {
        password_make(user->made_password);
        user->job.password = user->made_password;
        user->password_given = user->made = true;
    } else if (item && !cJSON_IsNull(item) && !cJSON_IsFalse(item)) {
        call_wrong(call, "/password", "须为字符串, 或 true (生成一个)", "must be a string, or true to have one made");
    }
}

static void check_fit(struct call *call, const struct user *user) {
    struct sentence wrong;
    if (call->wrong_count == 0 && !user_role_fits(call_world(call), user->role, user->unit, &wrong))
        call_wrong(call, user_role_signs_in(user->role) ? "/unit" : "/role", wrong.zh, wrong.en);
}

/* Units may be staffed or not any more, people may lead or stand on a roster. */
static void tell_services(struct call *call) {
    struct world_changed changed = {0};
    who_forget(call->console->who);
    console_world_changed(call->console, 0);
    (void)!news_send(call->console->news, MESSAGE_world_changed, 0, NULL, &changed);
}

static void write_answer(struct call *call, struct user *user, int status) {
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_id(w, "id", user->id);
    json_put_string(w, "user", user->login);
    json_put_string(w, "role", word_text(WORDS_role, user->role));
    put_unit(w, "unit", call->reference, user->unit);
    json_put_bool(w, "disabled", user->disabled);
    if (user->made) json_put_string(w, "password", user->made_password); /* this once */
    json_close(w);
    crypto_forget(user->made_password, sizeof user->made_password);
    tell_services(call);
    call_answer(call, status);
}

static char *detail_of(struct call *call, const struct user *user) {
    return call_printf(call, "{\"account\":\"%lld\",\"role\":\"%s\",\"unit\":\"%s\",\"disabled\":%s,\"password\":%s}",
                       (long long)user->id, word_text(WORDS_role, user->role),
                       reference_unit_code(call->reference, user->unit), user->disabled ? "true" : "false",
                       user->password_given ? "true" : "false");
}

/* ---- new --------------------------------------------------------------------------------------------------------------------------------------------- */

static void on_inserted(struct call *call, const struct db_reply *reply) {
    struct user *user = call->self;
    user->id = db_get_int(reply->results[1], 0, 0);
    write_answer(call, user, 201);
}

static void insert(void *context) {
    struct call *call = context;
    struct user *user = call->self;
    call_transact(call);
    struct db_call *insert = call_add(call, &INSERT);
    db_set_string(insert, 1, user->login);
    db_set_string(insert, 2, user->job.hash);
    db_set_int2(insert, 3, (int16_t)user->role);
    db_set_int4(insert, 4, (int32_t)user->unit);
    db_set_int8(insert, 5, clock_now());
    struct db_call *staff = call_add(call, &STAFF);
    db_set_int4(staff, 1, (int32_t)user->unit);
    db_set_int4(staff, 2, 0);
    call_audit(call, "user_create", call_printf(call, "login:%s", user->login), "ok", detail_of(call, user));
    call_send(call, on_inserted);
}

static void hash_then(struct call *call, struct user *user, void (*then)(void *context)) {
    if (!user->password_given)
        then(call);
    else if (password_hash_all(call->console->kit->loop, &user->job, 1, then, call) != ERR_NONE)
        call_problem(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
}

void users_post(struct call *call) {
    struct user *user = call_take(call, sizeof *user);
    call->self = user;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "user", &user->login) != ERR_NONE) user->login = "";
    login_is_fit(call, "/user", user->login);
    read_role(call, tree, user);
    read_unit(call, tree, user);
    if (!user->role_given) call_wrong(call, "/role", "请指定角色", "name the role");
    read_password(call, tree, user, true);
    check_fit(call, user);
    if (call_is_wrong(call, 422)) return;
    hash_then(call, user, insert);
}

/* ---- changed ------------------------------------------------------------------------------------------------------------------------------------------ */

static void on_updated(struct call *call, const struct db_reply *reply) {
    struct user *user = call->self;
    if (http_method_of(call->request) != HTTP_DELETE) {
        write_answer(call, user, 200);
        return;
    }
    tell_services(call);
    call_answer_nothing(call);
}

static void update(void *context) {
    struct call *call = context;
    struct user *user = call->self;
    call_transact(call);
    struct db_call *update = call_add(call, &UPDATE);
    db_set_int8(update, 1, user->id);
    db_set_int2(update, 2, (int16_t)user->role);
    db_set_int4(update, 3, (int32_t)user->unit);
    db_set_bool(update, 4, user->disabled);
    db_set_string(update, 5, user->password_given ? user->job.hash : NULL);
    if (user->end_sessions) db_set_int8(call_add(call, &END_SESSIONS), 1, user->id);
    struct db_call *staff = call_add(call, &STAFF);
    db_set_int4(staff, 1, (int32_t)user->unit);
    db_set_int4(staff, 2, (int32_t)user->unit_before);
    if (user->post_changes) call_add(call, &RAISE);
    call_audit(call, user->disabled ? "user_disable" : "user_change",
               call_printf(call, "account:%lld", (long long)user->id), "ok", detail_of(call, user));
    call_send(call, on_updated);
}

static void on_found(struct call *call, const struct db_reply *reply) {
    struct user *user = call->self;
    const struct db_result *rows = reply->results[1];
    if (db_rows(rows) != 1) {
        call_not_found(call);
        return;
    }
    user->id = db_get_int(rows, 0, 0);
    user->unit_before = (uint32_t)db_get_int(rows, 0, 2);
    int role_before = (int)db_get_int(rows, 0, 1);
    if (!user->role_given) user->role = role_before;
    if (!user->unit_given) user->unit = user->unit_before;
    bool disabled_before = db_get_bool(rows, 0, 3);
    if (!user->disabled_given) user->disabled = disabled_before;
    user->post_changes =
        user->role != role_before || user->unit != user->unit_before || user->disabled != disabled_before;
    if (user->id == call->who.principal.user && (user->disabled || user->role != role_before)) {
        call_problem(call, 409, "不能停用自己或改变自己的角色", "Nobody disables themselves or changes their own role");
        return;
    }
    user->end_sessions =
        user->disabled || user->password_given || user->role != role_before || user->unit != user->unit_before;
    if (!user->disabled) check_fit(call, user);
    if (call_is_wrong(call, 422)) return;
    hash_then(call, user, update);
}

static void find(struct call *call, struct user *user) {
    user->login = http_param(call->request, "user");
    call_read(call);
    db_set_string(call_add(call, &FIND), 1, user->login);
    call_send(call, on_found);
}

void user_post(struct call *call) {
    struct user *user = call_take(call, sizeof *user);
    call->self = user;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    read_role(call, tree, user);
    read_unit(call, tree, user);
    read_password(call, tree, user, false);
    enum err err = json_get_bool(tree, "disabled", &user->disabled);
    user->disabled_given = err == ERR_NONE;
    if (err == ERR_INVALID) call_wrong(call, "/disabled", "须为 true 或 false", "must be true or false");
    if (call_is_wrong(call, 422)) return;
    find(call, user);
}

void user_delete(struct call *call) {
    struct user *user = call_take(call, sizeof *user);
    call->self = user;
    user->disabled = user->disabled_given = true;
    find(call, user);
}
