/* Webhooks as Standard Webhooks has them: a CloudEvents body, an id that never changes, a time, and an HMAC over the three. While a
 * secret is being replaced both sign, and the receiver takes whichever it knows. */
#include <stdio.h>

#include "services/notification/notification.h"

bool webhook_sign(const struct endpoint *endpoint, const char *id, time_ms now, struct letter *letter) {
    char seconds[24], signatures[2][CRYPTO_WEBHOOK_SIGNATURE_BYTES], all[2 * CRYPTO_WEBHOOK_SIGNATURE_BYTES];
    const char *secrets[2] = {endpoint->secret, endpoint->secret_old};
    int count = endpoint->secret_old[0] && now < endpoint->secret_old_until ? 2 : 1;
    for (int i = 0; i < count; i++)
        if (crypto_webhook_sign(secrets[i], id, now / 1000, letter->body.data, letter->body.length, signatures[i]) !=
            ERR_NONE)
            return false;
    snprintf(all, sizeof all, "%s%s%s", signatures[0], count > 1 ? " " : "", count > 1 ? signatures[1] : "");
    snprintf(seconds, sizeof seconds, "%lld", (long long)(now / 1000));
    return letter_header(letter, "Content-Type", "application/cloudevents+json") &&
           letter_header(letter, "webhook-id", id) && letter_header(letter, "webhook-timestamp", seconds) &&
           letter_header(letter, "webhook-signature", all);
}

CHANNEL_COMPOSE(webhook) {
    return event_json(reference, row, &letter->body) && webhook_sign(endpoint, id, now, letter);
}
