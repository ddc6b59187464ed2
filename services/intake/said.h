/* What one request says, read from JSON and checked. Every fault is named by its field; what is only missing for routing is no
 * fault. Texts are borrowed from the arena the reader was given. */
#ifndef INTAKE_SAID_H
#define INTAKE_SAID_H

#include "common/arena.h"
#include "common/crypto.h"
#include "common/http.h"
#include "common/text.h"
#include "services/kit/bearer.h"
#include "services/kit/places.h"

struct cJSON;

struct said {
    uint32_t source;
    struct span external_id;
    uint8_t channel, urgency;
    uint32_t matter; /* 0: none, or not in the catalogue */
    struct span matter_given;
    struct span title, description, address, grid;
    time_ms occurred_at; /* 0: not given */
    bool has_point, confidential;
    double lon, lat;
    struct span name, phone, document;
    struct span attachments; /* JSON text, or empty */
    struct place_found place;
    uint8_t content[CRYPTO_HASH_BYTES]; /* of all the above that was said: two pushes with the same hash are a repeat */
};

enum { SAID_FAULTS_MAX = 16 };

struct said_faults {
    int status; /* 0: none; 400, 403 or 422 */
    struct http_fault faults[SAID_FAULTS_MAX];
    int count;
};

/* `keys` of the arena live as long as the said. ret_faults->status 0: *ret_said is whole. */
void said_read(const struct cJSON *tree, const struct bearer *who, const struct reference *reference,
               const struct places *places, struct arena *arena, struct said *ret_said, struct said_faults *ret_faults);

#endif
