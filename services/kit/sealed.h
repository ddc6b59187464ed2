/* Where each sealed field lies, named once, so that who seals and who opens agree (common/crypto.h binds a value to its place). */
#ifndef KIT_SEALED_H
#define KIT_SEALED_H

#include <string.h>

#include "common/crypto.h"

/* Personal fields of a request. The row is a hash of (source, external id), which is known before the request has its number
 * and is as unique as it is. */
#define SEALED_NAME(row)     ((struct crypto_place){"request", "name", (row)})
#define SEALED_PHONE(row)    ((struct crypto_place){"request", "phone", (row)})
#define SEALED_DOCUMENT(row) ((struct crypto_place){"request", "document", (row)})
static inline int64_t sealed_request_row(uint32_t source, const char *external_id, size_t len) {
    const uint8_t head[32] = {(uint8_t)(source >> 24), (uint8_t)(source >> 16), (uint8_t)(source >> 8),
                              (uint8_t)source};
    const struct crypto_part parts[] = {{head, sizeof head}, {external_id, len}};
    uint8_t hash[CRYPTO_HASH_BYTES];
    int64_t row;
    crypto_digest_parts(parts, 2, hash);
    memcpy(&row, hash, sizeof row);
    return row;
}

/* A webhook's secret, as its text "whsec_..."; row is the endpoint's id, given out by the sequence before it is sealed. */
#define SEALED_SECRET(endpoint) ((struct crypto_place){"endpoint", "secret", (endpoint)})

/* What a carrier of letters is signed with or a mail server's password; and where somebody is reached. By the rows' ids. */
#define SEALED_CARRIER(carrier) ((struct crypto_place){"carrier", "secret", (carrier)})
#define SEALED_WAY(way)         ((struct crypto_place){"way", "address", (way)})

/* Purpose of the blind index of phone numbers (digits only, with country code). */
#define INDEX_PHONE "phone"

#endif
