/* common/db.h: what goes along with a call, and what comes back: parameters as they are set and pushed, cells as they are read. Not for
 * connections and groups (fake_db.c), nor for what a statement does (statements.c). */
#include "common/db.h"

#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "tests/sim/server.h"

/* ---- parameters -------------------------------------------------------------------------------------------------------------------- */

static struct parameter *declare(struct db_call *call, int number, enum db_type type) {
    must(number >= 1 && number <= DB_PARAMETERS_MAX && !call->parameters[number - 1].is_set);
    if (number > call->parameter_count) call->parameter_count = number;
    struct parameter *p = &call->parameters[number - 1];
    p->is_set = true;
    p->type = type;
    return p;
}

static struct value *push(struct parameter *p) {
    if (p->count == p->size) {
        p->size = p->size ? p->size * 2 : 1;
        p->values = realloc(p->values, p->size * sizeof *p->values);
        must(p->values);
    }
    p->values[p->count] = (struct value){0};
    return &p->values[p->count++];
}

static struct value *element(struct db_call *call, int number, enum db_type type) {
    must(number >= 1 && number <= call->parameter_count);
    struct parameter *p = &call->parameters[number - 1];
    must(p->is_array && p->type == type);
    return push(p);
}

static void set_bytes(struct db_call *call, struct value *value, const void *bytes, size_t len) {
    value->at = bytes_add(&call->bytes, bytes, len);
    value->len = len;
}

#define NUMBERS(N) N(bool, bool, DB_BOOL) N(int2, int16_t, DB_INT2) N(int4, int32_t, DB_INT4) N(int8, int64_t, DB_INT8)
#define SETTERS(name, c_type, type)                                                                                    \
    void db_set_##name(struct db_call *call, int number, c_type value) {                                               \
        push(declare(call, number, type))->number = value;                                                             \
    }                                                                                                                  \
    void db_push_##name(struct db_call *call, int number, c_type value) {                                              \
        element(call, number, type)->number = value;                                                                   \
    }
NUMBERS(SETTERS)

void db_set_array(struct db_call *call, int number, enum db_type element_type) {
    declare(call, number, element_type)->is_array = true;
}
void db_set_text(struct db_call *call, int number, const char *text, size_t length) {
    set_bytes(call, push(declare(call, number, DB_TEXT)), text, length);
}
void db_set_string(struct db_call *call, int number, const char *text_or_null) {
    db_set_text(call, number, text_or_null ? text_or_null : "", text_or_null ? strlen(text_or_null) : 0);
}
void db_set_bytes(struct db_call *call, int number, const void *bytes, size_t length) {
    set_bytes(call, push(declare(call, number, DB_BYTEA)), bytes, length);
}
void db_push_null(struct db_call *call, int number) {
    must(number >= 1 && number <= call->parameter_count && call->parameters[number - 1].is_array);
    push(&call->parameters[number - 1])->null = true;
}
void db_push_float8(struct db_call *call, int number, double value) {
    element(call, number, DB_FLOAT8)->number = (int64_t)value;
}
void db_push_text(struct db_call *call, int number, const char *text, size_t length) {
    set_bytes(call, element(call, number, DB_TEXT), text, length);
}
void db_push_bytes(struct db_call *call, int number, const void *bytes, size_t length) {
    set_bytes(call, element(call, number, DB_BYTEA), bytes, length);
}

/* ---- results ---------------------------------------------------------------------------------------------------------------------- */

int db_rows(const struct db_result *result) {
    return result->columns ? (int)(result->count / (size_t)result->columns) : 0;
}
int db_columns(const struct db_result *result) {
    return result->columns;
}
int64_t db_affected(const struct db_result *result) {
    return result->affected;
}
static const struct value *cell_at(const struct db_result *result, int row, int column) {
    must(row >= 0 && row < db_rows(result) && column >= 0 && column < result->columns);
    return &result->cells[row * result->columns + column];
}
bool db_is_null(const struct db_result *result, int row, int column) {
    return cell_at(result, row, column)->null;
}
int64_t db_get_int(const struct db_result *result, int row, int column) {
    return cell_at(result, row, column)->number;
}
bool db_get_bool(const struct db_result *result, int row, int column) {
    return cell_at(result, row, column)->number != 0;
}
const char *db_get_text(const struct db_result *r, int row, int column, size_t *ret_len) {
    return (const char *)db_get_bytes(r, row, column, ret_len);
}
const uint8_t *db_get_bytes(const struct db_result *result, int row, int column, size_t *ret_length) {
    const struct value *value = cell_at(result, row, column);
    *ret_length = value->null ? 0 : value->len;
    return value->null ? NULL : result->bytes.data + value->at;
}

bool db_is_bad_input(const struct db_reply *reply) {
    const char *state = reply->sqlstate;
    return reply->err == ERR_REFUSED && (!memcmp(state, "22", 2) || !memcmp(state, "23", 2) || !memcmp(state, "54", 2));
}
bool db_is_duplicate(const struct db_reply *reply) {
    return reply->err == ERR_REFUSED && strcmp(reply->sqlstate, "23505") == 0;
}
bool db_is_retryable(const struct db_reply *reply) {
    static const char *const states[] = {"40001", "40P01", "55P03", "57014"};
    for (size_t i = 0; i < 4; i++)
        if (reply->err == ERR_REFUSED && strcmp(reply->sqlstate, states[i]) == 0) return true;
    return false;
}
