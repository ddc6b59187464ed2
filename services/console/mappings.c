/* See mappings.h. A file is for one source and replaces what that source had; it is checked whole, each mistake told by its pointer. */
#include "services/console/mappings.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "proto/must.h"
#include "services/console/import.h"
#include "services/kit/mapping.h"

static const struct json_limits LIMITS = {.bytes_max = MAPPING_BYTES_MAX, .depth_max = 8, .values_max = 10000};

/* ---- loading ---------------------------------------------------------------------------------------------------------------------------- */

struct plan {
    const struct reference_source *source;
    bool remove;
};

static const struct db_statement STORE = {"import_mapping", "UPDATE source SET mapping = $2::text WHERE id = $1::int4"};

static void on_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    struct import *in = context;
    (void)status;
    import_fault(in, 0, pointer + (*pointer == '/'), zh, en);
}

static void check_tree(struct import *in, const cJSON *tree) {
    struct plan *plan = in->plan;
    const char *code = cJSON_IsObject(tree) ? mapping_source(tree) : "";
    plan->source = reference_source_by_code(in->reference, code, strlen(code));
    plan->remove = cJSON_IsObject(tree) && mapping_is_removal(tree);
    if (!plan->source)
        import_fault(in, 0, "source", import_printf(in, "没有来源 “%.40s”", code),
                     import_printf(in, "there is no source \"%.40s\"", code));
    if (!plan->remove && !mapping_read(tree, &in->arena, on_wrong, in)) return;
    if (!plan->source) return;
    in->rows = 1;
    *(plan->remove ? &in->removed : plan->source->mapping ? &in->updated : &in->created) = 1;
    in->names = plan->source->code;
}

static void check_mapping(struct import *in) {
    struct cJSON *tree = NULL;
    struct json_fault fault;
    in->plan = import_take(in, 1, sizeof(struct plan));
    in->single = true; /* faults name members, not rows */
    if (json_parse(in->bytes, in->len, &LIMITS, &tree, &fault) == ERR_NONE) {
        check_tree(in, tree);
        json_free(&tree);
    } else {
        struct sentence wrong = json_sentence(fault.wrong);
        import_fault(in, 0, import_printf(in, "%s", fault.pointer + (fault.pointer[0] == '/')), wrong.zh, wrong.en);
    }
}

static void store_mapping(struct import *in) {
    const struct plan *plan = in->plan;
    struct db_call *store = call_add(in->call, &STORE);
    db_set_int4(store, 1, (int32_t)plan->source->id);
    db_set_text(store, 2, in->bytes, plan->remove ? 0 : in->len);
}

void import_mappings(struct call *call) {
    static const struct import_kind kind = {
        .name = "mappings", .geojson = true, .tables = "{source}", .check = check_mapping, .store = store_mapping};
    import_start(call, &kind, NULL);
}

/* ---- shown ------------------------------------------------------------------------------------------------------------------------------ */

static const struct db_statement LIST = {"mappings_list",
                                         "SELECT code, mapping FROM source WHERE mapping <> '' ORDER BY code"};

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    size_t len;
    json_open(w);
    json_put_open_list(w, "mappings");
    for (int i = 0; i < db_rows(rows); i++) {
        json_open(w);
        json_put_string(w, "source", db_get_text(rows, i, 0, &len));
        const char *text = db_get_text(rows, i, 1, &len);
        json_key(w, "mapping");
        json_raw(w, text, len);
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void mappings_get(struct call *call) {
    call_read(call);
    call_add(call, &LIST);
    call_send(call, on_list);
}

/* ---- tried out -------------------------------------------------------------------------------------------------------------------------- */

struct trial {
    struct call *call;
    struct http_fault faults[CALL_WRONGS_MAX];
    int count;
};

static void on_mapping_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    struct call *call = context;
    (void)status;
    call_wrong(call, call_printf(call, "/mapping%s", pointer), zh, en);
}

static void on_sample_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    struct trial *t = context;
    (void)status;
    if (t->count < CALL_WRONGS_MAX) t->faults[t->count++] = (struct http_fault){pointer, {zh, en}};
}

static void answer_trial(struct trial *t, const char *source, const cJSON *ours) {
    struct call *call = t->call;
    char *text = ours ? cJSON_PrintUnformatted(ours) : NULL;
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "source", source);
    if (text) {
        json_key(w, "body");
        json_raw(w, text, strlen(text));
    } else {
        json_put_null(w, "body");
    }
    json_put_open_list(w, "errors");
    for (int i = 0; i < t->count; i++) {
        json_open(w);
        json_put_string(w, "pointer", t->faults[i].pointer);
        json_put_string(w, "detail", sentence_in(t->faults[i].detail, http_language(call->request)));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    free(text);
    call_answer(call, 200);
}

/* The mapping that came along, or the one in force of the source that is named. NULL: told. */
static const struct mapping *find_mapping(struct call *call, const cJSON *tree, const char **ret_source) {
    const cJSON *given = json_member(tree, "mapping");
    if (given) {
        *ret_source = cJSON_IsObject(given) ? mapping_source(given) : "";
        return mapping_read(given, http_arena(call->request), on_mapping_wrong, call);
    }
    *ret_source = mapping_source(tree);
    const struct reference_source *source = reference_source_by_code(call->reference, *ret_source, strlen(*ret_source));
    if (source && source->mapping) return source->mapping;
    call_wrong(call, "/source", "给出 mapping, 或已有字段对照的来源", "give a mapping, or a source that has one");
    return NULL;
}

void mappings_try(struct call *call) {
    const char *source, *kind = "request";
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    const struct mapping *mapping = find_mapping(call, tree, &source);
    enum err err = json_get_text(tree, "kind", &kind);
    bool followup = !strcmp(kind, "followup");
    if (err == ERR_INVALID || (!followup && strcmp(kind, "request") != 0))
        call_wrong(call, "/kind", "须为 request 或 followup", "must be request or followup");
    enum mapping_kind which = followup ? MAPPING_FOLLOWUP : MAPPING_REQUEST;
    const cJSON *sample = json_member(tree, "sample");
    if (!sample) call_wrong(call, "/sample", "请给出对方的一个报文", "give a body of theirs");
    if (mapping && !mapping_has(mapping, which))
        call_wrong(call, "/kind", "字段对照中没有这一类", "the mapping has no rules for this kind");
    if (call_is_wrong(call, 422)) return;
    struct trial trial = {.call = call};
    struct cJSON *ours =
        mapping_apply(mapping, which, source, sample, http_arena(call->request), on_sample_wrong, &trial);
    answer_trial(&trial, source, ours);
    json_free(&ours);
}
