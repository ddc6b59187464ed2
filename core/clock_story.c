/* See clock_story.h. */
#include "core/clock_story.h"

#include "core/ticket_inner.h"

enum { MINUTE_MS = 60000 };

static int add(struct clock_story *stories, int count, int slot, const struct clock *clock, uint32_t unit) {
    if (clock->stage == 0) return count;
    struct clock_story *s = &stories[count];
    s->slot = slot;
    s->clock = *clock;
    s->unit = unit;
    s->pause_count = s->extension_count = s->recount_count = 0;
    s->heard = (struct clock){0};
    return count + 1;
}

int clock_stories(const struct ticket *ticket, struct clock_story *ret_stories) {
    int count = add(ret_stories, 0, CLOCK_SLOT_TICKET, &ticket->clock, ticket->owner);
    count = add(ret_stories, count, CLOCK_SLOT_SUPERVISION, &ticket->supervision, ticket->supervised_unit);
    for (int i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        count = add(ret_stories, count, 2 * a->no, &a->turn, a->unit);
        count = add(ret_stories, count, 2 * a->no + 1, &a->handle, a->unit);
    }
    return add(ret_stories, count, CLOCK_SLOT_TOTAL, &ticket->total, 0);
}

/* In the largest whole unit, as people say it. */
static struct limit limit_of_ms(const struct calendar *cal, bool natural, int64_t ms) {
    int64_t minutes = ms / MINUTE_MS, day = natural ? 24 * 60 : cal->day_minutes;
    if (minutes % day == 0)
        return (struct limit){(int32_t)(minutes / day), natural ? LIMIT_NATURAL_DAYS : LIMIT_WORKING_DAYS};
    if (minutes % 60 == 0)
        return (struct limit){(int32_t)(minutes / 60), natural ? LIMIT_NATURAL_HOURS : LIMIT_WORKING_HOURS};
    return (struct limit){(int32_t)minutes, natural ? LIMIT_NATURAL_MINUTES : LIMIT_WORKING_MINUTES};
}

static bool same_limit(const struct clock *a, const struct clock *b) {
    return a->limit_unit == b->limit_unit && a->limit_amount == b->limit_amount;
}

static void hear_extension(struct clock_story *s, const struct calendar *cal, time_ms at, const struct clock *now) {
    int64_t more = now->extended_ms - s->heard.extended_ms;
    if (more < MINUTE_MS || s->extension_count == CLOCK_STORY_CHANGES_MAX) return;
    s->extensions[s->extension_count++] =
        (struct calendar_extension){at, limit_of_ms(cal, limit_is_natural(clock_limit(now)), more)};
}

static void hear_pause(struct clock_story *s, time_ms at, const struct clock *now) {
    if (now->paused && !s->heard.paused && s->pause_count < CLOCK_STORY_CHANGES_MAX)
        s->pauses[s->pause_count++] = (struct calendar_pause){.from = at};
    else if (!now->paused && s->heard.paused && s->pause_count > 0)
        s->pauses[s->pause_count - 1].to = at;
    if (s->pause_count > 0) s->used_ms[s->pause_count - 1] = now->used_ms;
}

/* What was granted before is told in the limit's new kind of time (C20). */
static void convert_extensions(struct clock_story *s, const struct calendar *cal, struct limit from, struct limit to) {
    for (int i = 0; i < s->extension_count && limit_is_natural(from) != limit_is_natural(to); i++) {
        int64_t ms = calendar_extension_ms(cal, from, s->extensions[i].limit);
        s->extensions[i].limit = limit_of_ms(cal, limit_is_natural(to), calendar_convert_ms(cal, from, to, ms));
    }
}

/* Neither paused nor resumed nor extended, and yet another due time or limit. Granted time that only changed its kind with the
 * limit is no extension. */
static bool hear_recount(struct clock_story *s, const struct event *e, const struct clock *now) {
    const struct clock *before = &s->heard;
    bool limit = !same_limit(before, now);
    bool moved = before->paused == now->paused && before->due != now->due && before->extended_ms == now->extended_ms;
    if (!limit && !moved) return false;
    if (s->recount_count == CLOCK_STORY_CHANGES_MAX) return limit;
    int n = s->recount_count++;
    s->recounts[n] = (struct calendar_recount){e->at, before->due, now->due, clock_limit(before), clock_limit(now)};
    s->reasons[n] = e->type == EVENT_RECOMPUTED ? e->effect.reason : (struct text){0};
    s->matters[n] = e->effect.matter;
    s->urgencies[n] = e->effect.urgency;
    return limit;
}

void clock_story_hear(struct clock_story *s, const struct calendar *cal, const struct event *e) {
    for (int i = 0; i < e->effect.clocks_count; i++) {
        const struct clock *now = &e->effect.clocks[i].clock;
        if (e->effect.clocks[i].slot != s->slot || now->stage != s->clock.stage || now->started != s->clock.started)
            continue;
        if (s->heard.stage == 0) { /* its beginning; of a named time the odd seconds are no extension */
            s->heard = *now;
            continue;
        }
        bool other_limit = hear_recount(s, e, now);
        if (other_limit)
            convert_extensions(s, cal, clock_limit(&s->heard), clock_limit(now));
        else
            hear_extension(s, cal, e->at, now);
        hear_pause(s, e->at, now);
        s->heard = *now;
    }
}

/* A review date or a sub-deadline: so many minutes ahead, and odd seconds. */
static time_ms named_time(const struct clock *clock) {
    if (!clock->fixed) return 0;
    return clock->started + (time_ms)clock->limit_amount * MINUTE_MS + clock->extended_ms;
}

struct calendar_question clock_story_question(const struct clock_story *s) {
    return (struct calendar_question){.start = s->clock.started,
                                      .limit = clock_limit(&s->clock),
                                      .named = named_time(&s->clock),
                                      .pauses = s->pauses,
                                      .pause_count = s->pause_count,
                                      .used_ms = s->used_ms,
                                      .extensions = s->extensions,
                                      .extension_count = s->extension_count,
                                      .recounts = s->recounts,
                                      .recount_count = s->recount_count};
}
