/* The intake service put together; see intake.h for the way of a request. It needs PostgreSQL and nothing else to accept. */
#include "services/intake/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/must.h"

enum { TICK_MS = 250, PROBE_TIMEOUT_MS = 2000, LOAD_AGAIN_MS = 5000 };

struct intake_config intake_config;

static const struct config_key keys[] = {
    CONFIG_KEY(struct intake_config, waiting_max, CONFIG_INT, "40000", .min = 10, .max = 1000000,
               .doc_en = "Requests that may wait for their commit; more are answered 503.",
               .doc_zh = "等待提交的诉求上限; 超过后返回 503。"),
    CONFIG_KEY(struct intake_config, unconfirmed_max, CONFIG_INT, "20000", .min = 10, .max = 1000000,
               .doc_en = "Requests told to the router and not confirmed; beyond it the router finds them by itself.",
               .doc_zh = "已告知派单进程而未确认的诉求上限; 超过后由派单进程自行发现。"),
    CONFIG_KEY(struct intake_config, connections, CONFIG_INT, "2", .min = 1, .max = 16,
               .doc_en = "Connections to PostgreSQL that accept.", .doc_zh = "用于受理的数据库连接数。"),
    CONFIG_KEY(struct intake_config, disk_path, CONFIG_PATH, "",
               .doc_en = "A folder on the database's disk; empty: free space is not watched.",
               .doc_zh = "数据库所在磁盘上的目录; 为空则不检查剩余空间。"),
    CONFIG_KEY(struct intake_config, disk_free_min, CONFIG_SIZE, "512MiB",
               .doc_en = "Below this much free space requests are refused with 503, before PostgreSQL stops.",
               .doc_zh = "剩余空间低于此值时以 503 拒收, 以免数据库停止。"),
    CONFIG_KEY(struct intake_config, resident_source, CONFIG_TEXT, "resident-page",
               .doc_en =
                   "The source that residents' own reports (/m, without an account) belong to; empty: none are taken.",
               .doc_zh = "居民自行报送 (/m, 无需账号) 归入的来源; 为空则不接受。"),
    QUIET_CONFIG_KEY(struct intake_config),
    CONFIG_END};

static const struct db_statement PROBE = {"intake_probe", "SELECT version, pg_is_in_recovery() FROM world"};

/* ---- reference data ---------------------------------------------------------------------------------------------------------- */

static void on_reference(void *context, enum err err, struct reference *reference, const char *message) {
    struct intake *in = context;
    in->loading = false;
    char why[200];
    struct places *places = err == ERR_NONE ? places_new(reference, why) : NULL;
    in->load_failed_at = places ? 0 : clock_monotonic_ms();
    if (!places) {
        log_error("reference_not_loaded", LOG_ERR(err), LOG_TEXT("why", err == ERR_NONE ? why : message));
        if (err == ERR_NONE) reference_release(&reference);
        return;
    }
    places_free(&in->places);
    reference_release(&in->reference);
    in->places = places;
    in->reference = reference;
    log_info("reference_loaded", LOG_INT("version", reference->world.version));
}

static void load_reference(struct intake *in) {
    bool fresh = in->reference && in->reference->world.version >= in->world_wanted;
    bool patient = in->load_failed_at && clock_monotonic_ms() - in->load_failed_at < LOAD_AGAIN_MS;
    if (fresh || patient || in->loading || !db_is_up(in->side)) return;
    in->loading = true;
    reference_load(in->loader, on_reference, in);
}

static void on_world(void *context, uint32_t world) {
    struct intake *in = context;
    if (world > in->world_wanted) in->world_wanted = world;
}

/* ---- can it accept and commit now ------------------------------------------------------------------------------------------------ */

static void on_probed(void *context, const struct db_reply *reply) {
    struct intake *in = context;
    in->can_commit = reply->err == ERR_NONE && db_rows(reply->results[0]) == 1 && !db_get_bool(reply->results[0], 0, 1);
    if (in->can_commit) on_world(in, (uint32_t)db_get_int(reply->results[0], 0, 0));
}

static void watch_disk(struct intake *in) {
    struct statvfs disk;
    if (!intake_config.disk_path[0] || statvfs(intake_config.disk_path, &disk) != 0) return;
    bool full = (int64_t)(disk.f_bavail * disk.f_frsize) < intake_config.disk_free_min;
    if (full != in->disk_full) log_warn(full ? "disk_nearly_full" : "disk_free_again");
    in->disk_full = full;
}

static void on_tick(void *context) {
    struct intake *in = context;
    watch_disk(in);
    if (!db_pool_up(in->pool)) in->can_commit = false;
    load_reference(in);
    if (db_group_under_way(in->probe)) return;
    db_group_begin(in->probe, DB_READ);
    db_group_add(in->probe, &PROBE);
    db_send(in->side, in->probe, PROBE_TIMEOUT_MS, on_probed, in);
}

static void on_db_state(void *context, struct db *db, enum err err, const char *message) {
    struct intake *in = context;
    quiet_connection(in->quiet, db, err == ERR_NONE);
    if (err == ERR_NONE) return;
    log_warn("database_lost", LOG_TEXT("why", message));
    if (in->pool && !db_pool_up(in->pool)) in->can_commit = false;
}

/* A connection that is back is proof enough to look at once. */
static void on_side_state(void *context, struct db *db, enum err err, const char *message) {
    (void)db, (void)message;
    if (err == ERR_NONE) on_tick(context);
}

/* Rows a group. Those who push one by one and wait for the answer make small ones and are served fastest by one core at any rate; large ones
 * keep PostgreSQL busy while the next is read. */
enum { GROUP_BUSY_ABOVE = 100, GROUP_QUIET_BELOW = 50 };

static int64_t load(void *context, int64_t elapsed_ms) {
    struct intake *in = context;
    struct accept_sent sent = accept_sent(in->accept), before = in->sent_before;
    (void)elapsed_ms;
    in->sent_before = sent;
    return sent.groups == before.groups ? 0 : (int64_t)((sent.rows - before.rows) / (sent.groups - before.groups));
}

/* ---- the service -------------------------------------------------------------------------------------------------------------------- */

static enum err open_bus(struct intake *in) {
    char path[KIT_PATH_BYTES], router[KIT_PATH_BYTES + 8], news[KIT_PATH_BYTES + 8];
    kit_path(in->kit, "bus/router", path);
    snprintf(router, sizeof router, "ipc://%s", path);
    kit_path(in->kit, "bus/events", path);
    snprintf(news, sizeof news, "ipc://%s", path);
    in->push_keys = keys_new();
    in->forward = forward_new(in->kit->loop, router, news, intake_config.unconfirmed_max, on_world, in);
    return in->forward ? ERR_NONE : ERR_IO;
}

static enum err intake_open(struct kit *kit) {
    struct intake *in = calloc(1, sizeof *in);
    must(in);
    kit->self = in;
    in->kit = kit;
    char message[CRYPTO_MESSAGE_BYTES];
    enum err err = crypto_open();
    if (err == ERR_NONE) err = crypto_keys_load(kit->config->key_file, &in->keys, message);
    if (err != ERR_NONE) {
        log_error("keys_not_loaded", LOG_ERR(err), LOG_TEXT("why", message));
        return err;
    }
    err = open_bus(in);
    if (err != ERR_NONE) return err;
    in->probe = db_group_new();
    in->timer = loop_timer_new(kit->loop, on_tick, in);
    in->quiet = quiet_new(kit->loop, &(struct quiet_options){.core = (int)intake_config.quiet_core,
                                                             .leave_above = GROUP_BUSY_ABOVE,
                                                             .return_below = GROUP_QUIET_BELOW,
                                                             .load = load,
                                                             .context = in});
    struct db_options options = {.conninfo = kit->config->database,
                                 .application_name = "paidan-intake",
                                 .force_generic_plan = true,
                                 .require_durable = true,
                                 .backoff_max_ms = 250,
                                 .on_state = on_db_state,
                                 .context = in};
    in->pool = db_pool_new(kit->loop, &options, (int)intake_config.connections);
    options.application_name = "paidan-intake-side";
    options.on_state = on_side_state;
    in->side = db_new(kit->loop, &options);
    in->loader = reference_loader_new(in->side);
    in->bearers = bearers_new(in->pool);
    in->who = who_finder_new(in->pool);
    in->accept = accept_new(kit->loop, in->pool, in->keys, intake_config.waiting_max);
    accept_set_hold(in->accept, forward_is_enough, in->forward);
    accept_set_stored(in->accept, forward_stored, in->forward);
    in->bus_door = bus_door_new(in);
    if (!in->bus_door) return ERR_IO;
    loop_timer_start(in->timer, TICK_MS, TICK_MS);
    return ERR_NONE;
}

static bool intake_ready(struct kit *kit, char ret_why[KIT_WHY_BYTES]) {
    const struct intake *in = kit->self;
    const char *why = !in->can_commit  ? "the database does not answer"
                      : !in->reference ? "reference data are being loaded"
                      : in->disk_full  ? "the database's disk is nearly full"
                                       : "";
    snprintf(ret_why, KIT_WHY_BYTES, "%s", why);
    return !why[0];
}

static bool intake_drain(struct kit *kit) {
    struct intake *in = kit->self;
    in->draining = true;
    return accept_waiting(in->accept) == 0;
}

static void intake_close(struct kit *kit) {
    struct intake *in = kit->self;
    if (!in) return;
    quiet_free(&in->quiet);
    loop_timer_free(&in->timer);
    db_pool_free(&in->pool);
    db_free(&in->side);
    accept_free(&in->accept);
    bus_door_free(&in->bus_door);
    bearers_free(&in->bearers);
    who_finder_free(&in->who);
    forward_free(&in->forward);
    keys_free(&in->push_keys);
    reference_loader_free(&in->loader);
    places_free(&in->places);
    reference_release(&in->reference);
    db_group_free(&in->probe);
    crypto_keys_free(&in->keys);
    free(in);
    kit->self = NULL;
}

const struct service intake_service = {
    .name = "intake",
    .about_en = "Accepts requests: checked, stored, numbered, and only then confirmed.",
    .about_zh = "受理诉求: 校验、存储、编号, 之后才予确认。",
    .config_keys = keys,
    .config = &intake_config,
    .routes = intake_routes,
    .open = intake_open,
    .ready = intake_ready,
    .drain = intake_drain,
    .close = intake_close,
};
