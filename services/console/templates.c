/* The texts of letters: those in force, changed one by one, and shown as somebody would get them, before they are kept. See carriers.h. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/number.h"
#include "common/text.h"
#include "services/console/carriers.h"
#include "services/console/users.h"
#include "services/kit/carrier.h"
#include "services/kit/letter.h"

static const struct db_statement LIST = {"templates_list", "SELECT name, language, subject, body FROM template"};
static const struct db_statement STORE = {
    "templates_store", "INSERT INTO template (name, language, subject, body, changed_at, changed_by) VALUES ($1::text, "
                       "$2::text, $3::text, $4::text, $5::int8, $6::int8) ON CONFLICT (name, language) DO UPDATE SET "
                       "subject = excluded.subject, body = excluded.body, changed_at = excluded.changed_at, changed_by "
                       "= excluded.changed_by"};
static const struct db_statement REMOVE = {"templates_remove",
                                           "DELETE FROM template WHERE name = $1::text AND language = $2::text"};
static const struct db_statement CARRIER = {"templates_carrier", "SELECT settings FROM carrier WHERE name = $1::text"};

static const char *const languages[] = {"zh", "en"}; /* by enum language */

/* What is asked to be kept or shown. */
struct asked {
    enum template_name name;
    enum language language;
    const char *subject, *body, *carrier; /* NULL: not given */
};

/* The row of a name and language; -1: it is as built in. */
static int row_of(const struct db_result *rows, int name, int language) {
    size_t len;
    for (int i = 0; i < db_rows(rows); i++)
        if (!strcmp(db_get_text(rows, i, 0, &len), template_code((enum template_name)name)) &&
            !strcmp(db_get_text(rows, i, 1, &len), languages[language]))
            return i;
    return -1;
}

static struct template_text text_of(const struct db_result *rows, int name, int language) {
    int row = row_of(rows, name, language);
    size_t len;
    if (row < 0) return template_built_in((enum template_name)name, (enum language)language);
    return (struct template_text){db_get_text(rows, row, 2, &len), db_get_text(rows, row, 3, &len)};
}

/* ---- list ---- */

static void put_values(struct json_writer *w, const char *names) {
    json_put_open_list(w, "values");
    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        json_text(w, at, len);
        at += len;
    }
    json_close_list(w);
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "templates");
    for (int name = 0; name < TEMPLATE_COUNT; name++) {
        for (int language = 0; language < 2; language++) {
            struct template_text text = text_of(rows, name, language);
            json_open(w);
            json_put_string(w, "name", template_code((enum template_name)name));
            json_put_string(w, "language", languages[language]);
            json_put_string(w, "subject", text.subject);
            json_put_string(w, "text", text.body);
            json_put_bool(w, "built_in", row_of(rows, name, language) < 0);
            put_values(w, template_values((enum template_name)name));
            json_close(w);
        }
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void templates_get(struct call *call) {
    call_read(call);
    call_add(call, &LIST);
    call_send(call, on_list);
}

/* ---- what is asked ---- */

static void read_text(struct call *call, const cJSON *tree, const struct asked *a, const char *key, size_t most,
                      const char **ret_text) {
    struct sentence wrong;
    const char *text = NULL;
    if (json_get_text(tree, key, &text) != ERR_NONE) return;
    const char *pointer = call_printf(call, "/%s", key);
    if (strlen(text) > most)
        call_wrong(call, pointer, "文字过长", "the text is too long");
    else if (!template_is_fit(a->name, text, most == TEMPLATE_BODY_MAX, &wrong))
        call_wrong(call, pointer, call_printf(call, "%s", wrong.zh), call_printf(call, "%s", wrong.en));
    *ret_text = text;
}

/* False: told. */
static bool read_asked(struct call *call, const cJSON *tree, struct asked *a) {
    const char *name = "", *language = "";
    if (json_get_text(tree, "name", &name) != ERR_NONE || !template_by_code(name, &a->name))
        call_wrong(call, "/name", "须为 notice、digest 或 line", "must be notice, digest or line");
    if (json_get_text(tree, "language", &language) != ERR_NONE) language = "zh";
    a->language = strcmp(language, "en") ? LANGUAGE_ZH : LANGUAGE_EN;
    if (call->wrong_count == 0) {
        read_text(call, tree, a, "subject", TEMPLATE_SUBJECT_MAX, &a->subject);
        read_text(call, tree, a, "text", TEMPLATE_BODY_MAX, &a->body);
    }
    if (json_get_text(tree, "carrier", &a->carrier) != ERR_NONE) a->carrier = NULL;
    if (a->carrier && !login_is_well_formed(a->carrier))
        call_wrong(call, "/carrier", "没有这个通道", "there is no such carrier");
    return !call_is_wrong(call, 422);
}

/* ---- kept ---- */

static void on_stored(struct call *call, const struct db_reply *reply) {
    (void)reply;
    call_answer_nothing(call);
}

/* Without a text it is as built in again. */
void templates_post(struct call *call) {
    struct asked *a = call_take(call, sizeof *a);
    const cJSON *tree = call_json_body(call);
    if (!tree || !read_asked(call, tree, a)) return;
    struct template_text built_in = template_built_in(a->name, a->language);
    call_transact(call);
    struct db_call *to = call_add(call, a->body ? &STORE : &REMOVE);
    db_set_string(to, 1, template_code(a->name));
    db_set_string(to, 2, languages[a->language]);
    if (a->body) {
        db_set_string(to, 3, a->subject ? a->subject : built_in.subject);
        db_set_string(to, 4, a->body);
        db_set_int8(to, 5, clock_now());
        db_set_int8(to, 6, call->who.principal.user);
    }
    call_audit(call, "template_change",
               call_printf(call, "template:%s:%s", template_code(a->name), languages[a->language]), "ok",
               a->body ? NULL : "{\"built_in\":true}");
    call_send(call, on_stored);
}

/* ---- shown ---- */

static void on_settings_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    (void)context, (void)status, (void)pointer, (void)zh, (void)en; /* they were checked when they came */
}

/* As the carrier would be asked, with a made-up address, not signed. */
static void put_request(struct call *call, struct json_writer *w, const char *settings, size_t len,
                        struct letter_said *said) {
    static const char *const addresses[] = {
        [CARRIER_SMS] = "13800000000", [CARRIER_MAIL] = "desk@example.org", [CARRIER_ROBOT] = "key"};
    struct carrier_request request = {.content_type = NULL};
    struct carrier carrier;
    struct json_fault fault;
    struct cJSON *tree = NULL;
    bool known = json_parse(settings, len, NULL, &tree, &fault) == ERR_NONE &&
                 carrier_read(tree, http_arena(call->request), on_settings_wrong, NULL, &carrier) &&
                 carrier.kind != CARRIER_MAIL;
    if (known) {
        said->values[said->count++] = (struct template_value){"id", "L1-1"};
        said->values[said->count++] = (struct template_value){"address", addresses[carrier.kind]};
        said->values[said->count++] = (struct template_value){"code", carrier_code(&carrier, said->template_)};
        carrier_compose(&carrier, said->values, said->count, &request);
        json_put_open(w, "request");
        json_put_string(w, "url", buffer_text(&request.url));
        json_put_string(w, "content_type", request.content_type);
        json_put_string(w, "body", buffer_text(&request.body));
        json_close(w);
        buffer_done(&request.url);
        buffer_done(&request.body);
    } else {
        json_put_null(w, "request");
    }
    json_free(&tree);
}

/* A red card and an urge of the first department, at the time it is now. */
static int make_up(struct call *call, struct letter_notice ret_notices[2]) {
    const struct world *world = call_world(call);
    uint32_t unit = world->center;
    for (uint32_t i = world->unit_count; i-- > 1;)
        if (world->units[i].kind == UNIT_DEPARTMENT && !world->units[i].closed) unit = i;
    int64_t ticket = number_ticket(clock_date(clock_now()), 1, 123);
    ret_notices[0] = (struct letter_notice){.type = EVENT_RUNG,
                                            .rung = RUNG_RED_CARD,
                                            .stage = STAGE_HANDLE,
                                            .about = unit,
                                            .ticket = ticket,
                                            .at = clock_now()};
    ret_notices[1] = (struct letter_notice){.type = EVENT_RUNG,
                                            .rung = RUNG_URGE,
                                            .stage = STAGE_SIGN,
                                            .about = unit,
                                            .ticket = ticket + 1,
                                            .at = clock_now()};
    return 2;
}

static void on_texts(struct call *call, const struct db_reply *reply) {
    const struct asked *a = call->self;
    const struct db_result *carriers = reply->results[2];
    struct template_text texts[TEMPLATE_COUNT];
    struct letter_notice notices[2];
    struct letter_said said;
    size_t len = 0;
    if (a->carrier && !db_rows(carriers)) {
        call_wrong(call, "/carrier", "没有这个通道", "there is no such carrier");
        call_is_wrong(call, 422);
        return;
    }
    for (int i = 0; i < TEMPLATE_COUNT; i++) texts[i] = text_of(reply->results[1], i, a->language);
    if (a->subject) texts[a->name].subject = a->subject;
    if (a->body) texts[a->name].body = a->body;
    int count = make_up(call, notices);
    if (a->name == TEMPLATE_NOTICE) count = 1;
    if (!letter_say(call->reference, notices, count, count, texts, a->language, http_arena(call->request), &said)) {
        call_problem(call, 422, "文字填入后过长", "The text is too long once it is filled in");
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "language", languages[a->language]);
    json_put_string(w, "subject", said.subject);
    json_put_string(w, "text", said.text);
    json_put_int(w, "characters", (int64_t)text_length(said.text, strlen(said.text)));
    const char *settings = a->carrier ? db_get_text(carriers, 0, 0, &len) : "";
    put_request(call, w, settings, len, &said);
    json_close(w);
    call_answer(call, 200);
}

void template_preview_post(struct call *call) {
    struct asked *a = call_take(call, sizeof *a);
    call->self = a;
    const cJSON *tree = call_json_body(call);
    if (!tree || !read_asked(call, tree, a)) return;
    call_read(call);
    call_add(call, &LIST);
    db_set_string(call_add(call, &CARRIER), 1, a->carrier ? a->carrier : "");
    call_send(call, on_texts);
}
