/* Reference data as files, in the form the imports take: what is exported and imported again changes nothing. */
#ifndef CONSOLE_EXPORTS_H
#define CONSOLE_EXPORTS_H

#include "services/console/call.h"

void export_units(struct call *call);
void export_areas(struct call *call);
void export_matters(struct call *call);
void export_policies(struct call *call);
void export_calendars(struct call *call);
void export_admission(struct call *call);
void export_places(struct call *call);
void export_sources(struct call *call);
void export_rules(struct call *call);
void export_people(struct call *call);
void export_roster(struct call *call);
void export_organisation(struct call *call);

#endif
