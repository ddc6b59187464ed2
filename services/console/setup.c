/* POST /api/v1/setup: the one-time code of `paidan setup-code` makes the first security administrator; there is no default password.
 * The code is of type pdsetup; setup_code holds its hash. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "services/console/session.h"
#include "services/console/users.h"

struct setup {
    const char *user;
    char *password;
    uint8_t code[CRYPTO_HASH_BYTES];
    char hash[CRYPTO_PASSWORD_HASH_BYTES];
    enum err err;
};

/* Takes the code away and makes the account in one statement; no row when the code is wrong or over, or an enabled security
 * administrator (role 9) exists. */
static const struct db_statement MAKE = {
    "setup_make",
    "WITH code AS (DELETE FROM setup_code WHERE hash = $1::bytea AND expires_at > $4::int8 AND NOT EXISTS (SELECT FROM "
    "account WHERE role = 9 AND NOT disabled) RETURNING one), made AS (INSERT INTO account (login, password, role, "
    "created_at) SELECT $2::text, $3::text, 9, $4::int8 FROM code RETURNING id) "
    "SELECT id, audit_append($4::int8, id, 9::int2, 0, 'setup', 'account:' || id, 'ok', NULL) FROM made"};

static void on_made(struct call *call, const struct db_reply *reply) {
    struct setup *setup = call->self;
    if (db_rows(reply->results[1]) != 1) {
        call_problem(call, 403, "设置码无效、已过期, 或已有安全管理员",
                     "The code is wrong or has expired, or there is a security administrator already");
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "user", setup->user);
    json_put_string(w, "role", word_text(WORDS_role, ROLE_ADMIN_SECURITY));
    json_close(w);
    call_answer(call, 201);
}

static void work(void *context) {
    struct call *call = context;
    struct setup *setup = call->self;
    setup->err = crypto_password_hash(setup->password, strlen(setup->password), setup->hash);
}

static void on_worked(void *context) {
    struct call *call = context;
    struct setup *setup = call->self;
    crypto_forget(setup->password, strlen(setup->password));
    if (setup->err != ERR_NONE) {
        call_problem(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
        return;
    }
    call_transact(call);
    struct db_call *make = call_add(call, &MAKE);
    db_set_bytes(make, 1, setup->code, sizeof setup->code);
    db_set_string(make, 2, setup->user);
    db_set_string(make, 3, setup->hash);
    db_set_int8(make, 4, clock_now());
    call_send(call, on_made);
}

void setup_post(struct call *call) {
    struct setup *setup = call_take(call, sizeof *setup);
    const char *code, *user = "", *password = "";
    call->self = setup;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "code", &code) != ERR_NONE)
        call_wrong(call, "/code", "请填写设置码", "give the setup code");
    else
        crypto_token_hash(code, strlen(code), setup->code);
    if (json_get_text(tree, "user", &user) != ERR_NONE) user = "";
    if (json_get_text(tree, "password", &password) != ERR_NONE) password = "";
    login_is_fit(call, "/user", user);
    password_is_fit(call, "/password", password);
    if (call_is_wrong(call, 422)) return;
    setup->user = user;
    setup->password = cJSON_GetObjectItemCaseSensitive(tree, "password")->valuestring;
    if (loop_work(call->console->kit->loop, work, on_worked, call) != ERR_NONE)
        call_problem(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
}

/* ---- what accounts are called, what passwords must be ------------------------------------------------------------------------------------ */

bool password_is_fit(struct call *call, const char *pointer, const char *password) {
    size_t len = strlen(password);
    if (len >= PASSWORD_BYTES_MIN && len <= CRYPTO_PASSWORD_MAX) return true;
    call_wrong(call, pointer, "密码须有 10 到 256 字节", "a password must have 10 to 256 bytes");
    return false;
}

bool login_is_fit(struct call *call, const char *pointer, const char *login) {
    if (login_is_well_formed(login)) return true;
    call_wrong(call, pointer, "用户名须为 1 到 60 个字母、数字或 . _ - @",
               "a user name has 1 to 60 letters, digits or . _ - @");
    return false;
}
