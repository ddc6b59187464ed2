/* The JSON body of a command: which fields each command takes, and their way into struct command. People write codes ("water",
 * "020305", "T20261121010000001"); the router knows numbers. What is demanded beyond form is core's. */
#ifndef CONSOLE_COMMAND_BODY_H
#define CONSOLE_COMMAND_BODY_H

#include "services/console/call.h"

enum command_field {
    TAKES_UNIT = 1 << 0,
    TAKES_UNITS = 1 << 1,
    TAKES_REASON = 1 << 2,
    TAKES_BASIS = 1 << 3,
    TAKES_NOTE = 1 << 4,
    TAKES_ANSWER = 1 << 5,
    TAKES_UNTIL = 1 << 6,
    TAKES_MATTER = 1 << 7,
    TAKES_URGENCY = 1 << 8,
    TAKES_PLACE = 1 << 9,
    TAKES_OTHER = 1 << 10,
    TAKES_REQUEST = 1 << 11,
    TAKES_SATISFIED = 1 << 12,
    TAKES_SCORE = 1 << 13,
    TAKES_RUNG = 1 << 14,
    TAKES_ASSIGNMENT = 1 << 15,
    TAKES_VERSION = 1 << 16, /* every command */
    TAKES_RESULT = 1 << 17,
    TAKES_TO = 1 << 18,   /* an outside system */
    TAKES_CARD = 1 << 19, /* by its number */
    TAKES_FILES = 1 << 20 /* attachments, of one ticket's step only */
};
enum { COMMAND_FIELD_COUNT = 21 };

struct command_field_info {
    const char *name;
    const char *schema; /* JSON Schema, for the OpenAPI document */
    uint32_t max;       /* bytes of a text; 0: no text */
};
/* By bit. */
extern const struct command_field_info command_fields[COMMAND_FIELD_COUNT];

struct command_takes {
    uint32_t may, needs; /* or-ed enum command_field; needs is told in the document and checked by core */
};
/* Of enum command_name; both zero for commands that nobody gives by HTTP. */
struct command_takes command_takes(int command);

/* Fills the fields that come from outside. False: the answer was given. Texts point into the call's tree. */
bool command_read(struct call *call, int command, struct command *ret_command);
/* The same from a tree that was read before; it is changed. */
bool command_read_tree(struct call *call, int command, struct cJSON *tree, struct command *ret_command);

#endif
