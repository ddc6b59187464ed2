/* What goes out to people of what they read (core/notice.h): when, in which letters, and what becomes of a letter by each thing that
 * happens to it. Rules N1 to N8. Pure; rows, texts and carriers are the notification service's. Not for webhooks to systems. */
#ifndef CORE_TELL_H
#define CORE_TELL_H

#include <stddef.h>

#include "core/world.h"
#include "proto/messages.h"

/* When a notice may go out, and whether in a letter of its own (N2, N3). */
struct tell_when {
    bool alone;
    time_ms not_before; /* the end of the quiet hours; 0: it came in none */
    time_ms at;         /* with others of its digest: not_before, or digest_ms after the event if that is later */
};
struct tell_when tell_when(const struct world *world, const struct event *event, const struct recipient *to,
                           int64_t digest_ms);

/* A notice that has not gone out. */
struct tell_notice {
    int64_t id, person; /* person 0: the desk of the unit */
    uint32_t unit;
    bool read;
    struct tell_when when;
};

#define TELL_NEVER (-1) /* read meanwhile (N4) */
/* Puts notices into letters (N3, N4): ret_letters[i] is the id of the first notice of its letter, 0 when its time has not come, or
 * TELL_NEVER. Demands notices ascending by recipient and id. What is held by no quiet hours goes along with the first that is due. */
void tell_letters(const struct tell_notice *notices, size_t count, time_ms now, int64_t *ret_letters);

/* What happens to a letter. */
enum tell_event {
    TELL_TAKEN = 1,   /* the carrier took it */
    TELL_REFUSED,     /* the carrier will never take it: a wrong number, no such template, a way that is gone */
    TELL_FAILED,      /* the carrier could not be asked, or says try again */
    TELL_DELIVERED,   /* a receipt: it arrived */
    TELL_READ,        /* a receipt: it was read */
    TELL_UNDELIVERED, /* a receipt: it did not arrive */
    TELL_UNCONFIRMED  /* no receipt came in time */
};

struct tell_letter {
    uint8_t state;   /* enum letter_state */
    int tries;       /* by the way it takes now */
    bool taken;      /* by some way, at some time */
    time_ms next_at; /* waiting: the next try; sent: until when a receipt is waited for */
    bool moves;      /* out: it goes on by the next way */
};

/* The way it takes now. */
struct tell_way {
    int64_t confirm_ms; /* how long a receipt is waited for; 0: none comes by this way */
    int64_t pause_ms;   /* before it is tried again */
    int tries_max;
    bool has_next;   /* there is another way behind it */
    bool is_current; /* of receipts: they are about the way it takes now */
};

/* The one place where a letter changes (N5, N6, N7). */
void tell_step(struct tell_letter *letter, enum tell_event what, const struct tell_way *way, time_ms now);

#endif
