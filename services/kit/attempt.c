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
