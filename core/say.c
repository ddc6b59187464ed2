/* Appending text without memory or locale. See say.h. */
#include "core/say.h"

#include <string.h>

#include "proto/must.h"

void say_init(struct say *say, char *text, size_t size) {
    must(size >= 1);
    *say = (struct say){.text = text, .size = size};
    text[0] = '\0';
}

static bool is_continuation(char byte) {
    return ((unsigned char)byte & 0xC0) == 0x80;
}

void say_bytes(struct say *say, const char *text, size_t length) {
    if (say->full) return;
    size_t room = say->size - 1 - say->length;
    if (length > room) {
        length = room;
        while (length > 0 && is_continuation(text[length])) length--;
        say->full = true;
    }
    memcpy(say->text + say->length, text, length);
    say->length += length;
    say->text[say->length] = '\0';
}

void say_text(struct say *say, const char *text) {
    say_bytes(say, text, strlen(text));
}

void say_number(struct say *say, int64_t number, int width) {
    char digits[24];
    size_t start = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
        width--;
    } while ((rest > 0 || width > 0) && start > 1);
    if (number < 0) digits[--start] = '-';
    say_bytes(say, digits + start, sizeof digits - start);
}
