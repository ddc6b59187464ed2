/* What a reference really is: the snapshot that reference.c builds and reference_look.c looks things up in. Not for others: they
 * include services/kit/reference.h. */
#ifndef KIT_REFERENCE_SNAPSHOT_H
#define KIT_REFERENCE_SNAPSHOT_H

#include "common/arena.h"
#include "services/kit/reference.h"

struct snapshot {
    struct reference reference; /* first: a reference is cast back to its snapshot */
    int holders;
    struct arena arena;
    struct calendar *calendars[CALENDARS_MAX];
    uint32_t *by_code; /* units in order of their codes */
    uint32_t by_code_count;
};

#endif
