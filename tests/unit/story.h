/* What the stories share: how they begin. A story acts and lets time pass; then the diary has to read exactly as written below
 * it, so that somebody who knows the practice can say whether that is right. */
#ifndef TESTS_UNIT_STORY_H
#define TESTS_UNIT_STORY_H

#include "core/ticket_inner.h"
#include "tests/unit/city.h"

static struct city city;

static void begin(const char *time) {
    city_open(&city, time);
}

static int64_t come_in(uint32_t matter, uint32_t place, int place_by) {
    return receive(&city, (struct request_new){.matter = matter, .place = place, .place_by = (uint8_t)place_by});
}

#define BECAUSE(sentence) .reason = TEXT(sentence)
#define NOT_OUR_DUTY      .reason = TEXT("not_our_duty"), .basis = TEXT("《三定方案》第三条")

#endif
