/* policies.csv: limits by stage and urgency, the ladder, and a few settings. A policy that is in the file is replaced as a whole;
 * others stay. "standard" is the default one, number 0. */
#include <string.h>

#include "proto/must.h"
#include "services/console/preview.h"
#include "services/console/sheet.h"

enum { POLICY, ROW, NAME, VALUE, URGENCY, NOTE };
static const char *const columns[] = {"policy", "row", "name", "value", "urgency", "note", NULL};

enum setting { RETURNS, EXTENSIONS, TRIES, REOPEN, QUIET, SETTINGS };
static const char *const settings[SETTINGS] = {"returns_before_dispute", "extensions_max", "callback_tries_max",
                                               "reopen", "quiet"};

struct policy_plan {
    const char *code;
    size_t number; /* of its first row */
    uint32_t id;
    int64_t values[SETTINGS];
    const char *reopen, *quiet;
    const char *limits[STAGE_COUNT][URGENCY_COUNT];
    int64_t rungs[RUNG_COUNT];
};

struct plan {
    struct policy_plan policies[POLICIES_MAX];
    uint32_t count;
};

static const struct db_statement STORE = {
    "import_policies",
    "INSERT INTO policy (id, code, returns_before_dispute, extensions_max, callback_tries_max, reopen_limit, quiet) "
    "SELECT * "
    "FROM "
    "unnest($1::int4[], $2::text[], $3::int2[], $4::int2[], $5::int2[], $6::text[], $7::text[]) ON CONFLICT (id) DO "
    "UPDATE SET "
    "returns_before_dispute = excluded.returns_before_dispute, extensions_max = excluded.extensions_max, "
    "callback_tries_max = excluded.callback_tries_max, reopen_limit = excluded.reopen_limit, quiet = excluded.quiet"};
static const struct db_statement DROP_LIMITS = {"import_policy_limits_drop",
                                                "DELETE FROM policy_limit WHERE policy = ANY ($1::int4[])"};
static const struct db_statement DROP_RUNGS = {"import_policy_rungs_drop",
                                               "DELETE FROM policy_rung WHERE policy = ANY ($1::int4[])"};
static const struct db_statement STORE_LIMITS = {
    "import_policy_limits",
    "INSERT INTO policy_limit (policy, stage, urgency, limit_text) SELECT * FROM unnest($1::int4[], $2::int2[], "
    "$3::int2[], $4::text[])"};
static const struct db_statement STORE_RUNGS = {
    "import_policy_rungs",
    "INSERT INTO policy_rung (policy, rung, percent) SELECT * FROM unnest($1::int4[], $2::int2[], $3::int4[])"};

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------------- */

static struct policy_plan *policy_of(struct sheet *s, struct plan *plan) {
    const char *code = sheet_needed(s, POLICY, 40);
    for (uint32_t i = 0; i < plan->count; i++)
        if (!strcmp(plan->policies[i].code, code)) return &plan->policies[i];
    if (plan->count == POLICIES_MAX) {
        sheet_fault(s, POLICY, "规则过多", "too many policies");
        return NULL;
    }
    struct policy_plan *policy = &plan->policies[plan->count++];
    *policy =
        (struct policy_plan){.code = code, .number = s->number, .values = {2, 2, 3, 0}, .reopen = "30nd", .quiet = ""};
    return policy;
}

static void read_limit(struct sheet *s, struct policy_plan *policy) {
    int stage = sheet_word(s, NAME, WORDS_stage, 0), urgency = sheet_word(s, URGENCY, WORDS_urgency, 0);
    const char *limit = sheet_limit(s, VALUE);
    if (!*limit && !*sheet_text(s, VALUE))
        sheet_fault(s, VALUE, "不能为空; 无时限写 -", "must not be empty; write - for no limit");
    if (!stage || !urgency) return;
    if (policy->limits[stage][urgency])
        sheet_fault(s, NAME, "这一时限在文件中重复", "this limit stands in the file twice");
    policy->limits[stage][urgency] = limit;
}

static void read_rung(struct sheet *s, struct policy_plan *policy) {
    int rung = sheet_word(s, NAME, WORDS_rung, 0);
    int64_t percent = sheet_int(s, VALUE, 1, 1000, 0);
    if (!percent && !*sheet_text(s, VALUE)) sheet_fault(s, VALUE, "不能为空", "must not be empty");
    if (!rung) return;
    if (policy->rungs[rung]) sheet_fault(s, NAME, "这一级在文件中重复", "this rung stands in the file twice");
    policy->rungs[rung] = percent;
}

static void read_setting(struct sheet *s, struct policy_plan *policy) {
    const char *name = sheet_needed(s, NAME, 60);
    for (int i = 0; i < SETTINGS; i++) {
        if (strcmp(settings[i], name)) continue;
        if (i == REOPEN)
            policy->reopen = sheet_limit(s, VALUE);
        else if (i == QUIET)
            policy->quiet = sheet_quiet(s, VALUE);
        else
            policy->values[i] = sheet_int(s, VALUE, i == EXTENSIONS ? 0 : 1, 20, policy->values[i]);
        return;
    }
    sheet_fault(
        s, NAME, "没有 “%s” 这项设置; 可用: returns_before_dispute, extensions_max, callback_tries_max, reopen, quiet",
        "there is no setting \"%s\"; it must be one of: returns_before_dispute, extensions_max, callback_tries_max, "
        "reopen, quiet");
}

/* ---- all rows together --------------------------------------------------------------------------------------------------------------------------- */

static void give_id(struct import *in, struct plan *plan, struct policy_plan *policy, uint32_t *next) {
    const struct reference *reference = in->reference;
    for (uint32_t id = 0; id < reference->world.policy_count; id++)
        if (reference->policy_codes[id] && !strcmp(reference->policy_codes[id], policy->code)) {
            policy->id = id;
            in->updated++;
            return;
        }
    in->created++;
    policy->id = strcmp(policy->code, "standard") ? (*next)++ : 0;
    if (policy->id >= POLICIES_MAX) import_fault(in, policy->number, "policy", "规则过多", "too many policies");
    (void)plan;
}

static void check_policy(struct import *in, const struct policy_plan *policy) {
    int64_t before = 0;
    for (int rung = 1; rung < RUNG_COUNT; rung++) {
        if (!policy->rungs[rung]) continue;
        if (policy->rungs[rung] <= before)
            import_fault(in, policy->number, "policy",
                         import_printf(in, "规则 “%s” 的预警比例须逐级升高", policy->code),
                         import_printf(in, "the rungs of \"%s\" must rise", policy->code));
        before = policy->rungs[rung];
    }
    static const int needed[] = {STAGE_TRIAGE, STAGE_SIGN, STAGE_HANDLE, STAGE_CHECK, STAGE_CALLBACK};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        for (int urgency = 1; urgency < URGENCY_COUNT; urgency++)
            if (!policy->limits[needed[i]][urgency])
                import_warn(in,
                            import_printf(in, "规则 “%s” 没有 %s/%s 的时限", policy->code,
                                          word_text(WORDS_stage, needed[i]), word_text(WORDS_urgency, urgency)),
                            import_printf(in, "policy \"%s\" has no limit for %s/%s", policy->code,
                                          word_text(WORDS_stage, needed[i]), word_text(WORDS_urgency, urgency)));
}

static void check(struct import *in) {
    struct plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    for (bool more = sheet_open(&s, in, columns, 4) && sheet_next(&s); more; more = sheet_next(&s)) {
        const char *row = sheet_needed(&s, ROW, 20);
        struct policy_plan *policy = policy_of(&s, plan);
        if (!policy) break;
        if (!strcmp(row, "limit"))
            read_limit(&s, policy);
        else if (!strcmp(row, "rung"))
            read_rung(&s, policy);
        else if (!strcmp(row, "setting"))
            read_setting(&s, policy);
        else
            sheet_fault(&s, ROW, "“%s” 须为 limit rung setting 之一", "\"%s\" must be one of limit, rung, setting");
    }
    sheet_close(&s);
    uint32_t next = in->reference->world.policy_count ? in->reference->world.policy_count : 1;
    for (uint32_t i = 0; i < plan->count; i++) {
        give_id(in, plan, &plan->policies[i], &next);
        check_policy(in, &plan->policies[i]);
    }
    in->names = "";
    for (uint32_t i = 0; i < plan->count; i++)
        in->names = import_printf(in, "%s%s%s", in->names, i ? ", " : "", plan->policies[i].code);
}

static void store(struct import *in) {
    const struct plan *plan = in->plan;
    static const enum db_type types[] = {DB_INT4, DB_TEXT, DB_INT2, DB_INT2, DB_INT2, DB_TEXT, DB_TEXT};
    static const enum db_type limit_types[] = {DB_INT4, DB_INT2, DB_INT2, DB_TEXT},
                              rung_types[] = {DB_INT4, DB_INT2, DB_INT4};
    struct db_call *call = call_add(in->call, &STORE);
    struct db_call *drops[2] = {call_add(in->call, &DROP_LIMITS), call_add(in->call, &DROP_RUNGS)};
    struct db_call *limits = call_add(in->call, &STORE_LIMITS), *rungs = call_add(in->call, &STORE_RUNGS);
    for (int i = 0; i < 7; i++) db_set_array(call, i + 1, types[i]);
    for (int i = 0; i < 4; i++) db_set_array(limits, i + 1, limit_types[i]);
    for (int i = 0; i < 3; i++) db_set_array(rungs, i + 1, rung_types[i]);
    for (int i = 0; i < 2; i++) db_set_array(drops[i], 1, DB_INT4);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct policy_plan *policy = &plan->policies[i];
        int32_t id = (int32_t)policy->id;
        db_push_int4(call, 1, id);
        db_push_text(call, 2, policy->code, strlen(policy->code));
        for (int n = 0; n < REOPEN; n++) db_push_int2(call, 3 + n, (int16_t)policy->values[n]);
        db_push_text(call, 6, policy->reopen, strlen(policy->reopen));
        db_push_text(call, 7, policy->quiet, strlen(policy->quiet));
        for (int n = 0; n < 2; n++) db_push_int4(drops[n], 1, id);
        for (int stage = 1; stage < STAGE_COUNT; stage++)
            for (int urgency = 1; urgency < URGENCY_COUNT; urgency++) {
                const char *limit = policy->limits[stage][urgency];
                if (!limit || !strcmp(limit, "-")) continue; /* no row says the same, and is exported so */
                db_push_int4(limits, 1, id);
                db_push_int2(limits, 2, (int16_t)stage);
                db_push_int2(limits, 3, (int16_t)urgency);
                db_push_text(limits, 4, limit, strlen(limit));
            }
        for (int rung = 1; rung < RUNG_COUNT; rung++) {
            if (!policy->rungs[rung]) continue;
            db_push_int4(rungs, 1, id);
            db_push_int2(rungs, 2, (int16_t)rung);
            db_push_int4(rungs, 3, (int32_t)policy->rungs[rung]);
        }
    }
}

/* As services/kit/reference.c will read what was stored. */
static struct policy policy_of_plan(const struct policy_plan *plan) {
    struct policy policy = {.id = (uint16_t)plan->id,
                            .returns_before_dispute = (uint8_t)plan->values[RETURNS],
                            .extensions_max = (uint8_t)plan->values[EXTENSIONS],
                            .callback_tries_max = (uint8_t)plan->values[TRIES]};
    must(limit_parse(plan->reopen, strlen(plan->reopen), &policy.reopen));
    for (int stage = 1; stage < STAGE_COUNT; stage++)
        for (int urgency = 1; urgency < URGENCY_COUNT; urgency++) {
            const char *limit = plan->limits[stage][urgency];
            if (limit) must(limit_parse(limit, strlen(limit), &policy.limits[stage][urgency]));
        }
    for (int rung = 1; rung < RUNG_COUNT; rung++) policy.rung_percent[rung] = (uint16_t)plan->rungs[rung];
    return policy;
}

static void imagine(struct import *in, struct world *world) {
    const struct plan *plan = in->plan;
    struct policy *policies = import_take(in, POLICIES_MAX, sizeof *policies);
    memcpy(policies, world->policies, world->policy_count * sizeof *policies);
    for (uint32_t i = 0; i < plan->count; i++) {
        uint32_t id = plan->policies[i].id;
        policies[id] = policy_of_plan(&plan->policies[i]);
        if (id >= world->policy_count) world->policy_count = id + 1;
    }
    world->policies = policies;
}

static const struct import_kind kind = {.name = "policies",
                                        .tables = "{policy,policy_limit,policy_rung}",
                                        .check = check,
                                        .store = store,
                                        .imagine = imagine};

void import_policies(struct call *call) {
    import_start(call, &kind, NULL);
}

void preview_policies(struct call *call) {
    import_preview(call, &kind);
}
