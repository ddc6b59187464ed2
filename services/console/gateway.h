/* The bus's door for departments' systems: one CURVE socket that lets registered keys in and takes two messages of theirs, subscribe
 * (what happened to my unit's tickets behind a seq) and act (a command). A key speaks as a token: its role and unit, by the same
 * table (core/access.def) and the same row level security as over HTTP. Not for what services tell each other (news.c), nor for
 * pushing requests (intake). Why it lives in the console: docs/decisions/gateway.md.
 *     gateway.c         keys, the socket, who may send what
 *     gateway_events.c  subscribe -> events
 *     gateway_act.c     act -> command -> reply -> outcome
 *     bus_keys.c        keys over HTTP, for the security administrator */
#ifndef CONSOLE_GATEWAY_H
#define CONSOLE_GATEWAY_H

#include "services/console/call.h"

struct gateway;

/* Without bus_address or bus_key_file it stays closed. ERR_NONE also when the address cannot be bound now: it is tried again.
 * Fails on a key file that cannot be read. */
MUST_USE enum err gateway_open(struct console *console);
/* Before the database pool is freed nothing more is asked; after it, gateway_free. */
void gateway_close(struct console *console);
void gateway_free(struct console *console);

bool gateway_is_listening(const struct gateway *gateway);
const char *gateway_server_key(const struct gateway *gateway); /* Z85; "" without key file */

/* GATEWAY_KEYS in a transaction that changed keys; its rows, after COMMIT, are in force at once. $1: now. */
extern const struct db_statement GATEWAY_KEYS;
void gateway_take_keys(struct gateway *gateway, const struct db_result *rows);

/* bus_keys.c: GET, POST and DELETE under /api/v1/admin/bus-keys. */
void bus_keys_get(struct call *call);
void bus_keys_post(struct call *call);
void bus_key_delete(struct call *call);

#endif
