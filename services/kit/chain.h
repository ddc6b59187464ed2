/* The hash chain over a shard's events: hash(n) = BLAKE2b-256(hash(n-1) || record(n)), the first previous hash being 32 zero
 * bytes. The record is the row in fixed big-endian form followed by its body, so anybody can recompute it from a dump.
 * Written by the router, read by `paidan verify`. */
#ifndef KIT_CHAIN_H
#define KIT_CHAIN_H

#include <stddef.h>
#include <stdint.h>

struct chain_event {
    uint16_t shard;
    int64_t seq;
    uint32_t epoch;
    int64_t ticket;
    uint32_t version;
    int64_t at; /* UTC ms */
    uint8_t type, cause;
    int64_t user;
    uint8_t role;
    uint32_t unit;
    const uint8_t *body;
    size_t body_len;
};

/* ret_hash may be previous. */
void chain_step(const uint8_t previous[32], const struct chain_event *event, uint8_t ret_hash[32]);

#endif
