/* A growable run of bytes: what is encoded, sent and received goes through one of these, and it is reused, not remade.
 * A buffer that is all zero is a valid empty one. Memory running out is must(): every size that an outsider chooses is
 * limited before it reaches a buffer. Not a text library: bytes and lengths, with a NUL only where buffer_text() is asked. */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
    uint8_t *data; /* owned; may move at any append */
    size_t length;
    size_t capacity;
};

/* Empties it and keeps the memory for the next use. */
static inline void buffer_clear(struct buffer *buffer) {
    buffer->length = 0;
}

/* Gives the memory back; the buffer is a valid empty one afterwards. */
void buffer_done(struct buffer *buffer);

/* Makes sure that `more` bytes fit behind the end, and returns where they go. The caller adds to length itself. */
uint8_t *buffer_room(struct buffer *buffer, size_t more);

/* Makes room and takes it: returns where the caller must now write exactly `more` bytes. */
static inline uint8_t *buffer_extend(struct buffer *buffer, size_t more) {
    uint8_t *at = buffer->capacity - buffer->length >= more ? buffer->data + buffer->length : buffer_room(buffer, more);
    buffer->length += more;
    return at;
}

static inline void buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
    if (length > 0) memcpy(buffer_extend(buffer, length), bytes, length);
}

static inline void buffer_append_byte(struct buffer *buffer, uint8_t byte) {
    *buffer_extend(buffer, 1) = byte;
}

/* Without the closing NUL. */
static inline void buffer_append_text(struct buffer *buffer, const char *text) {
    buffer_append(buffer, text, strlen(text));
}

/* Decimal, no leading zeros. */
void buffer_append_int(struct buffer *buffer, int64_t value);

/* For messages and headers, not for the hot path. */
void buffer_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `count` bytes and moves the rest to the front. */
void buffer_drop(struct buffer *buffer, size_t count);

/* The content with a NUL behind it, which is not counted in length; good until the next append. */
const char *buffer_text(struct buffer *buffer);

#endif
