/* The district under load: its units, and what people ask, taken from the demo's sample day (db/demo/day.csv): those requests that
 * the rules route by themselves. */
#ifndef BENCH_CITY_H
#define BENCH_CITY_H

#include "bench/load/load.h"
#include "proto/messages.h"

enum { CITY_SAYINGS_MAX = 1000 };

/* One thing said. Texts live as long as the city. */
struct saying {
    struct request_push push; /* without external id and token, for the bus */
    char source[41];
    char *json_head, *json_tail; /* around the external id: {"source":..., "external_id":" and ","channel":... } */
    size_t head_len, tail_len;
    uint32_t matter;
    bool is_special; /* its matter has assisting departments, or a sign limit of its own */
};

struct city {
    struct saying sayings[CITY_SAYINGS_MAX];
    uint32_t count;
    uint8_t *unit_kinds; /* by unit id */
    uint32_t unit_count;
    uint32_t center;
    char *bytes; /* the file */
};

void city_read(struct load *load, struct city *city);
/* Without a database: what people say, no units. */
void city_read_sayings(struct load *load, struct city *city);
/* Appends what is said as intake takes it, with this external id. */
void saying_put_json(const struct saying *saying, struct buffer *out, const char *prefix, int64_t number);
void city_done(struct city *city);
/* Whose people act for a unit of this kind: enum role. */
uint8_t city_role(const struct city *city, uint32_t unit);

#endif
