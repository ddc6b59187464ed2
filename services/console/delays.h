/* How long somebody who guesses must wait: longer after each failure, by account and source together, by source, and by account. What
 * is guessed is a password (of an account) or the digits that open a request's progress (of its number). Pure; memory is bounded and
 * forgets the oldest. Strangers cannot lock anybody out of an account: failures elsewhere only hold its answer back for at most two
 * seconds, and every wait is bounded. Four digits are too few for that, so a number does wait for what strangers failed. */
#ifndef CONSOLE_DELAYS_H
#define CONSOLE_DELAYS_H

#include <stdbool.h>
#include <stdint.h>

enum { DELAYS_FORGET_MS = 15 * 60 * 1000 /* without a failure for so long, all is forgotten */ };

struct delays_limits {
    uint32_t pair_free; /* failures of one account from one source before it waits */
    int64_t pair_max_ms;
    uint32_t source_free; /* failures of one source over all accounts; offices share an address */
    int64_t source_max_ms;
    uint32_t account_free; /* failures of one account from anywhere */
    int64_t account_max_ms;
    bool account_waits; /* else its answers are only held back */
};
extern const struct delays_limits DELAYS_LOGIN, DELAYS_PROGRESS;

struct delays;
struct delays *delays_new(const struct delays_limits *limits); /* borrowed */
void delays_free(struct delays **delays);

/* How long to wait before the next try, 0: now. A try that is refused for this does not count. `now`: monotonic ms. */
int64_t delays_wait(const struct delays *delays, const char *account, const char *source, int64_t now);
/* How long to hold the answer to a try back, whatever it will be. */
int64_t delays_hold(const struct delays *delays, const char *account, int64_t now);
/* A try begins: counts as a failure until it succeeds, so that many at once gain nothing. */
void delays_begin(struct delays *delays, const char *account, const char *source, int64_t now);
void delays_success(struct delays *delays, const char *account, const char *source, int64_t now);

#endif
