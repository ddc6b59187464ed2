/* The router as a service: its configuration, its parts put together, its health. See router.h for the way of a message. */
#include "services/router/router.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/must.h"

struct router_config router_config;

static const struct config_key keys[] = {
    CONFIG_KEY(struct router_config, shard, CONFIG_INT, "1", .min = 1, .max = 99,
               .doc_en = "The shard (district) this router writes.", .doc_zh = "本进程负责的分片 (区)。"),
    CONFIG_KEY(struct router_config, lease, CONFIG_DURATION, "2s", .min = 500, .max = 60000,
               .doc_en = "How long the shard stays held after the last sign of life; another router waits that long "
                         "before it takes over.",
               .doc_zh = "最后一次活动之后继续占有分片的时间; 其他进程等过这段时间才接管。"),
    CONFIG_KEY(struct router_config, batch_max, CONFIG_INT, "1000", .min = 1, .max = BATCH_COMMANDS_MAX,
               .doc_en = "Commands decided in one transaction at most.", .doc_zh = "一个事务中最多处理的命令数。"),
    CONFIG_KEY(struct router_config, ahead_min, CONFIG_INT, "100", .min = 1, .max = BATCH_COMMANDS_MAX,
               .doc_en =
                   "So many commands waiting are decided and sent while a transaction is still under way; fewer wait "
                   "for its end.",
               .doc_zh = "等待的命令达到此数时, 不等上一事务结束即开始处理下一批; 不足则等待。"),
    CONFIG_KEY(struct router_config, backlog_max, CONFIG_INT, "50000", .min = 100, .max = 1000000,
               .doc_en = "Commands waiting before the router stops taking more and senders answer 503.",
               .doc_zh = "排队命令的上限; 超过后不再接收, 前端返回 503。"),
    QUIET_CONFIG_KEY(struct router_config),
    CONFIG_END};

static struct db_group **groups_of(struct router *r, size_t i) {
    struct db_group **all[] = {&r->flights[0].read,  &r->flights[0].write, &r->flights[1].read,
                               &r->flights[1].write, &r->lease_group,      &r->load_group,
                               &r->sweep_group,      &r->park_group,       &r->partition_group};
    return i < sizeof all / sizeof all[0] ? all[i] : NULL;
}

static void gathered(void *context) {
    cycle_turn(context);
}

static void on_reads_state(void *context, struct db *db, enum err err, const char *message) {
    const struct router *r = context;
    (void)message;
    quiet_connection(r->quiet, db, err == ERR_NONE);
}

/* Messages a second. At 1,200 the p99 of a ticket is still better on one core, at 2,000 the median is worse. */
enum { MESSAGES_BUSY_ABOVE = 1200, MESSAGES_QUIET_BELOW = 900 };

static int64_t load(void *context, int64_t elapsed_ms) {
    struct router *r = context;
    uint64_t taken = r->taken - r->taken_before;
    r->taken_before = r->taken;
    bool works = r->state != ROUTER_SERVING || !projection_is_live(r->projection); /* on something else */
    bool lags = r->inbox_count >= (size_t)router_config.ahead_min; /* a slower core may not get that many done */
    if (works || lags) return QUIET_NEVER;
    return (int64_t)taken * 1000 / elapsed_ms;
}

static enum err router_open(struct kit *kit) {
    struct router *r = calloc(1, sizeof *r);
    must(r);
    kit->self = r;
    r->kit = kit;
    r->engine = engine_new();
    for (size_t i = 0; groups_of(r, i); i++) *groups_of(r, i) = db_group_new();
    for (int i = 0; i < FLIGHTS; i++) r->flights[i].router = r;
    r->quiet = quiet_new(kit->loop, &(struct quiet_options){.core = (int)router_config.quiet_core,
                                                            .leave_above = MESSAGES_BUSY_ABOVE,
                                                            .return_below = MESSAGES_QUIET_BELOW,
                                                            .load = load,
                                                            .context = r});
    doors_open(r);
    struct db_options options = {.conninfo = kit->config->database,
                                 .application_name = "paidan-router",
                                 .force_generic_plan = true,
                                 .require_durable = true,
                                 .on_state = shard_db_state,
                                 .context = r,
                                 .backoff_max_ms = 250};
    r->projection = projection_new(kit->loop, kit->config->redis_socket, r->engine);
    r->db = db_new(kit->loop, &options);
    struct db_options reads = {.conninfo = kit->config->database,
                               .application_name = "paidan-router-reads",
                               .force_generic_plan = true,
                               .on_state = on_reads_state,
                               .context = r,
                               .backoff_max_ms = 250};
    r->reads = db_new(kit->loop, &reads);
    struct db_options side = {.conninfo = kit->config->database,
                              .application_name = "paidan-router-side",
                              .force_generic_plan = true,
                              .backoff_max_ms = 250};
    r->side = db_new(kit->loop, &side);
    r->loader = reference_loader_new(r->side);
    r->timer = loop_timer_new(kit->loop, shard_tick, r);
    r->gather = loop_timer_new(kit->loop, gathered, r);
    r->hook = loop_hook_new(kit->loop, LOOP_BEFORE_WAIT, cycle_turn, r);
    loop_timer_start(r->timer, 50, 50);
    return ERR_NONE;
}

static bool router_ready(struct kit *kit, char ret_why[KIT_WHY_BYTES]) {
    const struct router *r = kit->self;
    static const char *const why[] = {[ROUTER_AWAY] = "the database does not answer",
                                      [ROUTER_LEASING] = "another router holds the shard",
                                      [ROUTER_LOADING] = "open tickets are being loaded",
                                      [ROUTER_SERVING] = ""};
    snprintf(ret_why, KIT_WHY_BYTES, "%s", why[r->state]);
    return r->state == ROUTER_SERVING;
}

static bool router_drain(struct kit *kit) {
    struct router *r = kit->self;
    r->draining = true;
    return r->state != ROUTER_SERVING || cycle_is_idle(r);
}

static void router_close(struct kit *kit) {
    struct router *r = kit->self;
    if (!r) return;
    r->state = ROUTER_AWAY; /* callbacks of what is still under way do nothing */
    quiet_free(&r->quiet);
    loop_hook_free(&r->hook);
    loop_timer_free(&r->timer);
    loop_timer_free(&r->gather);
    projection_free(&r->projection);
    db_free(&r->db);
    db_free(&r->reads);
    db_free(&r->side);
    reference_loader_free(&r->loader);
    for (size_t i = 0; groups_of(r, i); i++) db_group_free(groups_of(r, i));
    cycle_drop(r);
    doors_close(r);
    engine_free(&r->engine);
    reference_release(&r->reference);
    free(r->recount);
    free(r);
    kit->self = NULL;
}

const struct service router_service = {
    .name = "router",
    .about_en = "Decides what becomes of each ticket: the only writer of its shard.",
    .about_zh = "决定每张工单的去向: 所辖分片的唯一写入者。",
    .config_keys = keys,
    .config = &router_config,
    .open = router_open,
    .ready = router_ready,
    .drain = router_drain,
    .close = router_close,
};
