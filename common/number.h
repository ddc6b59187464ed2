/* Numbers people read out on the phone, and strict reading of integers.
 *   request  int64 = yyyymmdd * 10^9 + n                        R20261121000000123
 *   ticket   int64 = yyyymmdd * 10^9 + shard * 10^7 + n         T20261121010000123
 * yyyymmdd is the local date; n counts from 1 within the day (and shard). Always text in JSON (over 2^53). */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

#define NUMBER_TEXT_BYTES    20 /* with NUL */
#define NUMBER_SHARD_MAX     99
#define NUMBER_REQUEST_N_MAX 999999999
#define NUMBER_TICKET_N_MAX  9999999

/* must() fails on a date, shard or n out of range. */
int64_t number_request(int32_t date, int32_t n);
int64_t number_ticket(int32_t date, int32_t shard, int32_t n);

int32_t number_date(int64_t number); /* yyyymmdd of either */
int32_t number_request_n(int64_t number);
int32_t number_ticket_shard(int64_t number);
int32_t number_ticket_n(int64_t number);

/* Text with its letter. Returns the length. */
size_t number_format_request(int64_t number, char ret_text[NUMBER_TEXT_BYTES]);
size_t number_format_ticket(int64_t number, char ret_text[NUMBER_TEXT_BYTES]);

/* Exactly the written form (the letter may be small); ERR_INVALID otherwise, also for an impossible date or n = 0. */
MUST_USE enum err number_parse_request(const char *text, size_t len, int64_t *ret_number);
MUST_USE enum err number_parse_ticket(const char *text, size_t len, int64_t *ret_number);

/* A whole decimal number with an optional minus: no spaces, plus sign, leading zeros or overflow. */
MUST_USE enum err number_parse_int(const char *text, size_t len, int64_t *ret_value);

#endif
