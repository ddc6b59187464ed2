/* See attempt.h. */
#include "services/kit/attempt.h"

#include <stddef.h>

static const struct row {
    const char *code;
    struct sentence reason;
} outcomes[] = {[0] = {"", {"", ""}},
#define ROW(number, name, code, zh, en) [number] = {code, {zh, en}},
                ATTEMPT_OUTCOMES(ROW)
#undef ROW
};

static const struct row *row(int outcome) {
    return &outcomes[outcome > 0 && (size_t)outcome < sizeof outcomes / sizeof *outcomes ? outcome : 0];
}

const char *attempt_outcome_code(int outcome) {
    return row(outcome)->code;
}

struct sentence attempt_outcome_reason(int outcome) {
    return row(outcome)->reason;
}

const char *attempt_kind_code(int kind) {
    static const char *const codes[] = {"", "event", "test", "challenge"};
    return codes[kind > 0 && kind < 4 ? kind : 0];
}

enum attempt_outcome attempt_outcome_of(const struct client_response *response) {
    if (!response) return ATTEMPT_NOT_SENT;
    switch (response->err) {
    case ERR_NONE:
        return response->status >= 200 && response->status < 300 ? ATTEMPT_DELIVERED : ATTEMPT_STATUS;
    case ERR_TIMEOUT:
        return ATTEMPT_TIMEOUT;
    case ERR_REFUSED:
        return ATTEMPT_ADDRESS;
    case ERR_TOO_LARGE:
        return ATTEMPT_TOO_LARGE;
    case ERR_CLOSED:
        return response->sent ? ATTEMPT_CUT : ATTEMPT_NOT_REACHED;
    default:
        return ATTEMPT_NOT_SENT;
    }
}
