/* JSON out: every answer, event and record is written with this, straight into a buffer. Commas and nesting are kept by the
 * writer; a mistake in nesting is must(). Ids are strings, times RFC 3339 with offset, as common to the whole API. */
#ifndef COMMON_JSON_WRITER_H
#define COMMON_JSON_WRITER_H

#include "common/buffer.h"
#include "common/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
    struct buffer *to;  /* borrowed; appended to */
    uint64_t is_object; /* a bit per level */
    int depth;
    bool has_before; /* a value stands before on this level */
    bool has_key;    /* a key waits for its value */
};

/* Many values may be written one after another into the same buffer (NDJSON): json_writer_init again for each. */
void json_writer_init(struct json_writer *writer, struct buffer *to);
void json_writer_end(const struct json_writer *writer); /* must: everything opened is closed */

void json_open(struct json_writer *writer);       /* { */
void json_close(struct json_writer *writer);      /* } */
void json_open_list(struct json_writer *writer);  /* [ */
void json_close_list(struct json_writer *writer); /* ] */

/* The next value's name; plain ASCII written in the source, not escaped. */
void json_key(struct json_writer *writer, const char *key);
/* A name from data: escaped. */
void json_key_text(struct json_writer *writer, const char *key, size_t length);

void json_null(struct json_writer *writer);
void json_bool(struct json_writer *writer, bool value);
void json_int(struct json_writer *writer, int64_t value);   /* must: within +-2^53 */
void json_double(struct json_writer *writer, double value); /* shortest that reads back the same; not finite: null */
void json_text(struct json_writer *writer, const char *text,
               size_t length); /* valid UTF-8; what is not becomes U+FFFD */
void json_string(struct json_writer *writer, const char *text_or_null);
void json_id(struct json_writer *writer, int64_t id); /* "123" */
void json_time(struct json_writer *writer,
               time_ms time); /* "2026-11-21T09:30:00+08:00", with .123 when not a whole second */
void json_hex(struct json_writer *writer, const void *bytes, size_t length); /* "00ff" */
void json_raw(struct json_writer *writer, const void *json, size_t length);  /* a value that is JSON already */

/* key and value in one */
void json_put_null(struct json_writer *writer, const char *key);
void json_put_bool(struct json_writer *writer, const char *key, bool value);
void json_put_int(struct json_writer *writer, const char *key, int64_t value);
void json_put_double(struct json_writer *writer, const char *key, double value);
void json_put_text(struct json_writer *writer, const char *key, const char *text, size_t length);
void json_put_string(struct json_writer *writer, const char *key, const char *text_or_null);
void json_put_id(struct json_writer *writer, const char *key, int64_t id);
void json_put_time(struct json_writer *writer, const char *key, time_ms time);
void json_put_time_or_null(struct json_writer *writer, const char *key, time_ms time); /* 0: null */
void json_put_open(struct json_writer *writer, const char *key);                       /* "key": { */
void json_put_open_list(struct json_writer *writer, const char *key);                  /* "key": [ */

#endif
