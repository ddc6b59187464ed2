/* Before anybody can sign in: the one-time code that makes the first security administrator, and the key file of personal fields. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/json_writer.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/database.h"
#include "tools/paidan/door.h"

enum { TIMEOUT_MS = 10 * 1000, CODE_MINUTES = 60 };

static const char STORE[] = "INSERT INTO setup_code (hash, expires_at) VALUES ($1::bytea, $2::int8) "
                            "ON CONFLICT (one) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at";

static enum err store_code(struct db_blocking *db, const char *code, time_ms expires_at) {
    uint8_t hash[CRYPTO_HASH_BYTES];
    struct db_call *parameters = db_call_new();
    crypto_token_hash(code, strlen(code), hash);
    db_set_bytes(parameters, 1, hash, sizeof hash);
    db_set_int8(parameters, 2, expires_at);
    enum err err = db_run_blocking(db, STORE, parameters, NULL);
    db_call_free(&parameters);
    return err;
}

enum cli_exit run_setup_code(struct cli *cli) {
    char code[CRYPTO_TOKEN_BYTES], until[CLOCK_TEXT_BYTES];
    struct db_blocking *db = NULL;
    cli_open_clock(cli);
    time_ms expires_at = clock_now() + CODE_MINUTES * 60 * 1000;
    enum err err = crypto_open();
    if (err == ERR_NONE) crypto_token_new("pdsetup", code);
    if (err == ERR_NONE) err = db_blocking_open(database_of(cli, "paidan_console"), TIMEOUT_MS, &db);
    if (err == ERR_NONE) err = store_code(db, code, expires_at);
    if (err != ERR_NONE) database_say(cli, db, err);
    if (db) db_blocking_close(&db);
    if (err != ERR_NONE) return CLI_UNREACHABLE;
    clock_format(expires_at, until);
    if (cli->json)
        printf("{\"code\":\"%s\",\"expires_at\":\"%s\"}\n", code, until);
    else
        printf("%s\n", code);
    if (!cli->json && isatty(STDOUT_FILENO))
        fprintf(stderr,
                cli_in(cli, "用于建立第一个安全管理员, 有效至 %s: paidan setup %s LOGIN\n",
                       "makes the first security administrator, until %s: paidan setup %s LOGIN\n"),
                until, code);
    crypto_forget(code, sizeof code);
    return CLI_OK;
}

enum cli_exit run_setup(struct cli *cli) {
    const char *password = getenv("PAIDAN_PASSWORD");
    struct buffer json = {0};
    struct json_writer w;
    struct door_answer answer;
    if (!password || !*password)
        return cli_fail(cli, CLI_USAGE, "请用环境变量 PAIDAN_PASSWORD 给出口令",
                        "give the password in the environment variable PAIDAN_PASSWORD");
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "code", cli->args[0]);
    json_put_string(&w, "user", cli->args[1]);
    json_put_string(&w, "password", password);
    json_close(&w);
    enum cli_exit code = door_post(cli, "/api/v1/setup", &json, &answer);
    buffer_done(&json);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        printf(cli_in(cli, "已建立安全管理员 %s\n", "made the security administrator %s\n"), cli->args[1]);
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_key_create(struct cli *cli) {
    enum err err = crypto_open();
    if (err == ERR_NONE) err = crypto_keys_create(cli->args[0]);
    if (err == ERR_EXISTS)
        return cli_fail_why(cli, CLI_REFUSED, "密钥文件已存在, 不会覆盖",
                            "there is a key file already; it is never overwritten", cli->args[0]);
    if (err != ERR_NONE)
        return cli_fail_why(cli, CLI_REFUSED, "密钥文件无法写入", "the key file cannot be written",
                            cli_printf(cli, "%s (%s)", cli->args[0], err_name(err)));
    if (cli->json)
        puts("{\"made\":true}");
    else
        printf(cli_in(cli, "已生成 %s (0600)。请妥善备份: 丢失后, 已加密的个人信息无法恢复。\n",
                      "made %s (0600). Keep a copy elsewhere: what it seals is lost with it.\n"),
               cli->args[0]);
    return CLI_OK;
}
