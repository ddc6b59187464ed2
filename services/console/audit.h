/* The audit log, for the audit administrator: GET /audit its rows, newest first; GET /audit/chain whether they are still as they
 * were written, a page at a time. Reading only; rows are written with the acts themselves (call_audit) and cannot be changed.
 * `paidan verify` checks all of it at once, and the events' chain too. */
#ifndef CONSOLE_AUDIT_H
#define CONSOLE_AUDIT_H

#include "services/console/call.h"

void audit_get(struct call *call);
void audit_chain_get(struct call *call); /* audit_chain.c */

#endif
