/* Metrics: a list of static structs, rendered as Prometheus text format 0.0.4. */
#include "common/metrics.h"

#include "proto/must.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static struct metric *all; /* sorted by name */

void metrics_register(struct metric *metric) {
    struct metric **link = &all;
    while (*link && strcmp((*link)->name, metric->name) < 0) link = &(*link)->next;
    must(!*link || strcmp((*link)->name, metric->name)); /* one name, one metric */
    metric->next = *link;
    *link = metric;
}

void metric_add(struct metric *metric, size_t which, double by) {
    must(which < metric->series && metric->kind != METRIC_KIND_HISTOGRAM);
    metric->values[which] += by;
}

void metric_set(struct metric *metric, size_t which, double value) {
    must(which < metric->series && metric->kind != METRIC_KIND_HISTOGRAM);
    metric->values[which] = value;
}

void metric_observe(struct metric *metric, double value) {
    must(metric->kind == METRIC_KIND_HISTOGRAM);
    size_t i = 0;
    while (i + 1 < metric->series && value > metric->bounds[i]) i++;
    metric->values[i]++;
    metric->sum += value;
}

double metric_value(const struct metric *metric, size_t which) {
    must(which < metric->series);
    if (metric->kind != METRIC_KIND_HISTOGRAM) return metric->values[which];
    double count = 0;
    for (size_t i = 0; i < metric->series; i++) count += metric->values[i];
    return count;
}

static void render_head(struct buffer *out, const char *name, const char *help, const char *kind) {
    buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void render_number(struct buffer *out, double value) {
    buffer_format(out, value == (double)(int64_t)value ? " %.0f\n" : " %.9g\n", value);
}

static void render_scalar(struct buffer *out, const struct metric *metric) {
    render_head(out, metric->name, metric->help, metric->kind == METRIC_KIND_GAUGE ? "gauge" : "counter");
    for (size_t i = 0; i < metric->series; i++) {
        buffer_append_text(out, metric->name);
        if (metric->labels) buffer_format(out, "{%s=\"%s\"}", metric->labels[0], metric->labels[i + 1]);
        render_number(out, metric->values[i]);
    }
}

static void render_histogram(struct buffer *out, const struct metric *metric) {
    render_head(out, metric->name, metric->help, "histogram");
    double count = 0;
    for (size_t i = 0; i < metric->series; i++) {
        count += metric->values[i];
        if (i + 1 < metric->series)
            buffer_format(out, "%s_bucket{le=\"%g\"}", metric->name, metric->bounds[i]);
        else
            buffer_format(out, "%s_bucket{le=\"+Inf\"}", metric->name);
        render_number(out, count);
    }
    buffer_format(out, "%s_sum", metric->name);
    render_number(out, metric->sum);
    buffer_format(out, "%s_count", metric->name);
    render_number(out, count);
}

/* ---- the process itself */

static void render_gauge(struct buffer *out, const char *name, const char *help, const char *kind, double value) {
    render_head(out, name, help, kind);
    buffer_append_text(out, name);
    render_number(out, value);
}

static double count_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return 0;
    double count = -3; /* . and .. and this one */
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

struct process_facts {
    double resident_bytes, threads, start_seconds;
};

/* Fields 20, 22 and 24 of /proc/self/stat; the name (field 2) may hold spaces, so count from the last bracket. */
static struct process_facts read_stat(void) {
    struct process_facts facts = {0};
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[len] = 0;
    char *at = strrchr(text, ')'), *rest = NULL;
    at = at ? strtok_r(at + 1, " ", &rest) : NULL;
    for (int field = 3; at; field++, at = strtok_r(NULL, " ", &rest)) {
        if (field == 20) facts.threads = atof(at);
        if (field == 22) facts.start_seconds = atof(at) / (double)sysconf(_SC_CLK_TCK);
        if (field == 24) facts.resident_bytes = atof(at) * (double)sysconf(_SC_PAGESIZE);
    }
    return facts;
}

static double age_seconds(double start_after_boot) {
    struct timespec since_boot;
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    return (double)since_boot.tv_sec + (double)since_boot.tv_nsec / 1e9 - start_after_boot;
}

static void render_process(struct buffer *out) {
    struct process_facts facts = read_stat();
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    render_gauge(out, "process_age_seconds", "Time since the process started.", "gauge",
                 age_seconds(facts.start_seconds));
    render_gauge(out, "process_cpu_seconds_total", "CPU time used.", "counter", cpu);
    render_gauge(out, "process_open_fds", "Open descriptors.", "gauge", count_descriptors());
    render_gauge(out, "process_resident_memory_bytes", "Resident memory.", "gauge", facts.resident_bytes);
    render_gauge(out, "process_threads", "Threads.", "gauge", facts.threads);
}

void metrics_render(struct buffer *out) {
    for (const struct metric *metric = all; metric; metric = metric->next) {
        if (metric->kind == METRIC_KIND_HISTOGRAM)
            render_histogram(out, metric);
        else
            render_scalar(out, metric);
    }
    render_process(out);
}
