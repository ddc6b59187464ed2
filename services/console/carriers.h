/* What carries letters to people, and their texts: kept by the system administrator. Whose number or mailbox it is, is the person's own
 * business and the security administrator's (ways.h). Sending is the notification service's. */
#ifndef CONSOLE_CARRIERS_H
#define CONSOLE_CARRIERS_H

#include "services/console/call.h"

void carriers_get(struct call *call);
void carriers_post(struct call *call); /* makes or changes one; the secret of its receipts is told once */
void carrier_delete(struct call *call);
void receipts_post(struct call *call); /* what a carrier reports, by that secret */

void templates_get(struct call *call);
void templates_post(struct call *call);
void template_preview_post(struct call *call);

void letters_get(struct call *call);
void letter_get(struct call *call); /* with all that was tried */

#endif
