/* The log: one JSON object a line on stderr, made for machines to search and for people to read.
 *
 *     log_info("request_accepted", LOG_TEXT("source", source), LOG_ID("request", id), LOG_INT("bytes", len));
 *
 * RULE: never personal data. Ids and counts, not names, phones, addresses, titles or bodies. faults.md plants 100 phone numbers
 * and searches the log for them. Event names are snake_case and constant, so that they can be counted.
 * Only services log; library code returns an enum err. Each call site writes at most LOG_BURST records a second; the next
 * record after a silence carries "suppressed". A record is at most LOG_LINE_BYTES and written by one write(2): it blocks when
 * stderr does. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

#define LOG_BURST      50
#define LOG_LINE_BYTES 4096

enum log_kind { LOG_KIND_NONE, LOG_KIND_TEXT, LOG_KIND_INT, LOG_KIND_ID, LOG_KIND_REAL, LOG_KIND_BOOL };

struct log_field {
    const char *name;
    enum log_kind kind;
    size_t len;
    union {
        const char *text;
        int64_t integer;
        double real;
    } value;
};

struct log_site { /* one per call, static, zero */
    int64_t window_start_ms;
    int32_t in_window;
    int32_t suppressed;
};

#define LOG_TEXT(name_, text_)        ((struct log_field){name_, LOG_KIND_TEXT, (size_t)-1, {.text = (text_)}})
#define LOG_BYTES(name_, text_, len_) ((struct log_field){name_, LOG_KIND_TEXT, (len_), {.text = (text_)}})
#define LOG_INT(name_, value_)        ((struct log_field){name_, LOG_KIND_INT, 0, {.integer = (value_)}})
#define LOG_ID(name_, value_)         ((struct log_field){name_, LOG_KIND_ID, 0, {.integer = (value_)}}) /* in quotes */
#define LOG_REAL(name_, value_)       ((struct log_field){name_, LOG_KIND_REAL, 0, {.real = (value_)}})
#define LOG_BOOL(name_, value_)       ((struct log_field){name_, LOG_KIND_BOOL, 0, {.integer = (value_)}})
#define LOG_ERR(err_)                 LOG_TEXT("err", err_name(err_))

#define LOG_AT_(level_, event_, ...)                                                                                   \
    do {                                                                                                               \
        static struct log_site log_site_;                                                                              \
        const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                                                   \
        if (log_is_on(level_))                                                                                         \
            log_write(&log_site_, level_, event_, log_fields_ + 1, sizeof log_fields_ / sizeof log_fields_[0] - 1);    \
    } while (0)

#define log_debug(event, ...) LOG_AT_(LOG_DEBUG, event, ##__VA_ARGS__)
#define log_info(event, ...)  LOG_AT_(LOG_INFO, event, ##__VA_ARGS__)
#define log_warn(event, ...)  LOG_AT_(LOG_WARN, event, ##__VA_ARGS__)
#define log_error(event, ...) LOG_AT_(LOG_ERROR, event, ##__VA_ARGS__)

/* Who writes (static text, shown as "service") and what is left out. Before this: "paidan", LOG_INFO. */
void log_open(const char *service, enum log_level level_min);

/* Writes elsewhere than to stderr (tests). The descriptor stays the caller's. */
void log_to(int fd);

bool log_is_on(enum log_level level);

/* Use the macros. site may be NULL: then not rate-limited. */
void log_write(struct log_site *site, enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

/* Records that could not be written (disk full, closed pipe) since the start. */
int64_t log_lost_count(void);

#endif
