/* How gateways want a request signed: by a bearer token; as Aliyun's ACS3-HMAC-SHA256 and Tencent Cloud's TC3-HMAC-SHA256, which both sign
 * a canonical form of head and body; as DingTalk's robots, which sign the time in the URL. The time is the service's clock: the
 * gateways refuse one that is minutes off. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/notification/people.h"

enum { HEX_BYTES = 65, HOST_BYTES = 200, DAY_BYTES = 11, SIGNED_MAX = 10 };

struct signing {
    const struct carrier_row *carrier;
    const struct carrier_request *request;
    struct arena *arena;
    time_ms now;
    const char **headers;
    size_t *count;
    char host[HOST_BYTES], body_hash[HEX_BYTES];
};

static bool add(struct signing *s, const char *header) {
    if (!header || *s->count == CARRIER_HEADERS_MAX) return false;
    s->headers[(*s->count)++] = header;
    return true;
}

static void hash_hex(const void *bytes, size_t len, char ret_hex[HEX_BYTES]) {
    uint8_t hash[32];
    crypto_sha256(bytes, len, hash);
    crypto_to_hex(hash, sizeof hash, ret_hex);
}

static void mac_hex(const void *key, size_t key_len, const char *text, char ret_hex[HEX_BYTES]) {
    uint8_t mac[32];
    crypto_hmac_sha256(key, key_len, text, strlen(text), mac);
    crypto_to_hex(mac, sizeof mac, ret_hex);
}

static void stamp(time_ms now, const char *pattern, char *ret_text, size_t size) {
    time_t seconds = (time_t)(now / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(ret_text, size, pattern, &tm);
}

/* "host[:port]" as it goes into the head, and the path behind it. NULL: no URL. */
static const char *split_url(const char *url, char ret_host[HOST_BYTES]) {
    const char *at = strstr(url, "://");
    size_t len = at ? strcspn(at + 3, "/?#") : 0;
    if (!at || len == 0 || len >= HOST_BYTES) return NULL;
    memcpy(ret_host, at + 3, len);
    ret_host[len] = '\0';
    return at + 3 + len;
}

/* ---- the canonical form: "name:value" lines in the order of their names, which must be given so ---- */

struct canonical {
    struct buffer text, names;
};

static void canonical_begin(struct canonical *c, const char *path) {
    size_t end = strcspn(path, "?#");
    buffer_append_text(&c->text, "POST\n");
    buffer_append(&c->text, end ? path : "/", end ? end : 1);
    buffer_append_byte(&c->text, '\n');
    if (path[end] == '?')
        buffer_append_text(&c->text, path + end + 1); /* written in canonical order by who set it up */
    buffer_append_byte(&c->text, '\n');
}

static void canonical_header(struct canonical *c, const char *name, const char *value) {
    buffer_format(&c->text, "%s:%s\n", name, value);
    if (c->names.length) buffer_append_byte(&c->names, ';');
    buffer_append_text(&c->names, name);
}

static void canonical_end(struct canonical *c, const char *body_hash, char ret_hex[HEX_BYTES]) {
    buffer_append_byte(&c->text, '\n');
    buffer_append_text(&c->text, buffer_text(&c->names));
    buffer_format(&c->text, "\n%s", body_hash);
    hash_hex(c->text.data, c->text.length, ret_hex);
    buffer_done(&c->text);
}

/* The carrier's own headers whose name begins so, in lower case and in order. */
struct own {
    char name[64];
    const char *value;
};

static int own_headers(const struct signing *s, const char *prefix, struct own ret_own[SIGNED_MAX]) {
    int found = 0;
    for (size_t i = 0; i < *s->count; i++) {
        const char *colon = strchr(s->headers[i], ':');
        struct own one = {.value = colon + 2};
        size_t len = (size_t)(colon - s->headers[i]);
        if (len >= sizeof one.name || found == SIGNED_MAX) continue;
        for (size_t k = 0; k < len; k++) {
            char letter = s->headers[i][k];
            one.name[k] = letter >= 'A' && letter <= 'Z' ? (char)(letter + 'a' - 'A') : letter;
        }
        if (strncmp(one.name, prefix, strlen(prefix)) != 0) continue;
        int to = found++;
        for (; to > 0 && strcmp(ret_own[to - 1].name, one.name) > 0; to--) ret_own[to] = ret_own[to - 1];
        ret_own[to] = one;
    }
    return found;
}

/* ---- the methods ---- */

static bool sign_acs3(struct signing *s, const char *path) {
    char date[32], nonce[33], hash[HEX_BYTES], text[HEX_BYTES + 32], mac[HEX_BYTES];
    uint8_t random[16];
    crypto_random(random, sizeof random);
    crypto_to_hex(random, sizeof random, nonce);
    stamp(s->now, "%Y-%m-%dT%H:%M:%SZ", date, sizeof date);
    struct arena *arena = s->arena;
    if (!add(s, arena_printf(arena, "x-acs-content-sha256: %s", s->body_hash)) ||
        !add(s, arena_printf(arena, "x-acs-date: %s", date)) ||
        !add(s, arena_printf(arena, "x-acs-signature-nonce: %s", nonce)))
        return false;
    struct own own[SIGNED_MAX];
    int count = own_headers(s, "x-acs-", own);
    struct canonical c = {{0}, {0}};
    canonical_begin(&c, path);
    canonical_header(&c, "content-type", s->request->content_type);
    canonical_header(&c, "host", s->host);
    for (int i = 0; i < count; i++) canonical_header(&c, own[i].name, own[i].value);
    canonical_end(&c, s->body_hash, hash);
    snprintf(text, sizeof text, "ACS3-HMAC-SHA256\n%s", hash);
    mac_hex(s->carrier->secret, strlen(s->carrier->secret), text, mac);
    bool fits =
        add(s, arena_printf(arena, "Authorization: ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s",
                            s->carrier->settings.sign_key, buffer_text(&c.names), mac));
    buffer_done(&c.names);
    return fits;
}

static bool sign_tc3(struct signing *s, const char *path) {
    const struct carrier *settings = &s->carrier->settings;
    char day[DAY_BYTES], hash[HEX_BYTES], mac[HEX_BYTES], secret[CARRIER_SECRET_BYTES + 4];
    uint8_t by_day[32], by_service[32], key[32];
    stamp(s->now, "%Y-%m-%d", day, sizeof day);
    if (!add(s, arena_printf(s->arena, "X-TC-Timestamp: %lld", (long long)(s->now / 1000)))) return false;
    struct canonical c = {{0}, {0}};
    canonical_begin(&c, path);
    canonical_header(&c, "content-type", s->request->content_type);
    canonical_header(&c, "host", s->host);
    canonical_end(&c, s->body_hash, hash);
    const char *scope = arena_printf(s->arena, "%s/%s/tc3_request", day, settings->sign_service);
    const char *text =
        scope ? arena_printf(s->arena, "TC3-HMAC-SHA256\n%lld\n%s\n%s", (long long)(s->now / 1000), scope, hash) : NULL;
    if (!text) return false;
    int secret_len = snprintf(secret, sizeof secret, "TC3%s", s->carrier->secret);
    crypto_hmac_sha256(secret, (size_t)secret_len, day, strlen(day), by_day);
    crypto_hmac_sha256(by_day, sizeof by_day, settings->sign_service, strlen(settings->sign_service), by_service);
    crypto_hmac_sha256(by_service, sizeof by_service, "tc3_request", 11, key);
    mac_hex(key, sizeof key, text, mac);
    crypto_forget(secret, sizeof secret);
    bool fits =
        add(s, arena_printf(s->arena, "Authorization: TC3-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                            settings->sign_key, scope, buffer_text(&c.names), mac));
    buffer_done(&c.names);
    return fits;
}

static bool sign_dingtalk(const struct signing *s, struct buffer *url) {
    char text[CARRIER_SECRET_BYTES + 32], sign[CRYPTO_BASE64_BYTES(32)];
    uint8_t mac[32];
    snprintf(text, sizeof text, "%lld\n%s", (long long)s->now, s->carrier->secret);
    crypto_hmac_sha256(s->carrier->secret, strlen(s->carrier->secret), text, strlen(text), mac);
    crypto_to_base64(mac, sizeof mac, sign);
    crypto_forget(text, sizeof text);
    buffer_format(url, "%ctimestamp=%lld&sign=", strchr(buffer_text(url), '?') ? '&' : '?', (long long)s->now);
    carrier_percent(sign, url);
    return true;
}

bool carrier_sign_request(const struct carrier_row *carrier, struct carrier_request *request, time_ms now,
                          struct arena *arena, const char *headers[CARRIER_HEADERS_MAX], size_t *ret_count) {
    struct signing s = {.carrier = carrier, .request = request, .arena = arena, .now = now};
    s.headers = headers;
    s.count = ret_count;
    const char *path = split_url(buffer_text(&request->url), s.host);
    hash_hex(request->body.data, request->body.length, s.body_hash);
    if (!path || (carrier_needs_secret(&carrier->settings) && !carrier->secret[0])) return false;
    switch (carrier->settings.sign) {
    case CARRIER_SIGN_BEARER:
        return add(&s, arena_printf(arena, "Authorization: Bearer %s", carrier->secret));
    case CARRIER_SIGN_ACS3:
        return sign_acs3(&s, path);
    case CARRIER_SIGN_TC3:
        return sign_tc3(&s, path);
    case CARRIER_SIGN_DINGTALK:
        return sign_dingtalk(&s, &request->url);
    default:
        return true;
    }
}
