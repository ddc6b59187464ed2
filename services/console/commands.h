/* POST /tickets/{number}/{command}: a person's command goes to the router and its reply back. A command that the router leaves
 * unanswered is sent again under the same key, so it happens once; when patience ends the outcome is not known and the answer is
 * 503, never 4xx. */
#ifndef CONSOLE_COMMANDS_H
#define CONSOLE_COMMANDS_H

#include "services/console/call.h"

struct commands;

struct commands *commands_new(struct console *console);
void commands_free(struct commands **commands);

void command_post(struct call *call);
/* POST /tickets/bulk/{command}: bulk.c. */
void bulk_post(struct call *call);

/* From the bus. */
void commands_on_reply(struct commands *commands, int64_t id, const struct reply *reply);
/* Often (20 ms): sends again, gives up. */
void commands_tick(struct commands *commands);
int commands_under_way(const struct commands *commands);

#endif
