/* See load.h. */
#include "bench/load/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/number.h"
#include "proto/must.h"

static const struct {
    const char *name;
    scenario *run;
    bool alone; /* needs no services */
} SCENARIOS[] = {
    {"push", scenario_push, false},         {"lives", scenario_lives, false},   {"restart", scenario_restart, false},
    {"watchers", scenario_watchers, false}, {"timers", scenario_timers, false}, {"fill", scenario_fill, false},
    {"bare", scenario_bare, false},         {"rabbit", scenario_rabbit, true},  {"hash", scenario_hash, true},
    {"machine", scenario_machine, true},
};

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

const char *option_text(const struct load *load, const char *key, const char *otherwise) {
    size_t len = strlen(key);
    for (int i = load->argument_count; i-- > 0;)
        if (!strncmp(load->arguments[i], key, len) && load->arguments[i][len] == '=')
            return load->arguments[i] + len + 1;
    return otherwise;
}

int64_t option_int(const struct load *load, const char *key, int64_t otherwise) {
    const char *text = option_text(load, key, NULL);
    int64_t value;
    if (!text) return otherwise;
    if (number_parse_int(text, strlen(text), &value) != ERR_NONE) die("%s=%s is not a number", key, text);
    return value;
}

struct db_result *query(struct load *load, const char *sql, const struct db_call *parameters) {
    struct db_result *result = NULL;
    if (db_run_blocking(load->db, sql, parameters, &result) != ERR_NONE)
        die("%s\n%s", db_blocking_message(load->db), sql);
    return result;
}

int64_t query_int(struct load *load, const char *sql) {
    struct db_result *result = query(load, sql, NULL);
    int64_t value = db_rows(result) ? db_get_int(result, 0, 0) : 0;
    db_result_free(&result);
    return value;
}

void put_latency(struct json_writer *w, const char *name, const struct histogram *h) {
    json_put_open(w, name);
    json_put_int(w, "p50", (int64_t)histogram_at(h, 0.5));
    json_put_int(w, "p99", (int64_t)histogram_at(h, 0.99));
    json_put_int(w, "p999", (int64_t)histogram_at(h, 0.999));
    json_put_int(w, "max", (int64_t)h->max);
    json_close(w);
}

void result_open(struct load *load, struct json_writer *w, struct buffer *line) {
    json_writer_init(w, line);
    json_open(w);
    json_put_string(w, "row", option_text(load, "row", ""));
    json_put_string(w, "name", option_text(load, "name", ""));
    json_put_int(w, "run", option_int(load, "run_no", 1));
    json_put_int(w, "open", option_int(load, "open", 0));
    json_put_int(w, "closed", option_int(load, "closed", 0));
}

void result_close(struct json_writer *w, struct buffer *line) {
    json_close(w);
    json_writer_end(w);
    buffer_append_byte(line, '\n');
    fwrite(line->data, 1, line->length, stdout);
    fflush(stdout);
    buffer_done(line);
}

/* The hash under which a token is stored, in hexadecimal. */
void scenario_hash(struct load *load) {
    uint8_t hash[CRYPTO_HASH_BYTES];
    char text[CRYPTO_HASH_BYTES * 2 + 1];
    const char *token = option_text(load, "token", "");
    crypto_token_hash(token, strlen(token), hash);
    crypto_to_hex(hash, sizeof hash, text);
    puts(text);
}

static void open_database(struct load *load) {
    char conninfo[300];
    snprintf(conninfo, sizeof conninfo, "host=%s/postgres dbname=paidan user=postgres", load->run);
    if (db_blocking_open(conninfo, 600000, &load->db) != ERR_NONE) die("%s", db_blocking_message(load->db));
}

int main(int argc, char **argv) {
    struct load load = {.argument_count = argc > 2 ? argc - 2 : 0, .arguments = argv + 2};
    NEED(crypto_open(), "libsodium");
    for (size_t i = 0; argc > 1 && i < sizeof SCENARIOS / sizeof SCENARIOS[0]; i++) {
        if (strcmp(argv[1], SCENARIOS[i].name)) continue;
        load.loop = loop_new();
        load.run = option_text(&load, "run", "");
        if (!meter_init(&load.before, option_text(&load, "pids", ""))) die("pids=%s", option_text(&load, "pids", ""));
        load.after = load.before;
        if (!SCENARIOS[i].alone) open_database(&load);
        SCENARIOS[i].run(&load);
        if (load.db) db_blocking_close(&load.db);
        return 0;
    }
    fprintf(stderr, "usage: load SCENARIO key=value ...   (bench/run calls it)\n");
    return 2;
}
