/* How long somebody who guesses passwords must wait: longer after each failure, by account and source together, by source, and by
 * account. Pure; memory is bounded and forgets the oldest. Strangers cannot lock anybody out: failures elsewhere only hold an
 * account's answer back for at most two seconds, and every wait is bounded. */
#ifndef CONSOLE_DELAYS_H
#define CONSOLE_DELAYS_H

#include <stdint.h>

enum {
    DELAYS_PAIR_FREE = 5, /* failures of one account from one source before it waits */
    DELAYS_PAIR_MAX_MS = 60 * 1000,
    DELAYS_SOURCE_FREE = 50, /* failures of one source over all accounts; offices share an address */
    DELAYS_SOURCE_MAX_MS = 10 * 1000,
    DELAYS_ACCOUNT_FREE = 10, /* failures of one account from anywhere */
    DELAYS_HOLD_MAX_MS = 2000,
    DELAYS_FORGET_MS = 15 * 60 * 1000 /* without a failure for so long, all is forgotten */
};

struct delays;
struct delays *delays_new(void);
void delays_free(struct delays **delays);

/* How long to wait before the next try, 0: now. A try that is refused for this does not count. `now`: monotonic ms. */
int64_t delays_wait(const struct delays *delays, const char *account, const char *source, int64_t now);
/* How long to hold the answer to a try back, whatever it will be. */
int64_t delays_hold(const struct delays *delays, const char *account, int64_t now);
/* A try begins: counts as a failure until it succeeds, so that many at once gain nothing. */
void delays_begin(struct delays *delays, const char *account, const char *source, int64_t now);
void delays_success(struct delays *delays, const char *account, const char *source, int64_t now);

#endif
