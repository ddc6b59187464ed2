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

/* What a story is not about happens before it begins, and is not in its diary: the ticket came in and was routed; */
static int64_t received(const char *time, uint32_t matter, uint32_t place, int place_by) {
    begin(time);
    city.quiet = true;
    int64_t id = come_in(matter, place, place_by);
    city.quiet = false;
    return id;
}

/* its lead signed and called the requester; */
static void taken_on(const struct principal *lead) {
    city.quiet = true;
    DO(&city, 1, *lead, SIGN);
    DO(&city, 1, *lead, CONTACT, .note = TEXT("已联系"));
    city.quiet = false;
}

/* the work was done and found good: now the requester is asked. */
static void done_and_checked(const struct principal *lead, const struct principal *checker) {
    city.quiet = true;
    DO(&city, 1, *lead, SIGN);
    DO(&city, 1, *lead, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, *checker, PASS);
    city.quiet = false;
}

#define BECAUSE(sentence) .reason = TEXT(sentence)
#define NOT_OUR_DUTY      .reason = TEXT("not_our_duty"), .basis = TEXT("《三定方案》第三条")

#endif
