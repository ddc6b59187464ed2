/* See kept.h. */
#include "services/console/kept.h"

#include "services/console/console.h"

bool kept_answered(const struct kept *kept, struct call *call, int64_t asked) {
    if (!call->reach.everything || kept->asked != asked || clock_monotonic_ms() >= kept->until) return false;
    call_answer_bytes(call, 200, "application/json", &kept->bytes);
    return true;
}

void kept_take(struct kept *kept, struct call *call, int64_t asked, int ms) {
    if (!call->reach.everything) return;
    buffer_clear(&kept->bytes);
    buffer_append(&kept->bytes, call->console->out.data, call->console->out.length);
    kept->until = clock_monotonic_ms() + ms;
    kept->asked = asked;
}
