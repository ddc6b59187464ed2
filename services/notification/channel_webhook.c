/* Webhooks as Standard Webhooks has them: a CloudEvents body, an id that never changes, a time, and an HMAC over the three. */
#include <stdio.h>

#include "services/notification/notification.h"

CHANNEL_COMPOSE(webhook) {
    char seconds[24], signature[CRYPTO_WEBHOOK_SIGNATURE_BYTES];
    snprintf(seconds, sizeof seconds, "%lld", (long long)(now / 1000));
    return event_json(reference, row, &letter->body) &&
           crypto_webhook_sign(endpoint->secret, id, now / 1000, letter->body.data, letter->body.length, signature) ==
               ERR_NONE &&
           letter_header(letter, "Content-Type", "application/cloudevents+json") &&
           letter_header(letter, "webhook-id", id) && letter_header(letter, "webhook-timestamp", seconds) &&
           letter_header(letter, "webhook-signature", signature);
}
