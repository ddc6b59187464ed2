/* A command under way, shared by commands.c (one ticket) and bulk.c (many). Not for others. */
#ifndef CONSOLE_COMMANDS_INNER_H
#define CONSOLE_COMMANDS_INNER_H

#include "services/console/commands.h"

enum { KEY_BYTES = 16 };

struct bulk;
struct pending;

/* How a command ends that is not answered as POST /tickets/{number}/{command} is. The pending is nobody's else by then. */
struct command_ends {
    void (*replied)(struct pending *p); /* p->reply says what was decided */
    void (*unknown)(struct pending *p); /* p->sent: it may have been; else it was not */
    void (*too_long)(struct pending *p);
};

struct pending {
    struct call *call;                   /* NULL: it did not come over HTTP; then it has ends */
    struct bulk *bulk;                   /* one of many; NULL: alone */
    const struct command_ends *ends;     /* NULL: the ordinary answer */
    int64_t id, sent_at, send_at, until; /* monotonic; send_at: when it is sent (again) */
    bool sent;                           /* the router may have it */
    struct command command;
    uint8_t key[KEY_BYTES], key_body[KEY_BYTES];
    struct reply reply;
    int files_place;      /* of the answer about its files, among the results */
    uint32_t files_bound; /* which of them became the ticket's for it, a bit each */
};

/* False: the Idempotency-Key is unfit and the answer was given. */
bool command_key_is_fit(struct call *call);
/* The key the router remembers the answer by: the client's (of many, with the ticket), or one of our own, so that sending again is
 * always safe. body: what must be the same when the key comes again. */
void command_set_key(struct pending *p, const void *body, size_t len);
/* Gives it a number and sends it; its end may come before this returns. False: no room now. */
bool command_start(struct commands *commands, struct pending *p);

/* How one of many ends; bulk.c. The pending is nobody's else by then. */
void bulk_replied(struct pending *p);
void bulk_unknown(struct pending *p);
void bulk_too_long(struct pending *p);

#endif
