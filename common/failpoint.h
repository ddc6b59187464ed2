/* Named places where a test makes the process fail. Compiled out of release builds: only -DPAIDAN_TEST_BUILD has them.
 *
 *     failpoint("router.after_commit");                    kill, stop and exit act here
 *     if (failpoint("notify.after_post")) goto failed;     "error" additionally returns ERR_IO: do it, then report failure
 *
 * Armed by the environment: PAIDAN_FAILPOINTS="router.after_commit=kill:3 notify.after_post=error:*"
 *   actions: kill (SIGKILL), stop (SIGSTOP), exit (status 1 at once), error. ":N" acts at the Nth pass only (default 1), ":*" at each.
 * PAIDAN_FAILPOINTS_FIRED=FILE: each action first appends "name action pid" there, and a point (other than :*) that stands in
 * FILE already is not armed again, so that a restarted service runs on and the test can count what really fired.
 * A malformed PAIDAN_FAILPOINTS ends the process: a test that arms nothing must not pass. */
#ifndef COMMON_FAILPOINT_H
#define COMMON_FAILPOINT_H

#include "common/err.h"

#ifdef PAIDAN_TEST_BUILD
enum err failpoint(const char *name);
#else
static inline enum err failpoint(const char *name) {
    (void)name;
    return ERR_NONE;
}
#endif

#endif
