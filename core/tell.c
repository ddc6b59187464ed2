/* See tell.h; rules N1 to N8. */
#include "core/tell.h"

#include "core/ladder.h"

/* ---- when (N2, N3) ---- */

struct tell_when tell_when(const struct world *world, const struct event *event, const struct recipient *to,
                           int64_t digest_ms) {
    struct tell_when when = {.alone = event->type == EVENT_SUPERVISED || to->at_once, .at = event->at};
    if (when.alone) return when;
    /* of a rung the event says until when (D10); of the rest it is asked here, by the default policy */
    when.not_before = event->type == EVENT_RUNG ? to->not_before : ladder_quiet_until(world, to, 0, event->at);
    when.at = event->at + digest_ms;
    if (when.at < when.not_before) when.at = when.not_before;
    return when;
}

/* ---- which go together (N3, N4) ---- */

static bool same_recipient(const struct tell_notice *a, const struct tell_notice *b) {
    return a->person != 0 ? a->person == b->person : b->person == 0 && a->unit == b->unit;
}

static bool is_ordinary(const struct tell_notice *notice) {
    return !notice->read && !notice->when.alone;
}

/* Those of one recipient. */
static void letters_of_one(const struct tell_notice *notices, size_t count, time_ms now, int64_t *ret_letters) {
    bool due = false;
    int64_t digest = 0;
    for (size_t i = 0; i < count; i++) due = due || (is_ordinary(&notices[i]) && notices[i].when.at <= now);
    for (size_t i = 0; i < count; i++) {
        const struct tell_notice *notice = &notices[i];
        ret_letters[i] = notice->read ? TELL_NEVER : 0;
        if (notice->read) continue;
        if (notice->when.alone && notice->when.at <= now) ret_letters[i] = notice->id;
        if (notice->when.alone || !due || notice->when.not_before > now) continue;
        if (digest == 0) digest = notice->id;
        ret_letters[i] = digest;
    }
}

void tell_letters(const struct tell_notice *notices, size_t count, time_ms now, int64_t *ret_letters) {
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && same_recipient(&notices[from], &notices[to]); to++) {
        }
        letters_of_one(notices + from, to - from, now, ret_letters + from);
    }
}

/* ---- what becomes of a letter (N5, N6, N7) ---- */

static void by_next_way(struct tell_letter *letter, const struct tell_way *way, uint8_t end, time_ms now) {
    letter->moves = way->has_next;
    letter->tries = 0;
    letter->next_at = now;
    letter->state = way->has_next ? LETTER_WAITING : end;
}

static void on_taken(struct tell_letter *letter, const struct tell_way *way, time_ms now) {
    letter->taken = true;
    letter->state = way->confirm_ms > 0 ? LETTER_SENT : LETTER_TAKEN;
    letter->next_at = now + way->confirm_ms;
}

static void on_failed(struct tell_letter *letter, const struct tell_way *way, time_ms now) {
    letter->tries++;
    if (letter->tries >= way->tries_max) {
        by_next_way(letter, way, letter->taken ? LETTER_UNCONFIRMED : LETTER_DEAD, now);
    } else {
        letter->next_at = now + way->pause_ms;
    }
}

void tell_step(struct tell_letter *letter, enum tell_event what, const struct tell_way *way, time_ms now) {
    letter->moves = false;
    bool waits = letter->state == LETTER_WAITING, sent = letter->state == LETTER_SENT;
    switch (what) {
    case TELL_TAKEN:
        if (waits) on_taken(letter, way, now);
        break;
    case TELL_REFUSED:
        if (waits) by_next_way(letter, way, letter->taken ? LETTER_UNCONFIRMED : LETTER_DEAD, now);
        break;
    case TELL_FAILED:
        if (waits) on_failed(letter, way, now);
        break;
    case TELL_DELIVERED:
    case TELL_READ:
        /* also after a dead letter, a late one, and a delivered one that is read */
        if (letter->state == LETTER_DISCARDED || letter->state == LETTER_READ) break;
        letter->state = what == TELL_READ ? LETTER_READ : LETTER_DELIVERED;
        break;
    case TELL_UNDELIVERED:
        if (sent && way->is_current) by_next_way(letter, way, LETTER_DEAD, now);
        break;
    case TELL_UNCONFIRMED:
        if (sent) by_next_way(letter, way, LETTER_UNCONFIRMED, now);
        break;
    }
}
