/* What statements*.c share: reading a call's parameters, writing its result, changing rows so that it can be undone. */
#ifndef SIM_STATEMENTS_H
#define SIM_STATEMENTS_H

#include "tests/sim/disk.h"

typedef const char *statement_fn(struct transaction *t, const struct db_call *call, struct db_result *result);

int64_t arg(const struct db_call *call, int number);
int64_t arg_at(const struct db_call *call, int number, size_t row);
const uint8_t *arg_bytes(const struct db_call *call, int number, size_t row, size_t *ret_len);
size_t rows_of(const struct db_call *call, int number);

void put(struct db_result *result, int64_t number);
void put_null(struct db_result *result);
void put_bytes(struct db_result *result, const void *bytes, size_t len);

/* Takes the row over; what was there comes back with a rollback. */
void store(struct transaction *t, struct table *table, int64_t a, int64_t b, void *row);
void *row_new(const void *row, size_t size);
#define STORE(t, table, a, b, row) store(t, table, a, b, row_new(&(row), sizeof(row)))

/* Refuses: returns the SQLSTATE. */
const char *refused(struct transaction *t, const char *sqlstate, const char *message);
bool is_parked(int64_t number);
const char *park(struct transaction *t, int64_t number, const char *service, const char *what);

statement_fn *router_statement(const char *name); /* NULL: not the router's */

#endif
