/* The one handler behind must(): says what was wrong and aborts, so that a core dump shows the moment. */
#include "proto/must.h"

#include <stdio.h>
#include <stdlib.h>

void must_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "must failed: %s at %s:%d\n", condition, file, line);
    abort();
}
