/* Accounts and tokens, kept by the security administrator: GET, POST, DELETE under /api/v1/admin. An account is disabled, never
 * removed, as events name it. */
#ifndef CONSOLE_USERS_H
#define CONSOLE_USERS_H

#include "services/console/call.h"

void users_get(struct call *call);
void users_post(struct call *call);  /* a new one; without a password one is made and shown once */
void user_post(struct call *call);   /* changes role, unit, password, disabled */
void user_delete(struct call *call); /* disables */
void tokens_get(struct call *call);
void tokens_post(struct call *call);
void token_delete(struct call *call);

bool login_is_well_formed(const char *login);
/* Whether people may have this role. */
bool user_role_signs_in(int role);
/* Whether somebody may hold this role for this unit (0: none); else what is wrong. */
bool user_role_fits(const struct world *world, int role, uint32_t unit, struct sentence *ret_wrong);

#endif
