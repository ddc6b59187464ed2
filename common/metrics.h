/* Counters, gauges and histograms, declared where they are counted and rendered as Prometheus text.
 *
 *     METRIC_COUNTER(accepted, "paidan_intake_requests_total", "Requests answered.", "result", "created", "repeated", "refused");
 *     metric_add(&accepted, 1, 1);                              result="repeated"
 *     METRIC_HISTOGRAM(commit_seconds, "paidan_router_commit_seconds", "Time of one commit.", METRIC_LATENCY);
 *     metric_observe(&commit_seconds, seconds);
 *
 * A metric has no label, or one label whose values are written down: no label grows with data (units, people, tickets).
 * They register themselves before main. From the loop's thread only. Units are in the name: _seconds, _bytes, _total. */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "common/buffer.h"

#include <stddef.h>
#include <stdint.h>

enum metric_kind { METRIC_KIND_COUNTER, METRIC_KIND_GAUGE, METRIC_KIND_HISTOGRAM };

struct metric {
    enum metric_kind kind;
    const char *name, *help;
    const char *const *labels; /* NULL, or the label's name and then its values, NULL at the end */
    const double *bounds;      /* histogram: upper bounds, rising */
    size_t series;             /* values of the label, or bounds + 1 */
    double *values;
    double sum; /* histogram */
    struct metric *next;
};

#define METRIC_DEFINE_(var, ...)                                                                                       \
    static struct metric var = {__VA_ARGS__};                                                                          \
    __attribute__((constructor)) static void var##_register_(void) {                                                   \
        metrics_register(&var);                                                                                        \
    }                                                                                                                  \
    struct metric /* swallows the semicolon */

/* METRIC_COUNTER(var, name, help [, label, value, value ...]) at file level, then metric_add(&var, index of the value or 0, by). */
#define METRIC_COUNTER(var, name_, help_, ...) METRIC_SCALAR_(var, METRIC_KIND_COUNTER, name_, help_, ##__VA_ARGS__)
#define METRIC_GAUGE(var, name_, help_, ...)   METRIC_SCALAR_(var, METRIC_KIND_GAUGE, name_, help_, ##__VA_ARGS__)
#define METRIC_SCALAR_(var, kind_, name_, help_, ...)                                                                  \
    static const char *const var##_labels_[] = {__VA_ARGS__ __VA_OPT__(, ) NULL};                                      \
    static double var##_values_[sizeof var##_labels_ / sizeof(char *)];                                                \
    METRIC_DEFINE_(var, .kind = kind_, .name = name_, .help = help_,                                                   \
                   .labels = sizeof var##_labels_ > sizeof(char *) ? var##_labels_ : NULL, .values = var##_values_,    \
                   .series = sizeof var##_labels_ > sizeof(char *) ? sizeof var##_labels_ / sizeof(char *) - 2 : 1)

#define METRIC_LATENCY 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10 /* seconds */
#define METRIC_HISTOGRAM(var, name_, help_, ...)                                                                       \
    static const double var##_bounds_[] = {__VA_ARGS__};                                                               \
    static double var##_values_[sizeof var##_bounds_ / sizeof(double) + 1];                                            \
    METRIC_DEFINE_(var, .kind = METRIC_KIND_HISTOGRAM, .name = name_, .help = help_, .bounds = var##_bounds_,          \
                   .values = var##_values_, .series = sizeof var##_bounds_ / sizeof(double) + 1)

void metrics_register(struct metric *metric); /* by the macros */

void metric_add(struct metric *metric, size_t which, double by);    /* counter or gauge; must: which < series */
void metric_set(struct metric *metric, size_t which, double value); /* gauge, or a counter that is kept elsewhere */
void metric_observe(struct metric *metric, double value);           /* histogram */

/* Reading back, for tests and readiness. */
double metric_value(const struct metric *metric, size_t which); /* histogram: the count, which = 0 */

/* All metrics of the process, sorted by name, and the process_... ones (memory, descriptors, CPU, threads). Reads /proc, does
 * not block on anything else. */
void metrics_render(struct buffer *out);

#endif
