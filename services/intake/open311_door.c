/* POST /open311/v2/requests: a form of Open311 GeoReport v2 becomes struct said_raw and goes the way of every push: checked by said.c,
 * 201 only after COMMIT. Reading is the console's (services/console/open311.h). The api_key is a token; its source speaks. The standard
 * has no number of the sender's own, so one is made: from the Idempotency-Key where one is sent, else at random. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/number.h"
#include "core/access.h"
#include "services/intake/intake.h"
#include "services/kit/open311.h"

enum { DESCRIPTION_CHARS_MAX = 4000, ACCOUNT_BYTES_MAX = 120, OWN_ID_BYTES = 12 };

struct posting {
    struct intake *in;
    struct http_request *http;
    enum open311_format format;
    struct said said;
};

static void refuse(const struct posting *p, int status, struct sentence why) {
    open311_fail(p->http, p->format, status, sentence_in(why, http_language(p->http)));
}

/* ---- the form ------------------------------------------------------------------------------------------------------------------ */

static struct span field(const struct posting *p, const char *name) {
    const char *text = http_form(p->http, name);
    return (struct span){text ? text : "", text ? strlen(text) : 0};
}

/* False: neither absent nor a number. */
static bool read_degree(const struct posting *p, const char *name, double *ret_degrees, bool *ret_given) {
    struct span text = field(p, name);
    char *end = NULL;
    *ret_given = text.len > 0;
    if (!text.len) return true;
    *ret_degrees = strtod(text.at, &end);
    return *end == '\0' && strspn(text.at, "+-.0123456789eE") == text.len;
}

/* NULL: sound. */
static const char *read_place(const struct posting *p, struct said_raw *raw) {
    bool lat, lon;
    if (!read_degree(p, "lat", &raw->lat, &lat) || !read_degree(p, "long", &raw->lon, &lon) || lat != lon)
        return "lat, long";
    raw->has_point = lat;
    raw->address = field(p, "address_string");
    raw->grid = field(p, "address_id");
    return raw->has_point || raw->address.len || raw->grid.len ? NULL : "lat, long, address_string, address_id";
}

static const char *read_attributes(const struct posting *p, struct said_raw *raw) {
    struct span urgency = field(p, "attribute[urgency]"), occurred = field(p, "attribute[occurred_at]"),
                confidential = field(p, "attribute[confidential]");
    if (urgency.len) {
        raw->urgency = (uint8_t)word_value(WORDS_urgency, urgency.at, urgency.len);
        if (!raw->urgency) return "attribute[urgency]";
    }
    if (occurred.len && clock_parse(occurred.at, occurred.len, &raw->occurred_at) != ERR_NONE)
        return "attribute[occurred_at]";
    raw->confidential = !strcmp(confidential.at, "true");
    if (confidential.len && !raw->confidential && strcmp(confidential.at, "false")) return "attribute[confidential]";
    return NULL;
}

/* As it is written here: family name first, without a blank between Chinese characters. */
static struct span read_name(const struct posting *p) {
    struct span first = field(p, "first_name"), last = field(p, "last_name");
    const char *gap = last.len && first.len && (unsigned char)last.at[last.len - 1] < 0x80 ? " " : "";
    const char *name = arena_printf(http_arena(p->http), "%s%s%s", last.at, gap, first.at);
    return (struct span){name ? name : "", name ? strlen(name) : 0};
}

/* ---- who, and which service ------------------------------------------------------------------------------------------------------- */

/* A token may speak for several sources: then for its app. */
static const struct reference_source *source_of(const struct intake *in, const struct bearer *who) {
    const struct reference_source *chosen = NULL;
    for (uint16_t i = 0; i < who->source_count; i++) {
        const struct reference_source *source = reference_source(in->reference, who->sources[i]);
        if (source && (!chosen || (source->channel == CHANNEL_APP && chosen->channel != CHANNEL_APP))) chosen = source;
    }
    return chosen;
}

static const char *own_id(const struct posting *p, const struct bearer *who) {
    const char *key = http_header(p->http, "Idempotency-Key");
    uint8_t bytes[CRYPTO_HASH_BYTES];
    char hex[2 * OWN_ID_BYTES + 1];
    if (key && *key) {
        const char *whole = arena_printf(http_arena(p->http), "%lld/%s", (long long)who->principal.user, key);
        if (!whole) return NULL;
        crypto_digest(whole, strlen(whole), bytes);
    } else {
        crypto_random(bytes, OWN_ID_BYTES);
    }
    crypto_to_hex(bytes, OWN_ID_BYTES, hex);
    return arena_printf(http_arena(p->http), "o311-%s", hex);
}

/* ---- the answer --------------------------------------------------------------------------------------------------------------------- */

static void answer_accepted(const struct posting *p, const struct accept_answer *answer) {
    static struct buffer text; /* one thread */
    struct open311 o;
    char number[NUMBER_TEXT_BYTES];
    number_format_request(answer->number, number);
    open311_begin(&o, p->format, &text);
    open311_list(&o, "service_requests");
    open311_item(&o, "request");
    open311_string(&o, "service_request_id", number);
    open311_string(&o, "service_notice",
                   http_language(p->http) == LANGUAGE_EN ? "Accepted; its number shows how it goes on"
                                                         : "已受理, 可凭编号查询进展");
    open311_text(&o, "account_id", field(p, "account_id").at, field(p, "account_id").len);
    open311_item_end(&o);
    open311_list_end(&o);
    open311_answer(&o, p->http, answer->outcome == ACCEPT_NEW ? 201 : 200);
}

static void on_answer(void *context, const struct said *said, const struct accept_answer *answer) {
    const struct posting *p = context;
    (void)said;
    switch (answer->outcome) {
    case ACCEPT_NEW:
    case ACCEPT_REPEAT:
        answer_accepted(p, answer);
        return;
    case ACCEPT_CONFLICT:
        refuse(p, 409,
               (struct sentence){"同一 Idempotency-Key 已用于不同内容",
                                 "the same Idempotency-Key was used with another body"});
        return;
    case ACCEPT_BAD:
        refuse(p, 400,
               (struct sentence){"数据无法保存, 已转人工检查",
                                 "the data cannot be stored; it was put aside for an operator"});
        return;
    default:
        refuse(p, 503, (struct sentence){"系统繁忙, 请稍后再试", "too busy: try again later"});
    }
}

static void refuse_field(const struct posting *p, const char *name) {
    struct arena *arena = http_arena(p->http);
    const char *zh = arena_printf(arena, "字段有误或缺少: %s", name);
    const char *en = arena_printf(arena, "wrong or missing: %s", name);
    refuse(p, 400, (struct sentence){zh ? zh : "字段有误", en ? en : "wrong or missing field"});
}

/* The standard knows 400 for whatever is wrong with a form. */
static void refuse_faults(const struct posting *p, const struct said_faults *faults) {
    const struct http_fault *first = &faults->faults[0];
    struct arena *arena = http_arena(p->http);
    const char *zh = arena_printf(arena, "%s: %s", first->pointer, first->detail.zh);
    const char *en = arena_printf(arena, "%s: %s", first->pointer, first->detail.en);
    refuse(p, faults->status == 403 ? 403 : 400,
           (struct sentence){zh ? zh : first->detail.zh, en ? en : first->detail.en});
}

/* ---- a request ------------------------------------------------------------------------------------------------------------------------ */

static void push(struct posting *p, const struct bearer *who, const struct reference_source *source) {
    struct intake *in = p->in;
    struct said_raw raw = {0};
    struct said_faults faults = {0};
    struct span code = field(p, "service_code"), media = field(p, "media_url");
    const struct matter *matter = open311_service(&in->reference->world, code.at, code.len);
    const char *wrong, *id = own_id(p, who);
    if (!code.len) {
        refuse(p, 400, (struct sentence){"请给出 service_code", "give the service_code"});
        return;
    }
    if (!matter) {
        refuse(p, 404, (struct sentence){"没有这个 service_code", "there is no such service_code"});
        return;
    }
    const char *name = reference_matter(in->reference, matter->code)->name_zh;
    raw.source = (struct span){source->code, strlen(source->code)};
    raw.external_id = (struct span){id ? id : "", id ? strlen(id) : 0};
    raw.matter = code;
    raw.title = (struct span){name, strlen(name)};
    raw.description = field(p, "description");
    raw.phone = field(p, "phone");
    raw.name = read_name(p);
    if (media.len) {
        raw.attachments[0].url = media;
        raw.attachment_count = 1;
    }
    if ((wrong = read_place(p, &raw)) || (wrong = read_attributes(p, &raw))) {
        refuse_field(p, wrong);
        return;
    }
    if (text_length(raw.description.at, raw.description.len) > DESCRIPTION_CHARS_MAX) {
        refuse(p, 400, (struct sentence){"description 不超过 4000 字", "description: at most 4,000 characters"});
        return;
    }
    if (field(p, "account_id").len > ACCOUNT_BYTES_MAX) {
        refuse_field(p, "account_id");
        return;
    }
    said_check(&raw, who, in->reference, in->places, http_arena(p->http), &p->said, &faults);
    if (faults.status)
        refuse_faults(p, &faults);
    else if (!accept_add(in->accept, &p->said, on_answer, p))
        refuse(p, 503, (struct sentence){"系统繁忙, 请稍后再试", "too busy: try again later"});
}

static void on_bearer(void *context, enum err err, const struct bearer *who) {
    struct posting *p = context;
    if (err != ERR_NONE && err != ERR_NOT_FOUND) {
        refuse(p, 503, (struct sentence){"系统繁忙, 请稍后再试", "too busy: try again later"});
        return;
    }
    bool may = err == ERR_NONE && access_scope(who->principal.role, ACTION_PUSH_REQUEST) != SCOPE_NONE;
    const struct reference_source *source = may ? source_of(p->in, who) : NULL;
    if (source)
        push(p, who, source);
    else
        refuse(p, 403,
               (struct sentence){"api_key 无效或无权报送", "the api_key is not valid, or may not push requests"});
}

void open311_post(void *context, struct http_request *http) {
    struct intake *in = ((struct kit *)context)->self;
    struct posting *p = arena_zeroed(http_arena(http), 1, sizeof *p);
    size_t length;
    struct posting none = {.http = http, .format = OPEN311_XML};
    (void)open311_format_of(http_path(http), &none.format, &length);
    if (!p || !in->can_commit || !in->reference || in->disk_full) {
        refuse(&none, 503, (struct sentence){"系统繁忙, 请稍后再试", "too busy: try again later"});
        return;
    }
    *p = (struct posting){.in = in, .http = http, .format = none.format};
    const char *key = http_form(http, "api_key"), *bearer = http_header(http, "Authorization");
    if ((!key || !*key) && bearer && !strncasecmp(bearer, "Bearer ", 7)) key = bearer + 7;
    if (!key || !*key)
        refuse(p, 403, (struct sentence){"请给出 api_key", "give your api_key"});
    else
        bearer_find(in->bearers, key, strlen(key), on_bearer, p);
}
