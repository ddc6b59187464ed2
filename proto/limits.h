/* Every limit of the system in one place, so that each buffer, list and queue has a size known at start. */
#ifndef PROTO_LIMITS_H
#define PROTO_LIMITS_H

#include <stdint.h>

typedef int64_t time_ms; /* UTC milliseconds since 1970 */

enum {
    /* a ticket */
    TICKET_ASSIGNMENTS_MAX = 8, /* one lead, up to seven assists or earlier leads still open */
    TICKET_CARDS_MAX = 32,      /* warnings and cards that can still be appealed or withdrawn */
    TICKET_RETURNED_MAX = 8,    /* units that are remembered to have returned it */
    EVENT_UNITS_MAX = 8,        /* units named by one event: assists, recipients of a rung, whistled departments */
    EVENT_TOLD_MAX = 8, /* people and desks one rung tells: two of the unit, its leader, parent, centre, district */
    EVENT_CLOCKS_MAX =
        19,               /* clocks one event may set: two of each assignment, ticket's, supervision's, whole limit's */
    STEP_EVENTS_MAX = 12, /* events one command may cause */
    ROUTE_CONSIDERED_MAX = 8,
    ROUTE_RULES_MAX = 16, /* routing rules whose keywords one text holds */
    /* texts, bytes of UTF-8 */
    REASON_BYTES_MAX = 300, /* a code, or a sentence of a hundred characters */
    BASIS_BYTES_MAX = 1024,
    NOTE_BYTES_MAX = 4096,
    ANSWER_BYTES_MAX = 8192,
    TITLE_BYTES_MAX = 600,
    DESCRIPTION_BYTES_MAX = 32768,
    ADDRESS_BYTES_MAX = 600,
    NAME_BYTES_MAX = 200,
    PHONE_BYTES_MAX = 32,
    SOURCE_BYTES_MAX = 40,
    EXTERNAL_ID_BYTES_MAX = 120,
    ATTACHMENTS_MAX = 10,
    COMMAND_FILES_MAX = 6, /* photos and papers that come with a step */
    KEY_BYTES_MAX = 120,   /* Idempotency-Key */
    /* messages */
    MESSAGE_BYTES_MAX = 65536,
    MESSAGE_DEPTH_MAX = 8,
    CHANGES_PER_MESSAGE = 100,
    EVENTS_PER_MESSAGE = 32, /* told to the system of a unit */
    CHANGE_UNITS_MAX = 10,   /* owner, open assignments, place */
    BEATS_SILENT_MS =
        1500, /* the router says something at least three times in this; who hears nothing connects anew */
    /* reference data */
    UNITS_MAX = 20000,
    MATTERS_MAX = 4000,
    POLICIES_MAX = 64,
    CALENDARS_MAX = 64,
    RULES_MAX = 1000,         /* routing rules */
    RULE_WORDS_MAX = 16,      /* keywords of one */
    RULE_WORD_BYTES_MAX = 96, /* a keyword, folded */
    RULE_ASSISTS_MAX = 4,
    /* doors */
    REQUEST_BODY_MAX = 262144,
    BATCH_BODY_MAX = 16777216,
    BATCH_LINES_MAX = 20000,
    /* the router */
    BULK_TICKETS_MAX = 200,    /* tickets of one bulk command */
    BATCH_COMMANDS_MAX = 2000, /* commands decided in one transaction */
    BACKLOG_COMMANDS_MAX = 50000,
};

#endif
