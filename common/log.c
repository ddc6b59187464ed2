/* One record, one line, one write(2). A field that does not fit is left out and "cut" says so. */
#include "common/log.h"

#include "common/clock.h"
#include "common/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 1024 /* bytes of one value */
#define RESERVE  48   /* room kept for ,"suppressed":N,"cut":true} and the line end */

static const char *service_name = "paidan";
static enum log_level level_min = LOG_INFO;
static int output = STDERR_FILENO;
static int64_t lost_count;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

struct line {
    char bytes[LOG_LINE_BYTES];
    size_t len, room;
    bool cut;
};

void log_open(const char *service, enum log_level level) {
    service_name = service;
    level_min = level;
}

void log_to(int fd) {
    output = fd;
}

bool log_is_on(enum log_level level) {
    return level >= level_min;
}

int64_t log_lost_count(void) {
    return lost_count;
}

/* Adds all of it or nothing. */
PRINTF(2, 3) static void add(struct line *line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t left = line->room - line->len;
    int len = vsnprintf(line->bytes + line->len, left, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= left)
        line->cut = true;
    else
        line->len += (size_t)len;
}

static void add_text(struct line *line, const char *name, const char *text, size_t len) {
    char escaped[TEXT_MAX * 2];
    bool is_long = len > TEXT_MAX;
    if (is_long) len = TEXT_MAX;
    text_json_escape(text, len, escaped, sizeof escaped);
    add(line, ",\"%s\":\"%s%s\"", name, escaped, is_long ? "..." : "");
}

static void add_field(struct line *line, const struct log_field *field) {
    switch (field->kind) {
    case LOG_KIND_TEXT:
        if (!field->value.text)
            add(line, ",\"%s\":null", field->name);
        else {
            size_t len = field->len == (size_t)-1 ? strlen(field->value.text) : field->len;
            add_text(line, field->name, field->value.text, len);
        }
        break;
    case LOG_KIND_INT:
        add(line, ",\"%s\":%lld", field->name, (long long)field->value.integer);
        break;
    case LOG_KIND_ID:
        add(line, ",\"%s\":\"%lld\"", field->name, (long long)field->value.integer);
        break;
    case LOG_KIND_REAL:
        if (isfinite(field->value.real))
            add(line, ",\"%s\":%.6g", field->name, field->value.real);
        else
            add(line, ",\"%s\":null", field->name);
        break;
    case LOG_KIND_BOOL:
        add(line, ",\"%s\":%s", field->name, field->value.integer ? "true" : "false");
        break;
    case LOG_KIND_NONE:
        break;
    }
}

/* Whether this record may be written; the number that was not since the last one comes out with the first that is. */
static bool pass(struct log_site *site, int *ret_suppressed) {
    if (!site) return true;
    int64_t now = clock_monotonic_ms();
    if (site->window_start_ms == 0 || now - site->window_start_ms >= 1000) {
        site->window_start_ms = now;
        site->in_window = 0;
    }
    if (site->in_window >= LOG_BURST) {
        site->suppressed++;
        return false;
    }
    site->in_window++;
    *ret_suppressed = site->suppressed;
    site->suppressed = 0;
    return true;
}

void log_write(struct log_site *site, enum log_level level, const char *event, const struct log_field *fields,
               size_t count) {
    int suppressed = 0;
    if (!log_is_on(level) || !pass(site, &suppressed)) return;
    struct line line = {.room = LOG_LINE_BYTES - RESERVE};
    char time[CLOCK_TEXT_BYTES];
    clock_format(clock_now(), time);
    add(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"service\":\"%s\",\"event\":\"%s\"", time, level_names[level],
        service_name, event);
    for (size_t i = 0; i < count; i++) add_field(&line, &fields[i]);
    bool cut = line.cut;
    line.room = LOG_LINE_BYTES;
    if (suppressed) add(&line, ",\"suppressed\":%d", suppressed);
    if (cut) add(&line, ",\"cut\":true");
    add(&line, "}\n");
    if (write(output, line.bytes, line.len) != (ssize_t)line.len) lost_count++;
}
