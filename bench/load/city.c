/* See city.h. */
#include "bench/load/city.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/csv.h"
#include "common/file.h"
#include "common/number.h"
#include "proto/must.h"

enum { FILE_MAX = 8 << 20 };

static char *keep(struct span text) {
    char *kept = malloc(text.len + 1);
    must(kept);
    memcpy(kept, text.at, text.len);
    kept[text.len] = '\0';
    return kept;
}

static struct text text_of(struct span text) {
    return (struct text){keep(text), (uint32_t)text.len};
}

static void put_some(struct json_writer *w, const char *key, struct text text) {
    if (text.len) json_put_text(w, key, text.at, text.len);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------------ */

static void write_json(struct saying *s) {
    const struct request_push *p = &s->push;
    struct buffer out = {0};
    struct json_writer w;
    buffer_format(&out, "{\"source\":\"%s\",\"external_id\":\"", s->source);
    s->head_len = out.length;
    s->json_head = keep((struct span){(const char *)out.data, out.length});
    buffer_clear(&out);
    json_writer_init(&w, &out);
    json_open(&w);
    json_put_string(&w, "channel", word_text(WORDS_channel, p->channel));
    put_some(&w, "matter", p->matter);
    put_some(&w, "title", p->title);
    put_some(&w, "description", p->description);
    json_put_time(&w, "occurred_at", p->occurred_at);
    if (p->urgency) json_put_string(&w, "urgency", word_text(WORDS_urgency, p->urgency));
    json_put_open(&w, "location");
    if (p->has_point)
        json_put_double(&w, "lon", (double)p->lon_e7 / 1e7), json_put_double(&w, "lat", (double)p->lat_e7 / 1e7);
    put_some(&w, "address", p->address);
    put_some(&w, "grid", p->grid);
    json_close(&w);
    if (p->phone.len) {
        json_put_open(&w, "requester");
        put_some(&w, "phone", p->phone);
        if (p->confidential) json_put_bool(&w, "confidential", true);
        json_close(&w);
    }
    json_close(&w);
    out.data[0] = ','; /* it follows on the external id's closing quote */
    char *tail = malloc(out.length + 2);
    must(tail);
    tail[0] = '"';
    memcpy(tail + 1, out.data, out.length);
    tail[out.length + 1] = '\0';
    s->json_tail = tail;
    s->tail_len = out.length + 1;
    buffer_done(&out);
}

void saying_put_json(const struct saying *s, struct buffer *out, const char *prefix, int64_t number) {
    buffer_append(out, s->json_head, s->head_len);
    buffer_append_text(out, prefix);
    buffer_append_byte(out, '-');
    buffer_append_int(out, number);
    buffer_append(out, s->json_tail, s->tail_len);
}

/* ---- the day ----------------------------------------------------------------------------------------------------------------------- */

static int64_t e7(struct span degrees) {
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)degrees.len, degrees.at);
    return llround(strtod(text, NULL) * 1e7);
}

static uint8_t word(enum word_set set, struct span text) {
    return (uint8_t)word_value(set, text.at, text.len);
}

static bool take_row(struct city *city, const struct csv_row *header, const struct csv_row *row) {
    struct saying *s = &city->sayings[city->count];
#define COLUMN(title) (row->fields[csv_column(header, title)])
    struct span matter = COLUMN("matter"), lon = COLUMN("lon"), grid = COLUMN("grid");
    if (!matter.len || (!lon.len && !grid.len)) return false;
    memset(s, 0, sizeof *s);
    snprintf(s->source, sizeof s->source, "%.*s", (int)COLUMN("source").len, COLUMN("source").at);
    s->matter = (uint32_t)strtoul(matter.at, NULL, 10);
    s->push = (struct request_push){.channel = word(WORDS_channel, COLUMN("channel")),
                                    .matter = text_of(matter),
                                    .title = text_of(COLUMN("title")),
                                    .description = text_of(COLUMN("description")),
                                    .urgency = word(WORDS_urgency, COLUMN("urgency")),
                                    .occurred_at = clock_now() / 1000 * 1000 - 600000,
                                    .has_point = lon.len > 0,
                                    .lon_e7 = e7(lon),
                                    .lat_e7 = e7(COLUMN("lat")),
                                    .address = text_of(COLUMN("address")),
                                    .grid = text_of(grid),
                                    .phone = text_of(COLUMN("requester_phone"))};
    s->push.source = (struct text){s->source, (uint32_t)strlen(s->source)};
    s->push.confidential = COLUMN("confidential").len == 3; /* yes */
#undef COLUMN
    write_json(s);
    return true;
}

static void read_day(struct city *city, const char *path) {
    static struct csv_row header, row;
    struct csv csv;
    size_t len;
    enum err err = file_read(path, FILE_MAX, &city->bytes, &len);
    if (err != ERR_NONE) die("%s: %s", path, err_name(err));
    csv_init(&csv, city->bytes, len);
    NEED(csv_next(&csv, &row), path);
    header = row;
    for (size_t i = 0; i < row.count; i++) header.fields[i].at = keep(row.fields[i]);
    while ((err = csv_next(&csv, &row)) == ERR_NONE && city->count < CITY_SAYINGS_MAX)
        city->count += take_row(city, &header, &row);
    if (err != ERR_CLOSED && err != ERR_NONE) die("%s: %s", path, csv.message);
    for (size_t i = 0; i < header.count; i++) free((void *)header.fields[i].at);
    csv_done(&csv);
    if (!city->count) die("%s: nothing in it is routed by rules", path);
}

/* ---- the district ------------------------------------------------------------------------------------------------------------------- */

static void read_units(struct load *load, struct city *city) {
    struct db_result *rows = query(load, "SELECT id, kind FROM unit ORDER BY id DESC", NULL);
    if (!db_rows(rows)) die("the database holds no units");
    city->unit_count = (uint32_t)db_get_int(rows, 0, 0) + 1;
    city->unit_kinds = calloc(city->unit_count, 1);
    must(city->unit_kinds);
    for (int i = 0; i < db_rows(rows); i++) {
        uint32_t id = (uint32_t)db_get_int(rows, i, 0);
        city->unit_kinds[id] = (uint8_t)db_get_int(rows, i, 1);
        if (city->unit_kinds[id] == UNIT_CENTER) city->center = id;
    }
    db_result_free(&rows);
}

static void read_matters(struct load *load, struct city *city) {
    struct db_result *rows = query(load,
                                   "SELECT code FROM matter m WHERE assists <> '{}' OR EXISTS "
                                   "(SELECT FROM matter_limit l WHERE l.matter = m.code AND l.stage = 3)",
                                   NULL);
    for (uint32_t s = 0; s < city->count; s++)
        for (int i = 0; i < db_rows(rows); i++)
            if (db_get_int(rows, i, 0) == city->sayings[s].matter) city->sayings[s].is_special = true;
    db_result_free(&rows);
}

void city_read_sayings(struct load *load, struct city *city) {
    memset(city, 0, sizeof *city);
    read_day(city, option_text(load, "day", "db/demo/day.csv"));
}

void city_read(struct load *load, struct city *city) {
    city_read_sayings(load, city);
    read_units(load, city);
    read_matters(load, city);
}

void city_done(struct city *city) {
    for (uint32_t i = 0; i < city->count; i++) {
        struct saying *s = &city->sayings[i];
        const struct text texts[] = {s->push.matter,  s->push.title, s->push.description,
                                     s->push.address, s->push.grid,  s->push.phone};
        for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) free((void *)texts[t].at);
        free(s->json_head);
        free(s->json_tail);
    }
    free(city->unit_kinds);
    free(city->bytes);
}

uint8_t city_role(const struct city *city, uint32_t unit) {
    static const uint8_t roles[] = {
        [UNIT_STREET] = ROLE_STREET,         [UNIT_COMMUNITY] = ROLE_COMMUNITY,   [UNIT_GRID] = ROLE_GRID_WORKER,
        [UNIT_DEPARTMENT] = ROLE_DEPARTMENT, [UNIT_ENTERPRISE] = ROLE_DEPARTMENT, [UNIT_POOL] = ROLE_OPERATOR};
    uint8_t kind = unit < city->unit_count ? city->unit_kinds[unit] : 0;
    uint8_t role = kind < sizeof roles ? roles[kind] : 0;
    return role ? role : ROLE_OPERATOR;
}
