/* What said.c and the doors' readers share. */
#ifndef INTAKE_SAID_INTERNAL_H
#define INTAKE_SAID_INTERNAL_H

#include "services/intake/said.h"

/* Adds a fault; 400 and 403 outrank 422. Texts are borrowed as long as the faults live. */
void said_fault(struct said_faults *faults, int status, const char *pointer, const char *zh, const char *en);

#endif
