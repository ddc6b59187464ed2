/* Who is asking over HTTP: a bearer token (bearer.h) or the session cookie, turned into a principal. What the principal may do
 * is core/access.h's question. Sessions are looked up by hash and remembered for WHO_REMEMBER_MS, so that disabling somebody
 * takes effect within that time. Not for logging in (services/console/session.h). */
#ifndef KIT_WHO_H
#define KIT_WHO_H

#include "common/clock.h"
#include "common/db.h"
#include "common/http.h"
#include "proto/messages.h"
#include "services/kit/bearer.h"

enum {
    WHO_REMEMBER_MS = 3000,
    WHO_SOURCES_MAX = BEARER_SOURCES_MAX,
    WHO_NAME_BYTES = 64,
    WHO_KEY_BYTES = 32,
    WHO_CSRF_BYTES = 16
};

#define WHO_COOKIE      "__Host-paidan"
#define WHO_CSRF_HEADER "X-CSRF-Token"

enum who_kind { WHO_NOBODY, WHO_SESSION, WHO_TOKEN };

struct who {
    enum who_kind kind;
    struct principal principal; /* source: the first of sources */
    char name[WHO_NAME_BYTES];  /* the account's login; "" for a token */
    uint8_t key[WHO_KEY_BYTES]; /* hash of the session's id or of the token */
    uint8_t csrf[WHO_CSRF_BYTES];
    time_ms ends_at, idle_ms; /* a session's: its end in any case, and how long it lasts without a request */
    uint16_t source_count;
    uint32_t sources[WHO_SOURCES_MAX]; /* an integration's */
};

enum who_result {
    WHO_IS,      /* who is filled in */
    WHO_MISSING, /* no credentials were given: 401 */
    WHO_INVALID, /* unknown, expired or disabled: 401 */
    WHO_FORGED,  /* an unsafe request by cookie from another origin, or without its CSRF token: 403 */
    WHO_AWAY     /* the database does not answer: 503 */
};

/* Called once for each who_find, perhaps from inside it. who is NULL unless result is WHO_IS, and good until it returns. */
typedef void who_found(void *context, enum who_result result, const struct who *who);

struct who_finder;

/* The pool is borrowed and must outlive the finder. */
struct who_finder *who_finder_new(struct db_pool *pool);
/* After the pool, so that nothing is under way. */
void who_finder_free(struct who_finder **finder);

void who_find(struct who_finder *finder, struct http_request *request, who_found *found, void *context);
/* A token that came elsewhere than in Authorization. */
void who_find_token(struct who_finder *finder, const char *token, who_found *found, void *context);

/* Forgets the sessions it remembers, so that the next request looks them up: after a sign-off or a changed account. */
void who_forget(struct who_finder *finder);

/* Whether the request, if a browser made it, came from a page of this origin. */
bool who_is_same_origin(const struct http_request *request);

/* The principal as it stands to something that came from this source: an integration may speak for several. */
struct principal who_toward(const struct who *who, uint32_t source);

#endif
