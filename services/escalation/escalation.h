/* The escalation service; see escalation.c. */
#ifndef ESCALATION_ESCALATION_H
#define ESCALATION_ESCALATION_H

#include "services/kit/kit.h"

extern const struct service escalation_service;

#endif
