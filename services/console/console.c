/* The console as a service: its configuration, its parts put together, its health. See console.h. */
#include "services/console/console.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "proto/must.h"
#include "services/console/attachments.h"
#include "services/console/board.h"
#include "services/console/commands.h"
#include "services/console/delays.h"
#include "services/console/door.h"
#include "services/console/figures_keep.h"
#include "services/console/events.h"
#include "services/console/followups.h"
#include "services/console/gateway.h"
#include "services/console/news.h"
#include "services/console/stream.h"

struct console_config console_config;

static const struct config_key keys[] = {
    CONFIG_KEY(struct console_config, shard, CONFIG_INT, "1", .min = 1, .max = 99,
               .doc_en = "The shard (district) that is shown.", .doc_zh = "所显示的分片 (区)。"),
    CONFIG_KEY(struct console_config, database_connections, CONFIG_INT, "6", .min = 2, .max = 64,
               .doc_en = "Connections to PostgreSQL for what people ask.",
               .doc_zh = "供查询和管理使用的数据库连接数。"),
    CONFIG_KEY(struct console_config, session_idle, CONFIG_DURATION, "30m", .min = 1000, .max = 86400000,
               .doc_en = "A session ends after so long without a request. Watching the stream is no request.",
               .doc_zh = "会话在多久没有请求后失效; 只看实时队列不算请求。"),
    CONFIG_KEY(struct console_config, session_idle_field, CONFIG_DURATION, "8h", .min = 1000, .max = 86400000,
               .doc_en = "The same for grid workers, whose phone lies in a pocket between two reports.",
               .doc_zh = "网格员的会话在多久没有请求后失效; 手机在两次上报之间放在口袋里。"),
    CONFIG_KEY(struct console_config, session_max, CONFIG_DURATION, "12h", .min = 1000, .max = 604800000,
               .doc_en = "A session ends after so long in any case.", .doc_zh = "会话的最长时间。"),
    CONFIG_KEY(struct console_config, command_patience, CONFIG_DURATION, "5s", .min = 100, .max = 25000,
               .doc_en = "How long a command waits for the router before its outcome is called unknown (503).",
               .doc_zh = "命令等待派单服务的时间; 超过后返回 503 (结果未知)。"),
    CONFIG_KEY(struct console_config, queues_each, CONFIG_DURATION, "50ms", .min = 10, .max = 10000,
               .doc_en = "The live queues are read at most once in this time.", .doc_zh = "读取实时队列的最短间隔。"),
    CONFIG_KEY(struct console_config, figures_each, CONFIG_DURATION, "60s", .min = 50, .max = 3600000,
               .doc_en = "What was counted is stored about so often; at once when somebody asks for figures.",
               .doc_zh = "统计结果约每隔此时间写入数据库; 有人查看统计时立即写入。"),
    CONFIG_KEY(struct console_config, bus_address, CONFIG_TEXT, "",
               .doc_en = "Where departments' systems reach the bus, tcp://HOST:PORT; encrypted, registered keys only. "
                         "Empty: nowhere.",
               .doc_zh = "部门系统接入消息总线的地址 (tcp://主机:端口), 加密, 只接受已登记的公钥; 空则不开放。"),
    CONFIG_KEY(struct console_config, bus_key_file, CONFIG_PATH, "",
               .doc_en = "The bus's own secret key for them: 64 hex digits.",
               .doc_zh = "消息总线对外的服务端私钥文件: 64 位十六进制。"),
    CONFIG_KEY(
        struct console_config, attachments_folder, CONFIG_PATH, "",
        .doc_en = "Where attachments are kept, sealed with a key of key_file; with attachments_s3 only what is "
                  "under way lies here. Empty: no attachments are taken.",
        .doc_zh = "附件的存放目录, 用 key_file 的密钥加密; 设置 attachments_s3 后只存放传输中的文件。空则不接收附件。"),
    CONFIG_KEY(struct console_config, attachments_s3, CONFIG_TEXT, "",
               .doc_en = "An S3-compatible store instead of the folder: http(s)://HOST[:PORT]/BUCKET, addressed path "
                         "style. The bucket must be there.",
               .doc_zh = "用 S3 兼容存储代替目录: http(s)://主机[:端口]/桶, 路径式寻址; 桶须已建好。"),
    CONFIG_KEY(struct console_config, attachments_s3_region, CONFIG_TEXT, "us-east-1",
               .doc_en = "Its region, as requests to it are signed.", .doc_zh = "S3 区域, 用于请求签名。"),
    CONFIG_KEY(struct console_config, attachments_s3_key, CONFIG_TEXT, "", .doc_en = "Its access key id.",
               .doc_zh = "S3 访问密钥编号。"),
    CONFIG_KEY(struct console_config, attachments_s3_secret_file, CONFIG_PATH, "",
               .doc_en = "A file with its secret key, one line.", .doc_zh = "存放 S3 私钥的文件, 一行。"),
    CONFIG_KEY(struct console_config, attachment_bytes, CONFIG_SIZE, "20MiB", .min = 1024, .max = 33554432,
               .doc_en = "An attachment is at most so large; a request with several at most 32 MiB.",
               .doc_zh = "单个附件的大小上限; 一次上传合计不超过 32 MiB。"),
    CONFIG_KEY(struct console_config, attachments_day, CONFIG_SIZE, "2GiB", .min = 1024, .max = 1099511627776,
               .doc_en = "One account or token sends at most so much in 24 hours.",
               .doc_zh = "一个账号或令牌 24 小时内上传的总量上限。"),
    CONFIG_KEY(struct console_config, attachments_day_public, CONFIG_SIZE, "20GiB", .min = 1024, .max = 1099511627776,
               .doc_en = "All residents without an account together send at most so much in 24 hours.",
               .doc_zh = "无账号的居民 24 小时内上传的合计上限。"),
    CONFIG_KEY(struct console_config, attachments_at_once, CONFIG_INT, "8", .min = 1, .max = 64,
               .doc_en = "So many uploads at once; more get 503 with Retry-After.",
               .doc_zh = "同时进行的上传数; 超过时返回 503 和 Retry-After。"),
    CONFIG_KEY(struct console_config, image_program, CONFIG_PATH, "",
               .doc_en = "The program that looks at attachments. Empty: paidan-image beside this one.",
               .doc_zh = "检查附件的程序; 空则为同目录下的 paidan-image。"),
    CONFIG_END};

enum { TICK_MS = 10, SECOND_MS = 1000, BACKGROUND_CONNECTIONS = 2 };

/* ---- reference data -------------------------------------------------------------------------------------------------------------------- */

static void load_reference(struct console *console);

static void on_reference(void *context, enum err err, struct reference *reference, const char *message) {
    struct console *console = context;
    console->reference_loading = false;
    if (err != ERR_NONE) {
        log_error("reference_not_loaded", LOG_ERR(err), LOG_TEXT("why", message));
        return; /* the tick tries again */
    }
    if (console->reference) reference_release(&console->reference);
    console->reference = reference;
    log_info("reference_loaded", LOG_INT("version", reference->world.version));
    streams_missed(console->streams);
    board_reader_wake(console->reader);
    if (console->load_again) load_reference(console);
}

static void load_reference(struct console *console) {
    console->load_again = console->reference_loading; /* what is under way may have begun too early */
    if (console->reference_loading || !db_is_up(console->side)) return;
    console->reference_loading = true;
    reference_load(console->loader, on_reference, console);
}

void console_world_changed(struct console *console, uint32_t version) {
    uint32_t known = console->reference ? console->reference->world.version : 0;
    if (version > console->world_wanted) console->world_wanted = version;
    if (version == 0 || (console->world_wanted > known && !console->reference_loading)) load_reference(console);
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------------------- */

static void on_tick(void *context) {
    struct console *console = context;
    static int64_t second_at;
    board_reader_tick(console->reader);
    streams_totals(console->streams);
    commands_tick(console->commands);
    followups_tick(console->followups);
    events_tick(console->events);
    int64_t now = clock_monotonic_ms();
    if (now - second_at < SECOND_MS) return;
    second_at = now;
    streams_tick(console->streams);
    attachments_tick(console->attachments);
    if (!console->reference || console->reference->world.version < console->world_wanted) load_reference(console);
}

static void on_database(void *context, struct db *db, enum err err, const char *message) {
    struct console *console = context;
    (void)db;
    if (err != ERR_NONE)
        log_warn("database_lost", LOG_ERR(err), LOG_TEXT("why", message));
    else if (!console->reference && db == console->side)
        load_reference(console);
}

static void on_cache(void *context, struct cache *cache, enum err err, const char *message) {
    struct console *console = context;
    (void)cache;
    if (err != ERR_NONE) log_warn("redis_lost", LOG_ERR(err), LOG_TEXT("why", message ? message : ""));
    if (console->reader) board_reader_wake(console->reader);
}

static enum err load_keys(struct console *console) {
    const char *path = console->kit->config->key_file;
    char message[CRYPTO_MESSAGE_BYTES];
    if (!*path) return ERR_NONE;
    enum err err = crypto_keys_load(path, &console->keys, message);
    if (err != ERR_NONE) log_error("keys_not_loaded", LOG_ERR(err), LOG_TEXT("why", message));
    return err;
}

static void open_stores(struct console *console) {
    const struct kit_config *config = console->kit->config;
    struct db_options options = {.conninfo = config->database,
                                 .application_name = "paidan-console",
                                 .on_state = on_database,
                                 .context = console};
    console->pool = db_pool_new(console->kit->loop, &options, (int)console_config.database_connections);
    options.application_name = "paidan-console-side";
    console->side = db_new(console->kit->loop, &options);
    options.application_name = "paidan-console-background";
    options.force_generic_plan = true;
    console->background = db_pool_new(console->kit->loop, &options, BACKGROUND_CONNECTIONS);
    struct cache_options cache = {.socket_path = config->redis_socket, .on_state = on_cache, .context = console};
    console->cache = cache_new(console->kit->loop, &cache);
}

static enum err console_open(struct kit *kit) {
    struct console *console = calloc(1, sizeof *console);
    must(console);
    kit->self = console;
    console->kit = kit;
    enum err err = load_keys(console);
    if (err != ERR_NONE) return err;
    open_stores(console);
    console->loader = reference_loader_new(console->side);
    console->who = who_finder_new(console->pool);
    console->commands = commands_new(console);
    console->followups = followups_new(console);
    console->events = events_waiting_new(console);
    console->delays = delays_new(&DELAYS_LOGIN);
    console->guesses = delays_new(&DELAYS_PROGRESS);
    console->board = board_new();
    console->reader = board_reader_new(console);
    console->streams = streams_new(console);
    console->figures = figures_keeper_new(console);
    err = news_open(console);
    if (err == ERR_NONE) err = gateway_open(console);
    if (err == ERR_NONE) console->attachments = attachments_new(console, &err);
    if (err != ERR_NONE) return err;
    console->tick = loop_timer_new(kit->loop, on_tick, console);
    loop_timer_start(console->tick, TICK_MS, TICK_MS);
    return ERR_NONE;
}

static bool console_ready(struct kit *kit, char ret_why[KIT_WHY_BYTES]) {
    const struct console *console = kit->self;
    const char *why = "";
    if (db_pool_up(console->pool) == 0)
        why = "the database does not answer";
    else if (!console->reference)
        why = "units and matters are not loaded yet";
    else if (!board_now(console->board)->rows)
        why = "the live queues are not read yet";
    snprintf(ret_why, KIT_WHY_BYTES, "%s", why);
    return !*why;
}

static bool console_drain(struct kit *kit) {
    struct console *console = kit->self;
    console->draining = true;
    return commands_under_way(console->commands) == 0 && attachments_under_way(console->attachments) == 0;
}

static void console_close(struct kit *kit) {
    struct console *console = kit->self;
    if (!console) return;
    if (console->tick) loop_timer_free(&console->tick);
    if (console->gateway) gateway_close(console);
    if (console->events) events_waiting_end(console->events);
    /* first what calls back, so that nothing is under way in what it calls back into */
    if (console->cache) cache_free(&console->cache);
    if (console->pool) db_pool_free(&console->pool);
    if (console->background) db_pool_free(&console->background);
    if (console->side) db_free(&console->side);
    if (console->attachments) attachments_free(&console->attachments);
    if (console->followups) followups_free(&console->followups);
    if (console->events) events_waiting_free(&console->events);
    if (console->gateway) gateway_free(console);
    if (console->figures) figures_keeper_free(&console->figures);
    if (console->loader) reference_loader_free(&console->loader);
    if (console->who) who_finder_free(&console->who);
    if (console->reader) board_reader_free(&console->reader);
    if (console->streams) streams_free(&console->streams);
    if (console->news) news_close(console);
    if (console->commands) commands_free(&console->commands);
    if (console->board) board_free(&console->board);
    if (console->delays) delays_free(&console->delays);
    if (console->guesses) delays_free(&console->guesses);
    if (console->reference) reference_release(&console->reference);
    if (console->keys) crypto_keys_free(&console->keys);
    buffer_done(&console->out);
    free(console);
    kit->self = NULL;
}

const struct service console_service = {
    .name = "console",
    .about_en = "Answers people: live queues, tickets, commands, administration.",
    .about_zh = "面向人的服务: 实时队列、工单、办理、管理。",
    .config_keys = keys,
    .config = &console_config,
    .open = console_open,
    .ready = console_ready,
    .drain = console_drain,
    .close = console_close,
};
