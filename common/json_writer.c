/* Writing JSON straight into a buffer. */
#include "common/json_writer.h"
#include "proto/must.h"
#include "proto/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64 };

void json_writer_init(struct json_writer *writer, struct buffer *to) {
    *writer = (struct json_writer){.to = to};
}

void json_writer_end(const struct json_writer *writer) {
    must(writer->depth == 0 && !writer->has_key && writer->has_before);
}

static bool in_object(const struct json_writer *writer) {
    return writer->depth > 0 && (writer->is_object >> (writer->depth - 1) & 1);
}

/* Before each value: the comma, unless the key has written it. */
static void value_begin(struct json_writer *writer) {
    if (writer->has_key) {
        writer->has_key = false;
        return;
    }
    must(!in_object(writer) && (writer->depth > 0 || !writer->has_before));
    if (writer->has_before) buffer_append_byte(writer->to, ',');
    writer->has_before = true;
}

static void open_level(struct json_writer *writer, bool is_object) {
    value_begin(writer);
    must(writer->depth < DEPTH_MAX);
    uint64_t bit = (uint64_t)1 << writer->depth;
    writer->is_object = is_object ? writer->is_object | bit : writer->is_object & ~bit;
    writer->depth++;
    writer->has_before = false;
    buffer_append_byte(writer->to, is_object ? '{' : '[');
}

static void close_level(struct json_writer *writer, bool is_object) {
    must(writer->depth > 0 && in_object(writer) == is_object && !writer->has_key);
    writer->depth--;
    writer->has_before = true;
    buffer_append_byte(writer->to, is_object ? '}' : ']');
}

void json_open(struct json_writer *writer) {
    open_level(writer, true);
}
void json_close(struct json_writer *writer) {
    close_level(writer, true);
}
void json_open_list(struct json_writer *writer) {
    open_level(writer, false);
}
void json_close_list(struct json_writer *writer) {
    close_level(writer, false);
}

/* ---- strings -------------------------------------------------------------------------------------------------------- */

static inline bool is_plain(uint8_t byte) {
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

static void append_escape(struct buffer *to, uint8_t byte) {
    static const char HEX[] = "0123456789abcdef";
    switch (byte) {
    case '"':
        buffer_append(to, "\\\"", 2);
        break;
    case '\\':
        buffer_append(to, "\\\\", 2);
        break;
    case '\n':
        buffer_append(to, "\\n", 2);
        break;
    case '\r':
        buffer_append(to, "\\r", 2);
        break;
    case '\t':
        buffer_append(to, "\\t", 2);
        break;
    default:
        buffer_append(to, (char[]){'\\', 'u', '0', '0', HEX[byte >> 4], HEX[byte & 15]}, 6);
    }
}

static void append_valid(struct buffer *to, const uint8_t *at, size_t length) {
    for (const uint8_t *end = at + length; at < end;) {
        const uint8_t *plain = at;
        while (at < end && is_plain(*at)) at++;
        buffer_append(to, plain, (size_t)(at - plain));
        if (at < end) append_escape(to, *at++);
    }
}

/* What is no UTF-8 has slipped through somewhere; the output stays valid all the same. */
static void append_string(struct buffer *to, const char *text, size_t length) {
    buffer_append_byte(to, '"');
    for (size_t at = 0; at < length;) {
        size_t valid = utf8_span(text + at, length - at);
        append_valid(to, (const uint8_t *)text + at, valid);
        at += valid;
        if (at == length) break;
        buffer_append_text(to, text[at++] == '\0' ? "\\u0000" : "\xef\xbf\xbd");
    }
    buffer_append_byte(to, '"');
}

static void key_begin(struct json_writer *writer) {
    must(in_object(writer) && !writer->has_key);
    if (writer->has_before) buffer_append_byte(writer->to, ',');
    writer->has_before = writer->has_key = true;
}

void json_key(struct json_writer *writer, const char *key) {
    key_begin(writer);
    size_t length = strlen(key);
    uint8_t *at = buffer_extend(writer->to, length + 3);
    at[0] = '"';
    memcpy(at + 1, key, length);
    at[length + 1] = '"';
    at[length + 2] = ':';
}

void json_key_text(struct json_writer *writer, const char *key, size_t length) {
    key_begin(writer);
    append_string(writer->to, key, length);
    buffer_append_byte(writer->to, ':');
}

void json_text(struct json_writer *writer, const char *text, size_t length) {
    value_begin(writer);
    append_string(writer->to, text, length);
}

void json_string(struct json_writer *writer, const char *text_or_null) {
    if (text_or_null == NULL)
        json_null(writer);
    else
        json_text(writer, text_or_null, strlen(text_or_null));
}

/* ---- the rest ------------------------------------------------------------------------------------------------------- */

void json_null(struct json_writer *writer) {
    json_raw(writer, "null", 4);
}

void json_bool(struct json_writer *writer, bool value) {
    json_raw(writer, value ? "true" : "false", value ? 4 : 5);
}

void json_int(struct json_writer *writer, int64_t value) {
    must(value >= -(1LL << 53) && value <= 1LL << 53);
    value_begin(writer);
    buffer_append_int(writer->to, value);
}

void json_double(struct json_writer *writer, double value) {
    char text[32];
    int length = 0;
    if (!isfinite(value)) {
        json_null(writer);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    json_raw(writer, text, (size_t)length);
}

void json_id(struct json_writer *writer, int64_t id) {
    value_begin(writer);
    buffer_append_byte(writer->to, '"');
    buffer_append_int(writer->to, id);
    buffer_append_byte(writer->to, '"');
}

void json_time(struct json_writer *writer, time_ms time) {
    char text[CLOCK_TEXT_BYTES];
    size_t length = clock_format(time, text);
    if (memcmp(text + 19, ".000", 4) == 0) {
        memmove(text + 19, text + 23, length - 23);
        length -= 4;
    }
    value_begin(writer);
    buffer_append_byte(writer->to, '"');
    buffer_append(writer->to, text, length);
    buffer_append_byte(writer->to, '"');
}

void json_hex(struct json_writer *writer, const void *bytes, size_t length) {
    static const char HEX[] = "0123456789abcdef";
    value_begin(writer);
    uint8_t *at = buffer_extend(writer->to, 2 * length + 2);
    *at++ = '"';
    for (size_t i = 0; i < length; i++) {
        *at++ = (uint8_t)HEX[((const uint8_t *)bytes)[i] >> 4];
        *at++ = (uint8_t)HEX[((const uint8_t *)bytes)[i] & 15];
    }
    *at = '"';
}

void json_raw(struct json_writer *writer, const void *json, size_t length) {
    value_begin(writer);
    buffer_append(writer->to, json, length);
}

void json_put_null(struct json_writer *writer, const char *key) {
    json_key(writer, key);
    json_null(writer);
}
void json_put_bool(struct json_writer *writer, const char *key, bool value) {
    json_key(writer, key);
    json_bool(writer, value);
}
void json_put_int(struct json_writer *writer, const char *key, int64_t value) {
    json_key(writer, key);
    json_int(writer, value);
}
void json_put_double(struct json_writer *writer, const char *key, double value) {
    json_key(writer, key);
    json_double(writer, value);
}
void json_put_text(struct json_writer *writer, const char *key, const char *text, size_t length) {
    json_key(writer, key);
    json_text(writer, text, length);
}
void json_put_string(struct json_writer *writer, const char *key, const char *text_or_null) {
    json_key(writer, key);
    json_string(writer, text_or_null);
}
void json_put_id(struct json_writer *writer, const char *key, int64_t id) {
    json_key(writer, key);
    json_id(writer, id);
}
void json_put_time(struct json_writer *writer, const char *key, time_ms time) {
    json_key(writer, key);
    json_time(writer, time);
}
void json_put_time_or_null(struct json_writer *writer, const char *key, time_ms time) {
    json_key(writer, key);
    if (time == 0)
        json_null(writer);
    else
        json_time(writer, time);
}
void json_put_open(struct json_writer *writer, const char *key) {
    json_key(writer, key);
    json_open(writer);
}
void json_put_open_list(struct json_writer *writer, const char *key) {
    json_key(writer, key);
    json_open_list(writer);
}
