/* What somebody asks an endpoint to be, read field by field; and what the files around it do alike. */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/weburl.h"
#include "core/world.h"
#include "services/console/endpoints_inner.h"
#include "services/console/networks.h"
#include "services/console/users.h"
#include "services/kit/sealed.h"

bool endpoint_name(struct call *call, const char **ret_name) {
    *ret_name = http_param(call->request, "name");
    if (login_is_well_formed(*ret_name)) return true;
    call_not_found(call);
    return false;
}

void endpoint_read_url(struct call *call, const cJSON *tree, struct endpoint *e) {
    enum err err = json_get_text(tree, "url", &e->url);
    if (err == ERR_NOT_FOUND) e->url = NULL;
    if (err == ERR_INVALID) call_wrong(call, "/url", "须为文字", "must be a text");
}

bool endpoint_check_url(struct call *call, const struct endpoint *e, const struct db_result *networks) {
    struct netaddr_range ranges[NETWORKS_MAX];
    struct sentence wrong;
    if (!e->url || weburl_is_fit(e->url, ranges, networks_read(networks, ranges), &wrong)) return true;
    call_wrong(call, "/url", wrong.zh, wrong.en);
    call_is_wrong(call, 422);
    return false;
}

/* Two, four or six digits that at least one matter of the catalogue begins with. */
static bool is_known_beginning(const struct world *world, const char *text) {
    size_t len = strlen(text);
    char code[12];
    if ((len != 2 && len != 4 && len != 6) || strspn(text, "0123456789") != len) return false;
    for (uint32_t i = 0; i < world->matter_count; i++) {
        snprintf(code, sizeof code, "%06u", world->matters[i].code);
        if (!strncmp(code, text, len)) return true;
    }
    return false;
}

void endpoint_read_matters(struct call *call, const cJSON *tree, struct endpoint *e) {
    const cJSON *list = NULL, *item;
    enum err err = json_get_list(tree, "matters", &list);
    if (err == ERR_INVALID) call_wrong(call, "/matters", "须为数组", "must be a list");
    e->matters_given = err == ERR_NONE;
    int n = 0;
    cJSON_ArrayForEach(item, list) {
        const char *pointer = call_printf(call, "/matters/%d", n++);
        if (n > ENDPOINT_MATTERS_MAX)
            call_wrong(call, pointer, "最多 32 项", "at most 32");
        else if (!cJSON_IsString(item) || !is_known_beginning(call_world(call), item->valuestring))
            call_wrong(call, pointer, "须为事项目录中有的 2、4 或 6 位编码",
                       "must be 2, 4 or 6 digits that a matter of the catalogue begins with");
        else
            e->matters[e->matter_count++] = item->valuestring;
    }
}

void endpoint_read_events(struct call *call, const cJSON *tree, struct endpoint *e) {
    const cJSON *list = NULL, *item;
    enum err err = json_get_list(tree, "events", &list);
    if (err == ERR_INVALID) call_wrong(call, "/events", "须为数组", "must be a list");
    e->events_given = err == ERR_NONE;
    int n = 0;
    cJSON_ArrayForEach(item, list) {
        int type =
            cJSON_IsString(item) ? word_value(WORDS_event_type, item->valuestring, strlen(item->valuestring)) : 0;
        if (!type || e->event_count == ENDPOINT_EVENTS_MAX)
            call_wrong_word(call, call_printf(call, "/events/%d", n), WORDS_event_type);
        else
            e->events[e->event_count++] = type;
        n++;
    }
}

void endpoint_read_whose(struct call *call, const cJSON *tree, struct endpoint *e) {
    const char *unit = NULL, *source = NULL;
    bool has_unit = json_get_text(tree, "unit", &unit) == ERR_NONE && *unit;
    bool has_source = json_get_text(tree, "source", &source) == ERR_NONE && *source;
    if (has_unit == has_source) {
        call_wrong(call, "/unit", "须给出 unit 或 source 之一", "give either unit or source");
        return;
    }
    if (has_unit) {
        e->unit = reference_unit_by_code(call->reference, unit, strlen(unit));
        if (!e->unit) call_wrong(call, "/unit", "没有这个单位", "there is no such unit");
        return;
    }
    const struct reference_source *known = reference_source_by_code(call->reference, source, strlen(source));
    if (known)
        e->source = known->id;
    else
        call_wrong(call, "/source", "没有这个来源", "there is no such source");
}

void endpoint_set_events(struct db_call *call, int number, const struct endpoint *e) {
    db_set_array(call, number, DB_INT2);
    for (int i = 0; i < e->event_count; i++) db_push_int2(call, number, (int16_t)e->events[i]);
}

void endpoint_set_matters(struct db_call *call, int number, const struct endpoint *e) {
    db_set_array(call, number, DB_TEXT);
    for (int i = 0; i < e->matter_count; i++) db_push_text(call, number, e->matters[i], strlen(e->matters[i]));
}

void endpoint_seal(const struct call *call, struct endpoint *e, struct db_call *to, int number) {
    uint8_t sealed[CRYPTO_WEBHOOK_SECRET_BYTES + CRYPTO_SEAL_BYTES];
    struct crypto_place place = SEALED_SECRET(e->id);
    crypto_webhook_secret(e->secret);
    size_t len = strlen(e->secret);
    crypto_seal(call->console->keys, &place, e->secret, len, sealed);
    db_set_bytes(to, number, sealed, len + CRYPTO_SEAL_BYTES);
}
