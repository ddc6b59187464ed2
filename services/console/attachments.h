/* Files that people and systems send (docs/decisions/attachments.md):
 *     attachments.c      what is shared: the store, how many at once
 *     attachment_post.c  the door: who, how much, the body streamed into files without a name
 *     attachment_look.c  each file looked at by paidan-image, a process of its own, two at a time
 *     attachment_keep.c  hashed, sealed, stored: in worker threads, two at a time
 *     attachment_row.c   its row, before and when it is stored
 *     attachment_fetch.c those given by reference are fetched, and go the same way
 *     attachment_get.c   given out, to whom the ticket it belongs to is shown
 *     attachment_sweep.c what belongs to nothing after a day goes
 *     attachment_bind.c  a step of a ticket names them
 * Nothing of a file's content is ever read in the console's own process but to hash and seal it. */
#ifndef CONSOLE_ATTACHMENTS_H
#define CONSOLE_ATTACHMENTS_H

#include "services/console/call.h"

struct attachments;

/* NULL: no folder is configured, or no key: then there is no door (503). *ret_err tells when the configuration is wrong (logged). */
struct attachments *attachments_new(struct console *console, enum err *ret_err);
void attachments_free(struct attachments **attachments);
void attachments_tick(struct attachments *attachments); /* each second */
int attachments_under_way(const struct attachments *attachments);

call_handler attachments_post, public_attachments_post, attachment_get, attachment_thumbnail_get;

/* ---- with a step of a ticket, in this order; attachment_bind.c */

/* Takes "attachments" out of the body, into command->files. False: 400 was answered. */
bool attachments_take(struct call *call, struct cJSON *tree, struct command *command);
/* Adds the question whether they are there; returns its place among the group's results. */
int attachments_ask(struct call *call, const struct command *command);
/* Fills in their hashes. False: 422 was answered. */
bool attachments_known(struct call *call, const struct db_result *rows, struct command *command);
/* A transaction that makes them the ticket's, to be sent; results[1] says which it made so: a bit each. */
void attachments_bind(struct call *call, const struct command *command);
uint32_t attachments_bound(const struct db_result *rows, const struct command *command);
/* The step was refused: these are nobody's again. */
void attachments_let_go(struct console *console, const struct command *command, uint32_t bound);

#endif
