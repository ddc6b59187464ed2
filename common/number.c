/* Request and ticket numbers, and strict integers. */
#include "common/number.h"

#include "common/clock.h"
#include "proto/must.h"

#include <stdbool.h>

#define DAY   1000000000LL
#define SHARD 10000000LL

int64_t number_request(int32_t date, int32_t n) {
    must(clock_date_is_valid(date) && n >= 1 && n <= NUMBER_REQUEST_N_MAX);
    return date * DAY + n;
}

int64_t number_ticket(int32_t date, int32_t shard, int32_t n) {
    must(clock_date_is_valid(date) && shard >= 0 && shard <= NUMBER_SHARD_MAX && n >= 1 && n <= NUMBER_TICKET_N_MAX);
    return date * DAY + shard * SHARD + n;
}

int32_t number_date(int64_t number) {
    return (int32_t)(number / DAY);
}

int32_t number_request_n(int64_t number) {
    return (int32_t)(number % DAY);
}

int32_t number_ticket_shard(int64_t number) {
    return (int32_t)(number % DAY / SHARD);
}

int32_t number_ticket_n(int64_t number) {
    return (int32_t)(number % SHARD);
}

static bool is_request(int64_t number) {
    return number > 0 && number / DAY <= INT32_MAX && clock_date_is_valid(number_date(number)) && number % DAY;
}

static bool is_ticket(int64_t number) {
    return is_request(number) && number % SHARD;
}

/* 17 digits behind the letter: a date has eight. */
static size_t format(char letter, int64_t number, char ret_text[NUMBER_TEXT_BYTES]) {
    ret_text[0] = letter;
    for (int i = 17; i > 0; i--, number /= 10) ret_text[i] = (char)('0' + number % 10);
    ret_text[18] = 0;
    return 18;
}

size_t number_format_request(int64_t number, char ret_text[NUMBER_TEXT_BYTES]) {
    must(is_request(number));
    return format('R', number, ret_text);
}

size_t number_format_ticket(int64_t number, char ret_text[NUMBER_TEXT_BYTES]) {
    must(is_ticket(number));
    return format('T', number, ret_text);
}

/* 17 digits after the letter: fits an int64 by far. */
static enum err parse(const char *text, size_t len, char letter, int64_t *ret_number) {
    if (len != 18 || (text[0] | 0x20) != letter) return ERR_INVALID;
    int64_t number = 0;
    for (size_t i = 1; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return ERR_INVALID;
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return ERR_NONE;
}

enum err number_parse_request(const char *text, size_t len, int64_t *ret_number) {
    int64_t number;
    if (parse(text, len, 'r', &number) || !is_request(number)) return ERR_INVALID;
    *ret_number = number;
    return ERR_NONE;
}

enum err number_parse_ticket(const char *text, size_t len, int64_t *ret_number) {
    int64_t number;
    if (parse(text, len, 't', &number) || !is_ticket(number)) return ERR_INVALID;
    *ret_number = number;
    return ERR_NONE;
}

enum err number_parse_int(const char *text, size_t len, int64_t *ret_value) {
    bool is_negative = len > 0 && text[0] == '-';
    size_t at = is_negative ? 1 : 0;
    if (at == len || len - at > 19 || (text[at] == '0' && (len - at > 1 || is_negative))) return ERR_INVALID;
    int64_t value = 0; /* gathered below zero, as the smallest number has no positive twin */
    for (; at < len; at++) {
        if (text[at] < '0' || text[at] > '9') return ERR_INVALID;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, text[at] - '0', &value))
            return ERR_INVALID;
    }
    if (!is_negative && value == INT64_MIN) return ERR_INVALID;
    *ret_value = is_negative ? value : -value;
    return ERR_NONE;
}
