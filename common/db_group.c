/* Groups and calls: parameters are encoded here, in PostgreSQL's binary format, into buffers that are kept from use to use. */
#include "common/db_blocking.h"
#include "common/db_internal.h"
#include "proto/must.h"

#include <limits.h>
#include <stdlib.h>

static const struct db_statement BEGIN = {"db_begin", "BEGIN"};
static const struct db_statement COMMIT = {"db_commit", "COMMIT"};

/* ---- groups ------------------------------------------------------------------------------------------------------ */

struct db_group *db_group_new(void) {
    struct db_group *group = calloc(1, sizeof *group);
    must(group != NULL);
    group->begin = BEGIN;
    return group;
}

void db_group_free(struct db_group **group) {
    if (*group == NULL) return;
    must(!(*group)->under_way);
    for (int i = 0; i < DB_CALLS_MAX; i++) db_call_free(&(*group)->calls[i]);
    free(*group);
    *group = NULL;
}

void db_group_begin(struct db_group *group, enum db_group_kind kind) {
    must(!group->under_way);
    group->kind = kind;
    group->begin = BEGIN;
    group->call_count = 0;
}

void db_group_set_begin(struct db_group *group, const char *begin_sql) {
    must(!group->under_way && group->kind == DB_TRANSACTION);
    group->begin = (struct db_statement){.name = NULL, .sql = begin_sql};
}

struct db_call *db_group_add(struct db_group *group, const struct db_statement *statement) {
    must(!group->under_way && group->call_count < DB_CALLS_MAX);
    struct db_call **call = &group->calls[group->call_count++];
    if (*call == NULL) *call = db_call_new();
    db_call_clear(*call);
    (*call)->statement = statement;
    return *call;
}

struct db_call *db_group_add_rows(struct db_group *group, const struct db_statement *statement) {
    struct db_call *call = db_group_add(group, statement);
    call->one_row = db_one_row(statement);
    return call;
}

int db_group_count(const struct db_group *group) {
    return group->call_count;
}

bool db_group_under_way(const struct db_group *group) {
    return group->under_way;
}

int db_step_count(const struct db_group *group) {
    return group->kind == DB_TRANSACTION ? group->call_count + 2 : group->call_count;
}

int db_step_call_index(const struct db_group *group, int step) {
    if (group->kind == DB_TRANSACTION) step--;
    return step >= 0 && step < group->call_count ? step : -1;
}

const struct db_call *db_step_call(const struct db_group *group, int step) {
    int index = db_step_call_index(group, step);
    return index >= 0 ? group->calls[index] : NULL;
}

const struct db_statement *db_step_statement(const struct db_group *group, int step) {
    const struct db_call *call = db_step_call(group, step);
    if (call != NULL) return call->statement;
    if (step > 0) return &COMMIT;
    return group->begin.name != NULL ? &BEGIN : &group->begin;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

struct db_call *db_call_new(void) {
    struct db_call *call = calloc(1, sizeof *call);
    must(call != NULL);
    return call;
}

void db_call_clear(struct db_call *call) {
    for (int i = 0; i < call->parameter_count; i++) {
        struct buffer bytes = call->parameters[i].bytes;
        buffer_clear(&bytes);
        call->parameters[i] = (struct db_parameter){.bytes = bytes};
    }
    call->parameter_count = 0;
    call->one_row = NULL;
    call->is_one_row = false;
}

void db_call_free(struct db_call **call) {
    if (*call == NULL) return;
    for (int i = 0; i < DB_PARAMETERS_MAX; i++) buffer_done(&(*call)->parameters[i].bytes);
    free(*call);
    *call = NULL;
}

static struct db_parameter *parameter_new(struct db_call *call, int number, enum db_type type) {
    must(number >= 1 && number <= DB_PARAMETERS_MAX);
    struct db_parameter *parameter = &call->parameters[number - 1];
    must(!parameter->is_set);
    if (number > call->parameter_count) call->parameter_count = number;
    parameter->is_set = true;
    parameter->type = type;
    return parameter;
}

/* ---- the binary format ------------------------------------------------------------------------------------------- */

static inline void put16(uint8_t *at, uint16_t value) {
    value = __builtin_bswap16(value);
    memcpy(at, &value, 2);
}
static inline void put32(uint8_t *at, uint32_t value) {
    value = __builtin_bswap32(value);
    memcpy(at, &value, 4);
}
static inline void put64(uint8_t *at, uint64_t value) {
    value = __builtin_bswap64(value);
    memcpy(at, &value, 8);
}
static inline uint64_t float8_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return bits;
}

void db_set_null(struct db_call *call, int number, enum db_type type) {
    parameter_new(call, number, type)->is_null = true;
}
void db_set_bool(struct db_call *call, int number, bool value) {
    buffer_append_byte(&parameter_new(call, number, DB_BOOL)->bytes, value);
}
void db_set_int2(struct db_call *call, int number, int16_t value) {
    put16(buffer_extend(&parameter_new(call, number, DB_INT2)->bytes, 2), (uint16_t)value);
}
void db_set_int4(struct db_call *call, int number, int32_t value) {
    put32(buffer_extend(&parameter_new(call, number, DB_INT4)->bytes, 4), (uint32_t)value);
}
void db_set_int8(struct db_call *call, int number, int64_t value) {
    put64(buffer_extend(&parameter_new(call, number, DB_INT8)->bytes, 8), (uint64_t)value);
}
void db_set_float8(struct db_call *call, int number, double value) {
    put64(buffer_extend(&parameter_new(call, number, DB_FLOAT8)->bytes, 8), float8_bits(value));
}
void db_set_text(struct db_call *call, int number, const char *text, size_t length) {
    must(length <= INT_MAX);
    buffer_append(&parameter_new(call, number, DB_TEXT)->bytes, text, length);
}
void db_set_string(struct db_call *call, int number, const char *text_or_null) {
    if (text_or_null == NULL)
        db_set_null(call, number, DB_TEXT);
    else
        db_set_text(call, number, text_or_null, strlen(text_or_null));
}
void db_set_bytes(struct db_call *call, int number, const void *bytes, size_t length) {
    must(length <= INT_MAX);
    buffer_append(&parameter_new(call, number, DB_BYTEA)->bytes, bytes, length);
}

/* ---- arrays: 20 bytes of header (dimensions, has null, element type, length, first index), then length + bytes each ---- */

static const Oid ELEMENT_OID[] = {
    [DB_BOOL] = 16, [DB_INT2] = 21, [DB_INT4] = 23, [DB_INT8] = 20, [DB_FLOAT8] = 701, [DB_TEXT] = 25, [DB_BYTEA] = 17};
static const Oid ARRAY_OID[] = {[DB_BOOL] = 1000,   [DB_INT2] = 1005, [DB_INT4] = 1007, [DB_INT8] = 1016,
                                [DB_FLOAT8] = 1022, [DB_TEXT] = 1009, [DB_BYTEA] = 1001};
enum { ARRAY_HEADER = 20, ARRAY_HEADER_EMPTY = 12 };

void db_set_array(struct db_call *call, int number, enum db_type element_type) {
    struct db_parameter *parameter = parameter_new(call, number, element_type);
    parameter->is_array = true;
    buffer_extend(&parameter->bytes, ARRAY_HEADER);
}

static inline uint8_t *element(struct db_call *call, int number, enum db_type type, size_t length) {
    must(number >= 1 && number <= call->parameter_count);
    struct db_parameter *parameter = &call->parameters[number - 1];
    must(parameter->is_array && parameter->type == type && parameter->count < DB_ARRAY_MAX && length <= INT_MAX);
    parameter->count++;
    uint8_t *at = buffer_extend(&parameter->bytes, 4 + length);
    put32(at, (uint32_t)length);
    return at + 4;
}

void db_push_null(struct db_call *call, int number) {
    must(number >= 1 && number <= call->parameter_count && call->parameters[number - 1].is_array);
    struct db_parameter *parameter = &call->parameters[number - 1];
    must(parameter->count < DB_ARRAY_MAX);
    parameter->count++;
    parameter->has_null = true;
    put32(buffer_extend(&parameter->bytes, 4), UINT32_MAX);
}
void db_push_bool(struct db_call *call, int number, bool value) {
    *element(call, number, DB_BOOL, 1) = value;
}
void db_push_int2(struct db_call *call, int number, int16_t value) {
    put16(element(call, number, DB_INT2, 2), (uint16_t)value);
}
void db_push_int4(struct db_call *call, int number, int32_t value) {
    put32(element(call, number, DB_INT4, 4), (uint32_t)value);
}
void db_push_int8(struct db_call *call, int number, int64_t value) {
    put64(element(call, number, DB_INT8, 8), (uint64_t)value);
}
void db_push_float8(struct db_call *call, int number, double value) {
    put64(element(call, number, DB_FLOAT8, 8), float8_bits(value));
}
void db_push_text(struct db_call *call, int number, const char *text, size_t length) {
    uint8_t *at = element(call, number, DB_TEXT, length);
    if (length > 0) memcpy(at, text, length);
}
void db_push_bytes(struct db_call *call, int number, const void *bytes, size_t length) {
    uint8_t *at = element(call, number, DB_BYTEA, length);
    if (length > 0) memcpy(at, bytes, length);
}

static int array_finish(const struct db_parameter *parameter) {
    uint8_t *header = parameter->bytes.data;
    put32(header, parameter->count > 0 ? 1 : 0);
    put32(header + 4, parameter->has_null);
    put32(header + 8, ELEMENT_OID[parameter->type]);
    put32(header + 12, (uint32_t)parameter->count);
    put32(header + 16, 1);
    must(parameter->bytes.length <= INT_MAX);
    return parameter->count > 0 ? (int)parameter->bytes.length : ARRAY_HEADER_EMPTY;
}

static void argue(struct db_arguments *arguments, int i, Oid type, const uint8_t *bytes, int length) {
    arguments->types[i] = type;
    arguments->values[i] = (const char *)bytes;
    arguments->lengths[i] = length;
    arguments->formats[i] = 1;
}

static void argue_element(struct db_arguments *arguments, int i, const struct db_parameter *array) {
    const uint8_t *at = array->bytes.data + ARRAY_HEADER;
    argue(arguments, i, ELEMENT_OID[array->type], array->has_null ? NULL : at + 4,
          (int)array->bytes.length - ARRAY_HEADER - 4);
}

void db_call_arguments(const struct db_call *call, struct db_arguments *ret_arguments) {
    static const uint8_t empty[1]; /* an empty text has no bytes of its own, and libpq takes NULL for null */
    ret_arguments->count = call->parameter_count;
    for (int i = 0; i < call->parameter_count; i++) {
        const struct db_parameter *parameter = &call->parameters[i];
        const uint8_t *bytes = parameter->bytes.data ? parameter->bytes.data : empty;
        must(parameter->is_set);
        if (call->is_one_row && parameter->is_array)
            argue_element(ret_arguments, i, parameter);
        else if (parameter->is_array)
            argue(ret_arguments, i, ARRAY_OID[parameter->type], bytes, array_finish(parameter));
        else
            argue(ret_arguments, i, ELEMENT_OID[parameter->type], parameter->is_null ? NULL : bytes,
                  (int)parameter->bytes.length);
    }
}
