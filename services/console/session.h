/* Signing in and off: POST, GET, DELETE /api/v1/session, and POST /api/v1/setup, which makes the first administrator. */
#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

#include "services/console/call.h"

void session_post(struct call *call);
void session_get(struct call *call);
void session_delete(struct call *call);
void setup_post(struct call *call);

enum { PASSWORD_BYTES_MIN = 10 };
/* Whether a new password will do; else it is noted as wrong at this pointer. */
bool password_is_fit(struct call *call, const char *pointer, const char *password);
/* A login: 1 to 60 of letters, digits, `.`, `_`, `-`, `@`; likewise. */
bool login_is_fit(struct call *call, const char *pointer, const char *login);

#endif
