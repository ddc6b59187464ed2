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

void letter_send(struct notification *n, const struct endpoint *endpoint, const struct letter *letter,
                 int64_t timeout_ms, client_done *done, void *context) {
    const char *headers[LETTER_HEADERS_MAX];
    for (size_t i = 0; i < letter->header_count; i++) headers[i] = letter->headers[i];
    struct client_request request = {.method = "POST",
                                     .url = endpoint->url,
                                     .headers = headers,
                                     .header_count = letter->header_count,
                                     .body = letter->body.data,
                                     .body_length = letter->body.length,
                                     .timeout_ms = timeout_ms};
    client_send(n->client, &request, done, context, NULL);
}
