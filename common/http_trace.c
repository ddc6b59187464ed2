/* W3C Trace Context: "00-" trace id (32 hex) "-" parent id (16 hex) "-" flags (2 hex). The numbers need to be different, not
 * secret: a generator seeded once is enough. */
#include "common/http_internal.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t next_random(void) {
    static uint64_t state; /* splitmix64 */
    if (state == 0) arc4random_buf(&state, sizeof state);
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static void put_hex(char *at, uint64_t value) {
    static const char HEX[] = "0123456789abcdef";
    for (int i = 15; i >= 0; i--, value >>= 4) at[i] = HEX[value & 15];
}

static bool is_hex(const char *at, size_t length) {
    bool any = false;
    for (size_t i = 0; i < length; i++) {
        if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f'))) return false;
        any |= at[i] != '0';
    }
    return any; /* all zero means none */
}

static bool is_traceparent(const char *text) {
    return strlen(text) >= 55 && text[2] == '-' && text[35] == '-' && text[52] == '-' && is_hex(text + 3, 32) &&
           is_hex(text + 36, 16) && strncmp(text, "ff", 2) != 0 &&
           (text[55] == '\0' || (text[55] == '-' && strncmp(text, "00", 2) != 0));
}

void http_trace_make(struct http_request *request) {
    const char *given = http_header(request, "traceparent");
    bool sampled = true;
    if (given != NULL && is_traceparent(given)) {
        memcpy(request->trace_id, given + 3, 32);
        int digit = given[54] <= '9' ? given[54] - '0' : given[54] - 'a' + 10;
        sampled = digit & 1;
    } else {
        put_hex(request->trace_id, next_random());
        put_hex(request->trace_id + 16, next_random());
    }
    request->trace_id[32] = '\0';
    char parent[17] = "";
    put_hex(parent, next_random() | 1);
    snprintf(request->traceparent, sizeof request->traceparent, "00-%s-%.16s-%s", request->trace_id, parent,
             sampled ? "01" : "00");
}
