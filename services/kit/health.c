/* What every service says about itself by HTTP: alive, ready (or why not), and its metrics. */
#include "services/kit/kit_internal.h"

#include "common/clock.h"
#include "common/json_writer.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/version.h"
#include "proto/must.h"

#include <stdlib.h>
#include <string.h>

METRIC_GAUGE(ready, "paidan_ready", "1 when the service can do its job now.");
METRIC_COUNTER(log_lost, "paidan_log_lost_total", "Log records that could not be written.");
METRIC_COUNTER(answers, "paidan_http_answers_total", "HTTP answers by class.", "status", "2xx", "3xx", "4xx", "5xx");
METRIC_COUNTER(troubles, "paidan_http_troubles_total",
               "HTTP requests shed, answered too late, or abandoned by the client.", "what", "shed", "late",
               "client_gone", "stream_too_slow");
METRIC_GAUGE(open_now, "paidan_http_open", "What is open now.", "what", "requests", "streams", "connections");

static void answer_state(struct http_request *request, const struct kit_life *life, const char *state) {
    struct buffer body = {0};
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open(&writer);
    json_put_string(&writer, "status", state);
    json_put_string(&writer, "service", life->kit.service->name);
    json_put_string(&writer, "version", PAIDAN_VERSION);
    json_put_time(&writer, "now", clock_now());
    json_put_bool(&writer, "test_clock", clock_is_test());
    json_close(&writer);
    json_writer_end(&writer);
    http_answer_json(request, 200, &body);
    buffer_done(&body);
}

static void answer_alive(void *context, struct http_request *request) {
    answer_state(request, context, "alive");
}

static void answer_ready(void *context, struct http_request *request) {
    const struct kit_life *life = context;
    if (life->is_ready) {
        answer_state(request, life, "ready");
        return;
    }
    const struct http_problem problem = {
        .status = 503,
        .type = "not-ready",
        .title = {"尚未就绪", "Not ready"},
        .detail = {life->why, life->why},
        .retry_after_s = 1,
    };
    http_problem(request, &problem);
}

static void gather_http(const struct http *http) {
    struct http_counters counters;
    http_counters(http, &counters);
    metric_set(&answers, 0, (double)counters.answered_2xx);
    metric_set(&answers, 1, (double)counters.answered_3xx);
    metric_set(&answers, 2, (double)counters.answered_4xx);
    metric_set(&answers, 3, (double)counters.answered_5xx);
    metric_set(&troubles, 0, (double)counters.shed);
    metric_set(&troubles, 1, (double)counters.late);
    metric_set(&troubles, 2, (double)counters.clients_gone);
    metric_set(&troubles, 3, (double)counters.streams_slow_closed);
    metric_set(&open_now, 0, counters.requests_now);
    metric_set(&open_now, 1, counters.streams_now);
    metric_set(&open_now, 2, counters.connections_now);
}

static void answer_metrics(void *context, struct http_request *request) {
    const struct kit_life *life = context;
    struct buffer body = {0};
    gather_http(life->kit.http);
    metric_set(&ready, 0, life->is_ready);
    metric_set(&log_lost, 0, (double)log_lost_count());
    metrics_render(&body);
    http_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", body.data, body.length);
    buffer_done(&body);
}

struct http_route *kit_health_routes(const struct service *service) {
    static const struct http_route own[] = {
        {.method = HTTP_GET, .pattern = "/healthz", .handler = answer_alive, .flags = HTTP_ALWAYS},
        {.method = HTTP_GET, .pattern = "/readyz", .handler = answer_ready, .flags = HTTP_ALWAYS},
        {.method = HTTP_GET, .pattern = "/metrics", .handler = answer_metrics, .flags = HTTP_ALWAYS},
    };
    size_t own_count = sizeof own / sizeof own[0], count = 0;
    while (service->routes && service->routes[count].pattern) count++;
    struct http_route *routes = calloc(own_count + count + 1, sizeof *routes);
    must(routes != NULL);
    memcpy(routes, own, sizeof own);
    if (count) memcpy(routes + own_count, service->routes, count * sizeof *routes);
    return routes;
}
