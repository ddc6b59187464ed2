/* See who.h. */
#include "services/kit/who.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/crypto.h"
#include "proto/must.h"

enum { MEMORY = 4096 /* a power of two */, WAYS = 4, TIMEOUT_MS = 3000, SEEN_EACH_MS = 60 * 1000 };

struct remembered {
    struct who who;
    int64_t until; /* monotonic; 0: empty */
};

struct who_finder {
    struct db_pool *pool;
    struct bearers *bearers;
    uint64_t round; /* counts who_forget: what was looked up before it is not remembered after it */
    struct remembered memory[MEMORY];
};

struct finding {
    struct who_finder *finder;
    struct db_group *group;
    who_found *found;
    void *context;
    uint64_t round;
    uint8_t key[WHO_KEY_BYTES];
    bool unsafe;
    char csrf[2 * WHO_CSRF_BYTES + 1]; /* as given */
};

static const struct db_statement BY_SESSION = {
    "who_by_session",
    "SELECT a.id, a.login, a.role, coalesce(a.unit, 0), s.csrf, s.seen_at, s.expires_at, s.idle_ms FROM session s "
    "JOIN account a ON a.id = s.account WHERE s.hash = $1::bytea AND NOT a.disabled AND s.expires_at > $2::int8 "
    "AND s.seen_at + s.idle_ms > $2::int8"};
static const struct db_statement SEEN = {
    "who_seen", "UPDATE session SET seen_at = $2::int8 WHERE hash = $1::bytea AND seen_at < $2::int8"};

struct who_finder *who_finder_new(struct db_pool *pool) {
    struct who_finder *finder = calloc(1, sizeof *finder);
    must(finder);
    finder->pool = pool;
    finder->bearers = bearers_new(pool);
    return finder;
}

void who_finder_free(struct who_finder **finder) {
    struct who_finder *f = *finder;
    *finder = NULL;
    if (!f) return;
    bearers_free(&f->bearers);
    free(f);
}

void who_forget(struct who_finder *finder) {
    finder->round++;
    for (int i = 0; i < MEMORY; i++) finder->memory[i].until = 0;
}

/* ---- memory -------------------------------------------------------------------------------------------------------------- */

static struct remembered *set_of(struct who_finder *finder, const uint8_t *key) {
    uint32_t place; /* the key is a hash already */
    memcpy(&place, key, sizeof place);
    return &finder->memory[place % (MEMORY / WAYS) * WAYS];
}

static const struct who *recall(struct who_finder *finder, const uint8_t *key) {
    struct remembered *set = set_of(finder, key);
    int64_t now = clock_monotonic_ms();
    for (int i = 0; i < WAYS; i++)
        if (set[i].until > now && crypto_equal(set[i].who.key, key, WHO_KEY_BYTES)) return &set[i].who;
    return NULL;
}

static void remember(struct who_finder *finder, const struct who *who) {
    struct remembered *set = set_of(finder, who->key), *oldest = set;
    for (int i = 1; i < WAYS; i++)
        if (set[i].until < oldest->until) oldest = &set[i];
    oldest->who = *who;
    oldest->until = clock_monotonic_ms() + WHO_REMEMBER_MS;
}

/* ---- checks on the request ---------------------------------------------------------------------------------------------------- */

bool who_is_same_origin(const struct http_request *request) {
    const char *site = http_header(request, "Sec-Fetch-Site"), *origin = http_header(request, "Origin");
    if (site && strcasecmp(site, "same-origin") && strcasecmp(site, "none")) return false;
    if (!origin) return true; /* browsers always name it on unsafe requests */
    const char *host = http_header(request, "Host"), *named = strstr(origin, "://");
    return host && named && strcasecmp(named + 3, host) == 0;
}

static bool has_csrf(const struct who *who, const char *given) {
    char expected[2 * WHO_CSRF_BYTES + 1];
    crypto_to_hex(who->csrf, WHO_CSRF_BYTES, expected);
    return strlen(given) == sizeof expected - 1 && crypto_equal(expected, given, sizeof expected - 1);
}

static void tell(const struct who *who, bool unsafe, const char *csrf, who_found *found, void *context) {
    bool forged = who->kind == WHO_SESSION && unsafe && !has_csrf(who, csrf);
    found(context, forged ? WHO_FORGED : WHO_IS, forged ? NULL : who);
}

/* ---- looking up ------------------------------------------------------------------------------------------------------------- */

static struct who who_of_row(const struct finding *finding, const struct db_result *rows) {
    struct who who = {.kind = WHO_SESSION, .ends_at = db_get_int(rows, 0, 6), .idle_ms = db_get_int(rows, 0, 7)};
    size_t len;
    who.principal = (struct principal){.user = db_get_int(rows, 0, 0),
                                       .role = (uint8_t)db_get_int(rows, 0, 2),
                                       .unit = (uint32_t)db_get_int(rows, 0, 3)};
    const char *name = db_get_text(rows, 0, 1, &len);
    memcpy(who.name, name, len < sizeof who.name ? len : sizeof who.name - 1);
    memcpy(who.key, finding->key, WHO_KEY_BYTES);
    const uint8_t *csrf = db_get_bytes(rows, 0, 4, &len);
    memcpy(who.csrf, csrf, len < WHO_CSRF_BYTES ? len : WHO_CSRF_BYTES);
    return who;
}

static void on_seen(void *context, const struct db_reply *reply) {
    (void)reply; /* the next request tries again */
    struct db_group *group = context;
    db_group_free(&group);
}

static void note_seen(struct who_finder *finder, const uint8_t *key, time_ms seen_at) {
    time_ms now = clock_now();
    if (now - seen_at < SEEN_EACH_MS) return;
    struct db_group *group = db_group_new();
    db_group_begin(group, DB_WRITE);
    struct db_call *call = db_group_add(group, &SEEN);
    db_set_bytes(call, 1, key, WHO_KEY_BYTES);
    db_set_int8(call, 2, now);
    db_pool_send(finder->pool, group, TIMEOUT_MS, on_seen, group);
}

static void on_found(void *context, const struct db_reply *reply) {
    struct finding *finding = context;
    struct who_finder *finder = finding->finder;
    if (reply->err != ERR_NONE) {
        finding->found(finding->context, WHO_AWAY, NULL);
    } else if (db_rows(reply->results[0]) != 1) {
        finding->found(finding->context, WHO_INVALID, NULL);
    } else {
        struct who who = who_of_row(finding, reply->results[0]);
        if (finding->round == finder->round) remember(finder, &who);
        note_seen(finder, who.key, db_get_int(reply->results[0], 0, 5));
        tell(&who, finding->unsafe, finding->csrf, finding->found, finding->context);
    }
    db_group_free(&finding->group);
    free(finding);
}

static void look_up(struct finding *finding) {
    struct who_finder *finder = finding->finder;
    time_ms now = clock_now();
    finding->group = db_group_new();
    finding->round = finder->round;
    db_group_begin(finding->group, DB_READ);
    struct db_call *call = db_group_add(finding->group, &BY_SESSION);
    db_set_bytes(call, 1, finding->key, WHO_KEY_BYTES);
    db_set_int8(call, 2, now);
    db_pool_send(finder->pool, finding->group, TIMEOUT_MS, on_found, finding);
}

static void on_bearer(void *context, enum err err, const struct bearer *bearer) {
    struct finding *finding = context;
    struct who who = {.kind = WHO_TOKEN};
    if (err == ERR_NONE) {
        who.principal = bearer->principal;
        who.source_count = bearer->source_count;
        memcpy(who.sources, bearer->sources, sizeof who.sources);
        memcpy(who.key, finding->key, WHO_KEY_BYTES);
    }
    finding->found(finding->context,
                   err == ERR_NONE        ? WHO_IS
                   : err == ERR_NOT_FOUND ? WHO_INVALID
                                          : WHO_AWAY,
                   err == ERR_NONE ? &who : NULL);
    free(finding);
}

static const char *given_credential(const struct http_request *request, enum who_kind *ret_kind) {
    const char *bearer = http_header(request, "Authorization");
    if (bearer) {
        *ret_kind = WHO_TOKEN;
        if (strncasecmp(bearer, "Bearer ", 7)) return "";
        for (bearer += 7; *bearer == ' ';) bearer++;
        return bearer;
    }
    *ret_kind = WHO_SESSION;
    return http_cookie(request, WHO_COOKIE);
}

void who_find(struct who_finder *finder, struct http_request *request, who_found *found, void *context) {
    enum who_kind kind;
    const char *given = given_credential(request, &kind);
    bool unsafe = http_method_of(request) != HTTP_GET;
    if (!given) {
        found(context, WHO_MISSING, NULL);
        return;
    }
    if (strlen(given) == 0 || strlen(given) > CRYPTO_TOKEN_BYTES * 2) {
        found(context, WHO_INVALID, NULL);
        return;
    }
    if (kind == WHO_SESSION && unsafe && !who_is_same_origin(request)) {
        found(context, WHO_FORGED, NULL);
        return;
    }
    struct finding finding = {.finder = finder, .found = found, .context = context, .unsafe = unsafe};
    const char *csrf = http_header(request, WHO_CSRF_HEADER);
    if (csrf && strlen(csrf) < sizeof finding.csrf) memcpy(finding.csrf, csrf, strlen(csrf) + 1);
    crypto_token_hash(given, strlen(given), finding.key);
    const struct who *known = kind == WHO_SESSION ? recall(finder, finding.key) : NULL;
    if (known) {
        struct who who = *known; /* what is remembered may change while it is told */
        tell(&who, unsafe, finding.csrf, found, context);
        return;
    }
    struct finding *kept = malloc(sizeof *kept);
    must(kept);
    *kept = finding;
    if (kind == WHO_TOKEN)
        bearer_find(finder->bearers, given, strlen(given), on_bearer, kept);
    else
        look_up(kept);
}

void who_find_token(struct who_finder *finder, const char *token, who_found *found, void *context) {
    if (strlen(token) == 0 || strlen(token) > CRYPTO_TOKEN_BYTES * 2) {
        found(context, WHO_INVALID, NULL);
        return;
    }
    struct finding *finding = calloc(1, sizeof *finding);
    must(finding);
    *finding = (struct finding){.finder = finder, .found = found, .context = context};
    crypto_token_hash(token, strlen(token), finding->key);
    bearer_find(finder->bearers, token, strlen(token), on_bearer, finding);
}

struct principal who_toward(const struct who *who, uint32_t source) {
    struct principal principal = who->principal;
    for (int i = 0; i < who->source_count; i++)
        if (who->sources[i] == source) principal.source = source;
    return principal;
}
