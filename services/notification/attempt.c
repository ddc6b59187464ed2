/* What came of an attempt at an endpoint, and its row in the log that people read (a ring: nothing to clear away). */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "services/notification/notification.h"

enum { SLOTS = 100, SAID_BYTES = 200 };

static const struct db_statement LOG = {
    "attempt_log",
    "INSERT INTO endpoint_attempt (endpoint, slot, at, kind, outcome, about, status, took_ms, address, said, why) "
    "SELECT id, $2::int2, $3::int8, $4::int2, $5::int2, $6::int8, $7::int4, $8::int4, $9::text, $10::text, $11::text "
    "FROM endpoint WHERE id = $1::int8 ON CONFLICT (endpoint, slot) DO UPDATE SET at = excluded.at, kind = "
    "excluded.kind, outcome = excluded.outcome, about = excluded.about, status = excluded.status, took_ms = "
    "excluded.took_ms, address = excluded.address, said = excluded.said, why = excluded.why"};

/* The first bytes of an answer as text: whatever is none becomes '?', so that it can be kept and shown. */
static size_t first_bytes(const struct client_response *response, char ret_text[SAID_BYTES + 1]) {
    size_t len = response && response->body_length < SAID_BYTES ? response->body_length : response ? SAID_BYTES : 0;
    if (len) memcpy(ret_text, response->body, len);
    while (len && !text_is_valid(ret_text, len) && response->body_length > len && ((uint8_t)ret_text[len - 1] & 0x80))
        len--; /* a character cut in two */
    if (!text_is_valid(ret_text, len))
        for (size_t i = 0; i < len; i++)
            if (!ret_text[i] || (uint8_t)ret_text[i] & 0x80) ret_text[i] = '?';
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)ret_text[i] < ' ') ret_text[i] = ' ';
    return len;
}

void attempt_log(struct endpoint *endpoint, const struct attempt *attempt, struct db_group *group) {
    const struct client_response *response = attempt->response;
    char said[SAID_BYTES + 1];
    size_t len = first_bytes(response, said);
    struct db_call *call = db_group_add(group, &LOG);
    db_set_int8(call, 1, endpoint->id);
    db_set_int2(call, 2, (int16_t)(endpoint->now.attempts++ % SLOTS));
    db_set_int8(call, 3, clock_now());
    db_set_int2(call, 4, (int16_t)attempt->kind);
    db_set_int2(call, 5, (int16_t)attempt->outcome);
    db_set_int8(call, 6, attempt->about);
    db_set_int4(call, 7, response ? response->status : 0);
    db_set_int4(call, 8, response ? (int32_t)response->took_ms : 0);
    db_set_string(call, 9, response ? response->address : "");
    db_set_text(call, 10, said, len);
    db_set_string(call, 11, response && response->err != ERR_NONE ? response->message : "");
}

int64_t attempt_pause_ms(int attempts_made, int64_t retry_after_s) {
    int64_t pause = notification_config.retry_first, longest = notification_config.retry_max;
    for (int i = 1; i < attempts_made && pause < longest; i++) pause *= 2;
    if (pause > longest) pause = longest;
    uint32_t random;
    crypto_random(&random, sizeof random);
    pause += pause * ((int64_t)(random % 400) - 200) / 1000;
    if (retry_after_s > 0 && retry_after_s * 1000 > pause)
        pause = retry_after_s * 1000 < longest ? retry_after_s * 1000 : longest;
    return pause;
}
