/* What this process may do, before it looks at anything that came from outside. Sanitizers need address space and calls of their own:
 * under them only the gentler limits hold. */
#include "services/image/image.h"

#include <seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void limit(int which, rlim_t most) {
    struct rlimit wanted = {most, most};
    if (setrlimit(which, &wanted) != 0) _exit(3);
}

void confine_resources(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(3);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, 20);
    limit(RLIMIT_FSIZE, 128 << 20);
    limit(RLIMIT_NOFILE, 16);
    if (!SANITIZED) limit(RLIMIT_AS, 1 << 30);
    if (nice(10) == -1) return; /* the services come first; nothing depends on it */
}

/* Anything else kills the process: it has no business to open, connect or start a thing. */
void confine_calls(void) {
    static const int allowed[] = {SCMP_SYS(read),         SCMP_SYS(write),     SCMP_SYS(lseek),   SCMP_SYS(fstat),
                                  SCMP_SYS(newfstatat),   SCMP_SYS(brk),       SCMP_SYS(mmap),    SCMP_SYS(munmap),
                                  SCMP_SYS(mremap),       SCMP_SYS(mprotect),  SCMP_SYS(madvise), SCMP_SYS(futex),
                                  SCMP_SYS(rt_sigreturn), SCMP_SYS(getrandom), SCMP_SYS(exit),    SCMP_SYS(exit_group),
                                  SCMP_SYS(clock_gettime)};
    if (SANITIZED) return;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter) _exit(3);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) != 0) _exit(3);
    if (seccomp_load(filter) != 0) _exit(3);
    seccomp_release(filter);
}
