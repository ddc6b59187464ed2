/* The growing and formatting parts of common/buffer.h; what is hot is inline there. */
#include "common/buffer.h"
#include "proto/must.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUFFER_FIRST = 256 };

void buffer_done(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}

uint8_t *buffer_room(struct buffer *buffer, size_t more) {
    if (buffer->capacity - buffer->length < more) {
        must(more <= SIZE_MAX / 2 - buffer->length);
        size_t capacity = buffer->capacity > 0 ? buffer->capacity : BUFFER_FIRST;
        while (capacity - buffer->length < more) capacity *= 2;
        uint8_t *data = realloc(buffer->data, capacity);
        must(data != NULL);
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->length;
}

void buffer_append_int(struct buffer *buffer, int64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) digits[--at] = '-';
    buffer_append(buffer, digits + at, sizeof digits - at);
}

void buffer_format(struct buffer *buffer, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    must(length >= 0);
    uint8_t *at = buffer_room(buffer, (size_t)length + 1);
    vsnprintf((char *)at, (size_t)length + 1, format, again);
    buffer->length += (size_t)length;
    va_end(again);
    va_end(arguments);
}

void buffer_drop(struct buffer *buffer, size_t count) {
    must(count <= buffer->length);
    if (count > 0) memmove(buffer->data, buffer->data + count, buffer->length - count);
    buffer->length -= count;
}

const char *buffer_text(struct buffer *buffer) {
    *buffer_room(buffer, 1) = 0;
    return (const char *)buffer->data;
}
