/* Files that people and systems send (docs/decisions/attachments.md):
 *     attachments.c      what is shared: the store, how many at once
 *     attachment_post.c  the door: who, how much, the body streamed into files without a name
 *     attachment_look.c  each file looked at by paidan-image, a process of its own, two at a time
 *     attachment_keep.c  hashed, sealed, stored: in worker threads, two at a time
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

#endif
