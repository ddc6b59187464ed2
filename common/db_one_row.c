/* A lone row without arrays. PostgreSQL looks up an array's type anew at each call and sets up a function that takes it apart: a dozen
 * of them is more work than the row they hold. */
#include "common/db_internal.h"
#include "proto/must.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { ONES = 256, NAME_BYTES = 64 }; /* PostgreSQL cuts names there */

struct one {
    const struct db_statement *of;
    char name[NAME_BYTES];
    struct db_statement statement;
};

/* `at` begins with unnest($1::int8[]): how long that is; else 0. */
static size_t unnest_length(const char *at) {
    static const char begin[] = "unnest($", middle[] = "::", end[] = "[])";
    const char *from = at;
    if (strncmp(at, begin, strlen(begin)) != 0) return 0;
    for (at += strlen(begin); isdigit((unsigned char)*at);) at++;
    if (strncmp(at, middle, strlen(middle)) != 0) return 0;
    for (at += strlen(middle); isalnum((unsigned char)*at);) at++;
    return strncmp(at, end, strlen(end)) == 0 ? (size_t)(at - from) + strlen(end) : 0;
}

static char *without_arrays(const char *sql) {
    char *text = malloc(strlen(sql) + 1), *to = text;
    must(text);
    while (*sql) {
        size_t length = unnest_length(sql);
        if (length == 0) {
            *to++ = *sql++;
            continue;
        }
        size_t kept = length - strlen("unnest([])");
        memcpy(to, sql + strlen("unnest("), kept);
        to += kept;
        sql += length;
    }
    *to = '\0';
    must(strstr(text, "[]") == NULL);
    return text;
}

/* One for the process: its address is what connections remember a prepared statement by. */
const struct db_statement *db_one_row(const struct db_statement *statement) {
    static struct one *ones[ONES];
    static int count;
    size_t at = ((uintptr_t)statement >> 4) * 0x9e3779b97f4a7c15u >> 56;
    while (ones[at] && ones[at]->of != statement) at = (at + 1) % ONES;
    if (!ones[at]) {
        struct one *one = ones[at] = calloc(1, sizeof *one);
        must(one && ++count < ONES);
        int length = snprintf(one->name, sizeof one->name, "%s_one", statement->name);
        must(length < NAME_BYTES);
        one->of = statement;
        one->statement = (struct db_statement){one->name, without_arrays(statement->sql)};
    }
    return &ones[at]->statement;
}

void db_call_one_row(struct db_call *call) {
    if (!call->one_row) return;
    for (int i = 0; i < call->parameter_count; i++)
        if (call->parameters[i].is_array && call->parameters[i].count != 1) return;
    call->statement = call->one_row;
    call->is_one_row = true;
}
