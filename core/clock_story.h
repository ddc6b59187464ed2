/* How a clock of a ticket came to its due time, gathered from the ticket's events: pauses, extensions and recomputations between
 * its start and now. What calendar_explain then cuts into lines. Pure. Not for wording (core/calendar_say.c), nor for clocks that
 * have ended. */
#ifndef CORE_CLOCK_STORY_H
#define CORE_CLOCK_STORY_H

#include "core/clock.h"

enum {
    CLOCK_STORY_CHANGES_MAX = 64,                       /* of each sort; later ones are not told */
    CLOCK_STORIES_MAX = 3 + 2 * TICKET_ASSIGNMENTS_MAX, /* clocks that a ticket can have at a time */
};

struct clock_story {
    int slot;
    struct clock clock; /* as it is now */
    uint32_t unit;      /* whose; 0: the whole limit, which is the city's */
    struct calendar_pause pauses[CLOCK_STORY_CHANGES_MAX];
    int64_t used_ms[CLOCK_STORY_CHANGES_MAX]; /* used up in all until each pause */
    struct calendar_extension extensions[CLOCK_STORY_CHANGES_MAX];
    struct calendar_recount recounts[CLOCK_STORY_CHANGES_MAX];
    struct text reasons[CLOCK_STORY_CHANGES_MAX]; /* of each recount's event; borrowed from it */
    uint32_t matters[CLOCK_STORY_CHANGES_MAX];    /* the matter that event set; 0: none */
    uint8_t urgencies[CLOCK_STORY_CHANGES_MAX];   /* the urgency it set; 0: none */
    int pause_count, extension_count, recount_count;
    struct clock heard; /* as of the events so far; stage 0: not begun */
};

/* The clocks the ticket has now, in the order of their slots, the whole limit last; those that are paused too. Returns how many. */
int clock_stories(const struct ticket *ticket, struct clock_story *ret_stories);
/* The ticket's events, each once, in order. `cal` is the story's clock's. */
void clock_story_hear(struct clock_story *story, const struct calendar *cal, const struct event *event);
/* For calendar_explain; borrows from the story. */
struct calendar_question clock_story_question(const struct clock_story *story);

#endif
