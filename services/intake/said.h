/* What one request says: read at a door (HTTP's JSON in said_json.c, the bus in bus_door.c), then checked here, by the same rules
 * whatever the door. Every fault is named by its field; what is only missing for routing is no fault. */
#ifndef INTAKE_SAID_H
#define INTAKE_SAID_H

#include "common/arena.h"
#include "common/crypto.h"
#include "common/http.h"
#include "common/text.h"
#include "proto/limits.h"
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
    bool names_files;     /* some of the attachments are files that were uploaded (files.h) */
    bool names_addresses; /* some are given by an http(s) address, and are fetched later */
    double lon, lat;
    struct span name, phone, document;
    struct span attachments; /* JSON text, or empty */
    struct place_found place;
    uint16_t rule_count; /* routing rules whose keywords title or description hold */
    uint32_t rules[ROUTE_RULES_MAX];
    uint8_t content[CRYPTO_HASH_BYTES]; /* of all the above that was said: two pushes with the same hash are a repeat */
};

enum { SAID_FAULTS_MAX = 16 };

struct said_faults {
    int status; /* 0: none; 400, 403 or 422 */
    struct http_fault faults[SAID_FAULTS_MAX];
    int count;
};

/* As it came in at a door: texts neither trimmed nor checked, borrowed for the call; empty is absent. */
struct said_raw {
    struct span source, external_id, matter, title, description, address, grid, name, phone, document;
    uint8_t channel, urgency; /* words, or 0 */
    time_ms occurred_at;
    bool has_point, confidential;
    double lon, lat;
    struct {
        struct span url, sha256, id; /* id: of a file that was uploaded, and then nothing else */
    } attachments[ATTACHMENTS_MAX];
    int attachment_count;
};

/* Adds to the faults already there. faults->status 0 then: *ret_said is whole, its texts in the arena. */
void said_check(const struct said_raw *raw, const struct bearer *who, const struct reference *reference,
                const struct places *places, struct arena *arena, struct said *ret_said, struct said_faults *faults);

/* From a JSON object; ret_faults->status as above. */
void said_read(const struct cJSON *tree, const struct bearer *who, const struct reference *reference,
               const struct places *places, struct arena *arena, struct said *ret_said, struct said_faults *ret_faults);

/* The same of a body in the words of `as`, by its mapping; as NULL, or without one: in ours. Faults name the sender's own fields. */
void said_read_as(const struct cJSON *tree, const struct reference_source *as, const struct bearer *who,
                  const struct reference *reference, const struct places *places, struct arena *arena,
                  struct said *ret_said, struct said_faults *ret_faults);

/* In whose words a program speaks: `named` in the query, otherwise the one source it speaks for. ERR_NOT_FOUND: no such source is
 * named. *ret_source NULL: in ours. */
MUST_USE enum err said_words_of(const struct bearer *who, const char *named, const struct reference *reference,
                                const struct reference_source **ret_source);

#endif
