/* Reading binary results. A column of another type than asked for is our own mistake: must(). */
#include "common/db_blocking.h"
#include "common/db_internal.h"
#include "proto/must.h"

#include <stdlib.h>
#include <strings.h>

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26
};
enum {
    OID_JSON = 114,
    OID_FLOAT8 = 701,
    OID_UNKNOWN = 705,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_FIRST_OWN = 16384
};

static inline const PGresult *pg(const struct db_result *result) {
    return (const PGresult *)(const void *)result;
}

int db_rows(const struct db_result *result) {
    return PQntuples(pg(result));
}

int db_columns(const struct db_result *result) {
    return PQnfields(pg(result));
}

int64_t db_affected(const struct db_result *result) {
    return strtoll(PQcmdTuples((PGresult *)(uintptr_t)pg(result)), NULL, 10);
}

static void must_be_inside(const struct db_result *result, int row, int column) {
    must(row >= 0 && row < PQntuples(pg(result)) && column >= 0 && column < PQnfields(pg(result)));
}

bool db_is_null(const struct db_result *result, int row, int column) {
    must_be_inside(result, row, column);
    return PQgetisnull(pg(result), row, column);
}

bool db_get_bool(const struct db_result *result, int row, int column) {
    if (db_is_null(result, row, column)) return false;
    must(PQftype(pg(result), column) == OID_BOOL);
    return *PQgetvalue(pg(result), row, column) != 0;
}

static uint64_t number_at(const struct db_result *result, int row, int column, int length) {
    uint8_t bytes[8] = {0};
    must(PQgetlength(pg(result), row, column) == length);
    memcpy(bytes + 8 - length, PQgetvalue(pg(result), row, column), (size_t)length);
    uint64_t value;
    memcpy(&value, bytes, 8);
    return __builtin_bswap64(value);
}

int64_t db_get_int(const struct db_result *result, int row, int column) {
    if (db_is_null(result, row, column)) return 0;
    switch (PQftype(pg(result), column)) {
    case OID_INT8:
        return (int64_t)number_at(result, row, column, 8);
    case OID_INT4:
        return (int32_t)number_at(result, row, column, 4);
    case OID_OID:
        return (int64_t)number_at(result, row, column, 4);
    case OID_INT2:
        return (int16_t)number_at(result, row, column, 2);
    default:
        must(!"the column is an integer");
    }
    return 0;
}

double db_get_float8(const struct db_result *result, int row, int column) {
    if (db_is_null(result, row, column)) return 0;
    must(PQftype(pg(result), column) == OID_FLOAT8);
    uint64_t bits = number_at(result, row, column, 8);
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static bool is_text(Oid type) {
    return type == OID_TEXT || type == OID_VARCHAR || type == OID_BPCHAR || type == OID_NAME || type == OID_JSON ||
           type == OID_UNKNOWN || type >= OID_FIRST_OWN; /* our own enum types travel as text */
}

const char *db_get_text(const struct db_result *result, int row, int column, size_t *ret_length) {
    bool null = db_is_null(result, row, column);
    if (ret_length != NULL) *ret_length = null ? 0 : (size_t)PQgetlength(pg(result), row, column);
    if (null) return NULL;
    must(is_text(PQftype(pg(result), column)));
    return PQgetvalue(pg(result), row, column);
}

const uint8_t *db_get_bytes(const struct db_result *result, int row, int column, size_t *ret_length) {
    bool null = db_is_null(result, row, column);
    *ret_length = null ? 0 : (size_t)PQgetlength(pg(result), row, column);
    if (null) return NULL;
    must(PQftype(pg(result), column) == OID_BYTEA);
    return (const uint8_t *)PQgetvalue(pg(result), row, column);
}

void db_result_free(struct db_result **result) {
    PQclear((PGresult *)(void *)*result);
    *result = NULL;
}

bool db_tag_lies(const char *sql, const char *tag) {
    while (*sql == ' ' || *sql == '\n' || *sql == '\t') sql++;
    return (strncasecmp(sql, "COMMIT", 6) == 0 || strncasecmp(sql, "END", 3) == 0) && strcmp(tag, "ROLLBACK") == 0;
}

bool db_is_bad_input(const struct db_reply *reply) {
    const char *state = reply->sqlstate;
    return reply->err == ERR_REFUSED &&
           (memcmp(state, "22", 2) == 0 || memcmp(state, "23", 2) == 0 || memcmp(state, "54", 2) == 0);
}

bool db_is_duplicate(const struct db_reply *reply) {
    return reply->err == ERR_REFUSED && strcmp(reply->sqlstate, "23505") == 0;
}

bool db_is_retryable(const struct db_reply *reply) {
    static const char *const STATES[] = {"40001", "40P01", "55P03", "57014"};
    for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++)
        if (reply->err == ERR_REFUSED && strcmp(reply->sqlstate, STATES[i]) == 0) return true;
    return false;
}
