/* The life of a service: configure, open, become ready, run, drain, close. */
#include "services/kit/kit_internal.h"

#include "common/clock.h"
#include "common/crypto.h"
#include "common/failpoint.h"
#include "common/file.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/version.h"
#include "proto/must.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK_MS       20   /* until ready, and while draining */
#define READY_TICK_MS 1000 /* once ready: notice that it no longer is */

METRIC_HISTOGRAM(turn_seconds, "paidan_loop_turn_seconds", "Time of one turn of the loop without its wait.",
                 METRIC_LATENCY);

void kit_path(const struct kit *kit, const char *below, char ret_path[KIT_PATH_BYTES]) {
    int len = snprintf(ret_path, KIT_PATH_BYTES, "%s/%s", kit->config->run_dir, below);
    must(len > 0 && len < KIT_PATH_BYTES);
}

void kit_fail(struct kit *kit, const char *why) {
    struct kit_life *life = (struct kit_life *)kit;
    if (life->has_failed) return;
    life->has_failed = true;
    snprintf(life->failure, sizeof life->failure, "%s", why);
    loop_stop(kit->loop);
}

/* ---- becoming and staying ready */

static void announce_ready(struct kit_life *life) {
    if (life->ready_fd < 0) return;
    if (write(life->ready_fd, "\n", 1) != 1) log_warn("ready_not_announced");
    close(life->ready_fd);
    life->ready_fd = -1;
}

static void look_whether_ready(struct kit_life *life) {
    const struct service *service = life->kit.service;
    char why[KIT_WHY_BYTES] = "";
    bool was_ready = life->is_ready;
    life->is_ready = !service->ready || service->ready(&life->kit, why);
    if (life->is_ready != was_ready)
        loop_timer_start(life->tick, life->is_ready ? READY_TICK_MS : TICK_MS,
                         life->is_ready ? READY_TICK_MS : TICK_MS);
    if (life->is_ready && !was_ready) {
        log_info("ready");
        announce_ready(life);
    } else if (!life->is_ready && (was_ready || strcmp(why, life->why))) {
        log_warn("not_ready", LOG_TEXT("why", why));
    }
    snprintf(life->why, sizeof life->why, "%s", why);
}

/* ---- draining */

static void finish(struct kit_life *life, int exit_code) {
    life->exit_code = exit_code;
    loop_stop(life->kit.loop);
}

static void drain_is_late(void *context) {
    log_warn("drain_deadline_passed");
    finish(context, KIT_EXIT_DRAIN_TIMEOUT);
}

static void http_is_drained(void *context) {
    ((struct kit_life *)context)->is_http_drained = true;
}

static void start_draining(void *context, int number) {
    struct kit_life *life = context;
    if (life->is_draining) { /* asked twice: somebody is impatient */
        finish(life, KIT_EXIT_DRAIN_TIMEOUT);
        return;
    }
    log_info("draining", LOG_INT("signal", number));
    life->is_draining = true;
    life->is_ready = false;
    snprintf(life->why, sizeof life->why, "draining");
    int64_t drain_ms = life->config.drain_ms;
    http_drain(life->kit.http, drain_ms, http_is_drained, life);
    loop_timer_start(life->drain_deadline, drain_ms, 0);
    loop_timer_start(life->tick, 0, TICK_MS);
}

static void tick(void *context) {
    struct kit_life *life = context;
    if (!life->is_draining) {
        look_whether_ready(life);
        return;
    }
    bool (*drain)(struct kit *) = life->kit.service->drain;
    bool is_idle = !drain || drain(&life->kit);
    if (is_idle && life->is_http_drained) finish(life, KIT_EXIT_OK);
}

/* ---- how long turns take */

static bool note_turn_begin(void *context) {
    ((struct kit_life *)context)->turn_began_ns = clock_monotonic_ns();
    return false;
}

static bool note_turn_end(void *context) {
    struct kit_life *life = context;
    if (life->turn_began_ns) metric_observe(&turn_seconds, (double)(clock_monotonic_ns() - life->turn_began_ns) / 1e9);
    life->turn_began_ns = 0;
    return false;
}

/* ---- opening and closing */

static bool open_http(struct kit_life *life) {
    char path[KIT_PATH_BYTES], name[80];
    snprintf(name, sizeof name, "http/%s.sock", life->kit.service->name);
    kit_path(&life->kit, name, path);
    life->routes = kit_health_routes(life->kit.service);
    const struct http_options options = {
        .socket_path = path, .socket_mode = 0600, .routes = life->routes, .context = &life->kit};
    enum err err = http_new(life->kit.loop, &options, &life->kit.http);
    if (err) log_error("http_not_opened", LOG_TEXT("socket", path), LOG_ERR(err));
    return !err;
}

static bool make_folders(const struct kit *kit) {
    static const char *const names[] = {"bus", "http"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[KIT_PATH_BYTES];
        kit_path(kit, names[i], path);
        enum err err = file_make_folder(path, 0700);
        if (err) log_error("folder_not_made", LOG_TEXT("folder", path), LOG_ERR(err));
        if (err) return false;
    }
    return true;
}

static void open_loop(struct kit_life *life) {
    struct loop *loop = life->kit.loop = loop_new();
    life->tick = loop_timer_new(loop, tick, life);
    life->drain_deadline = loop_timer_new(loop, drain_is_late, life);
    life->on_term = loop_signal_new(loop, SIGTERM, start_draining, life);
    life->on_int = loop_signal_new(loop, SIGINT, start_draining, life);
    life->turn_begins = loop_hook_new(loop, LOOP_AFTER_WAIT, note_turn_begin, life);
}

static bool open_all(struct kit_life *life) {
    const struct service *service = life->kit.service;
    enum err err = crypto_open();
    if (err) log_error("no_randomness", LOG_ERR(err));
    if (err || !make_folders(&life->kit)) return false;
    open_loop(life);
    err = service->open(&life->kit);
    if (err) log_error("not_opened", LOG_ERR(err));
    if (err || !open_http(life)) return false;
    life->turn_ends =
        loop_hook_new(life->kit.loop, LOOP_BEFORE_WAIT, note_turn_end, life); /* last, behind the service's */
    loop_timer_start(life->tick, 0, TICK_MS);
    return true;
}

static void close_all(struct kit_life *life) {
    if (!life->kit.loop) return;
    if (life->kit.service->close) life->kit.service->close(&life->kit);
    http_free(&life->kit.http);
    loop_hook_free(&life->turn_begins);
    loop_hook_free(&life->turn_ends);
    loop_timer_free(&life->tick);
    loop_timer_free(&life->drain_deadline);
    loop_signal_free(&life->on_term);
    loop_signal_free(&life->on_int);
    loop_free(&life->kit.loop);
    free(life->routes);
}

/* ---- the whole */

/* The soft limit of descriptors is often 1,024, fewer than the streams of a full house; the hard one is ours to use. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(struct kit_life *life) {
    const char *clock_file = life->config.clock_file;
    enum err err = clock_open(clock_file);
    if (err) {
        log_error("clock_not_opened", LOG_TEXT("clock_file", clock_file), LOG_ERR(err));
        return KIT_EXIT_USAGE;
    }
    log_info("starting", LOG_TEXT("version", PAIDAN_VERSION), LOG_INT("pid", getpid()),
             LOG_BOOL("test_clock", clock_is_test()));
    raise_descriptor_limit();
    bool is_open = !failpoint("kit.start") && open_all(life); /* also refuses malformed failpoints at once */
    if (is_open) loop_run(life->kit.loop);
    if (life->has_failed) {
        /* Crash-only: whatever was ours may be another's by now, so nothing is tidied up. */
        log_error("gave_up", LOG_TEXT("why", life->failure));
        _exit(KIT_EXIT_FAILED);
    }
    close_all(life);
    if (!is_open) return KIT_EXIT_FAILED;
    log_info("stopped", LOG_INT("exit_code", life->exit_code));
    return life->exit_code;
}

static int print_buffer(struct buffer *text) {
    fwrite(text->data, 1, text->length, stdout);
    buffer_done(text);
    return KIT_EXIT_OK;
}

static int configured(struct kit_life *life, const struct kit_args *args, const struct config_table *tables) {
    struct buffer text = {0};
    char message[CONFIG_MESSAGE_BYTES];
    if (config_load(tables, args->config_path, args->overrides, args->override_count, message)) {
        fprintf(stderr, "paidan-%s: %s\n", life->kit.service->name, message);
        return KIT_EXIT_USAGE;
    }
    int code = KIT_EXIT_OK;
    if (args->mode == KIT_SHOW_CONFIG) {
        config_show(tables, &text);
        print_buffer(&text);
    } else {
        log_open(life->kit.service->name, (enum log_level)life->config.log_level);
        code = run(life);
    }
    config_clear(tables);
    return code;
}

int kit_main(int argc, char **argv, const struct service *service) {
    struct kit_args args;
    if (!kit_args_parse(argc, argv, service, &args)) return KIT_EXIT_USAGE;
    static struct kit_life life; /* one per process; its address is what services keep */
    life = (struct kit_life){
        .kit = {.service = service, .config = &life.config}, .ready_fd = args.ready_fd, .why = "starting"};
    const struct config_table tables[] = {
        {"Every service", "各服务共有", kit_keys, &life.config},
        {service->about_en, service->about_zh, service->config_keys, service->config},
        {0},
    };
    struct buffer text = {0};
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    switch (args.mode) {
    case KIT_HELP:
        kit_args_help(service);
        return KIT_EXIT_OK;
    case KIT_VERSION:
        printf("paidan-%s %s\n", service->name, PAIDAN_VERSION);
        return KIT_EXIT_OK;
    case KIT_CONFIG_DOC:
        config_doc(tables, &text);
        return print_buffer(&text);
    default:
        return configured(&life, &args, tables);
    }
}
