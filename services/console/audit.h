/* GET /audit: the audit log, newest first, for the audit administrator. Reading only; rows are written with the acts themselves
 * (call_audit) and cannot be changed. Whether the chain holds is `paidan verify`'s question. */
#ifndef CONSOLE_AUDIT_H
#define CONSOLE_AUDIT_H

#include "services/console/call.h"

void audit_get(struct call *call);

#endif
