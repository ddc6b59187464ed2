/* The table of channels, from channels.def. */
#include <stdio.h>
#include <string.h>

#include "services/notification/notification.h"

#define CHANNEL_ROW(name) {#name, channel_##name##_compose},
static const struct notification_channel channels[] = {CHANNELS(CHANNEL_ROW)};

const struct notification_channel *channel_by_name(const char *name) {
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        if (strcmp(channels[i].name, name) == 0) return &channels[i];
    return NULL;
}

bool letter_header(struct letter *letter, const char *name, const char *value) {
    if (letter->header_count == LETTER_HEADERS_MAX) return false;
    int len = snprintf(letter->headers[letter->header_count], LETTER_HEADER_BYTES, "%s: %s", name, value);
    if (len < 0 || len >= LETTER_HEADER_BYTES) return false;
    letter->header_count++;
    return true;
}
