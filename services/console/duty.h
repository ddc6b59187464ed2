/* Who is on duty and who is away, notices, and the posts somebody may act in (rules W7 to W9, D11). Whoever asks sees the own desk;
 * the unit of others only below the own. Rosters and changes of units are loaded as files: import_organisation.c. */
#ifndef CONSOLE_DUTY_H
#define CONSOLE_DUTY_H

#include "services/console/call.h"

/* notices.c */
void notices_get(struct call *call);
void notices_read_post(struct call *call);

/* duty.c */
void duty_get(struct call *call);
void handover_post(struct call *call);
void handover_take_post(struct call *call);
void unit_changes_get(struct call *call);

/* posts.c */
void absences_get(struct call *call);
void absences_post(struct call *call);
void absence_delete(struct call *call);
void posts_get(struct call *call);
void post_choose_post(struct call *call);

#endif
