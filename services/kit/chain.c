/* See chain.h. */
#include "services/kit/chain.h"

#include "common/crypto.h"
#include "proto/must.h"

static uint8_t *put(uint8_t *at, uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

void chain_step(const uint8_t previous[32], const struct chain_event *event, uint8_t ret_hash[32]) {
    uint8_t head[64], *at = head;
    at = put(at, event->shard, 2);
    at = put(at, (uint64_t)event->seq, 8);
    at = put(at, event->epoch, 4);
    at = put(at, (uint64_t)event->ticket, 8);
    at = put(at, event->version, 4);
    at = put(at, (uint64_t)event->at, 8);
    at = put(at, event->type, 1);
    at = put(at, event->cause, 1);
    at = put(at, (uint64_t)event->user, 8);
    at = put(at, event->role, 1);
    at = put(at, event->unit, 4);
    at = put(at, event->body_len, 4);
    must((size_t)(at - head) <= sizeof head);
    const struct crypto_part parts[] = {
        {previous, CRYPTO_HASH_BYTES}, {head, (size_t)(at - head)}, {event->body, event->body_len}};
    crypto_digest_parts(parts, 3, ret_hash);
}
