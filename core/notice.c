/* See notice.h; rule D11. */
#include "core/notice.h"

#include <string.h>

const uint8_t *notice_types(int *ret_count) {
    static const uint8_t types[] = {EVENT_RUNG,           EVENT_SUPERVISED,     EVENT_CARD_APPEALED,
                                    EVENT_CARD_WITHDRAWN, EVENT_APPEAL_REFUSED, EVENT_FOLLOWED};
    *ret_count = sizeof types;
    return types;
}

uint16_t notice_recipients(const struct world *world, const struct event *event,
                           struct recipient ret_recipients[EVENT_TOLD_MAX]) {
    const struct effect *f = &event->effect;
    uint32_t desk = 0;
    switch (event->type) {
    case EVENT_RUNG:
        memcpy(ret_recipients, f->told, f->told_count * sizeof f->told[0]);
        return f->told_count;
    case EVENT_SUPERVISED:
    case EVENT_CARD_WITHDRAWN:
    case EVENT_APPEAL_REFUSED:
    case EVENT_FOLLOWED:
        desk = f->unit;
        break;
    case EVENT_CARD_APPEALED:
        desk = world->center;
        break;
    default:
        break;
    }
    if (desk == 0) return 0;
    ret_recipients[0] = (struct recipient){.unit = desk, .as = TOLD_DESK};
    return 1;
}
