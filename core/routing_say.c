/* A routing decision as one sentence, in both languages. See routing.h; rule R10. */
#include "core/routing.h"

#include "core/say.h"

struct telling {
    struct say say;
    const struct routing_names *names;
    enum lang lang;
};

static void put(struct telling *t, const char *zh, const char *en) {
    say_text(&t->say, t->lang == LANG_ZH ? zh : en);
}

static void put_unit(struct telling *t, uint32_t unit) {
    say_text(&t->say, t->names->unit(t->names->context, unit, t->lang));
}

/* The words as tables of this file's own: core asks nothing of other rooms but types. */
#define WORD_TEXTS(value, name, text, zh, en) [value] = {zh, en},
static const char *const reason_texts[][2] = {ROUTE_REASON_WORDS(WORD_TEXTS)};
static const char *const place_by_texts[][2] = {PLACE_BY_WORDS(WORD_TEXTS)};
enum {
    REASON_TEXTS = sizeof reason_texts / sizeof reason_texts[0],
    PLACE_BY_TEXTS = sizeof place_by_texts / sizeof place_by_texts[0],
};

static void put_reason(struct telling *t, int reason) {
    if (reason > 0 && reason < REASON_TEXTS) put(t, reason_texts[reason][0], reason_texts[reason][1]);
}

static void put_matter_and_place(struct telling *t, const struct route *route) {
    if (route->matter != 0) {
        put(t, "；事项“", "; matter \"");
        say_text(&t->say, t->names->matter(t->names->context, route->matter, t->lang));
        put(t, "”", "\"");
    }
    if (route->place != 0) {
        put(t, "；地点“", "; place \"");
        put_unit(t, route->place);
        put(t, "”", "\"");
        if (route->place_by != 0 && route->place_by < PLACE_BY_TEXTS) {
            put(t, "（依据", " (by ");
            put(t, place_by_texts[route->place_by][0], place_by_texts[route->place_by][1]);
            put(t, "）", ")");
        }
    }
    if (route->department != 0 && route->department != route->unit) {
        put(t, "；责任部门为", "; responsible department: ");
        put_unit(t, route->department);
    }
}

static void put_rule(struct telling *t, int64_t rule) {
    put(t, "第 ", "routing rule ");
    say_number(&t->say, rule, 0);
    put(t, " 号派单规则", "");
    const char *name = t->names->rule != NULL ? t->names->rule(t->names->context, (uint32_t)rule) : "";
    if (name[0] == 0) return;
    put(t, "“", " \"");
    say_text(&t->say, name);
    put(t, "”", "\"");
}

/* A rule that held and did not decide. */
static void put_other_rule(struct telling *t, const struct considered *c) {
    put(t, "；未用", "; not by ");
    put_rule(t, c->rule);
    put(t, "（", " (");
    if (c->unit != 0) {
        put_unit(t, c->unit);
        put(t, "：", ": ");
    }
    put_reason(t, c->why);
    put(t, "）", ")");
}

static void put_without_rules(struct telling *t, const struct considered *c) {
    put(t, c->unit != 0 ? "；若无规则则派给" : "；若无规则则转人工派遣",
        c->unit != 0 ? "; without rules to " : "; without rules to triage");
    if (c->unit != 0) put_unit(t, c->unit);
    put(t, "：", ": ");
    put_reason(t, c->why);
}

static void put_passed_over(struct telling *t, const struct route *route) {
    for (uint16_t i = 0; i < route->considered_count; i++) {
        const struct considered *c = &route->considered[i];
        if (c->rule != 0) {
            put_other_rule(t, c);
            continue;
        }
        if (route->rule != 0) {
            put_without_rules(t, c);
            continue;
        }
        if (route->considered[i].taken) continue;
        put(t, "；未派", "; not to ");
        put_unit(t, route->considered[i].unit);
        put(t, "：", ": ");
        put_reason(t, route->considered[i].why);
    }
}

size_t routing_say(const struct route *route, const struct routing_names *names, enum lang lang, char *ret_text,
                   size_t size) {
    struct telling t = {.names = names, .lang = lang};
    say_init(&t.say, ret_text, size);
    if (route->unit != 0) {
        put(&t, "派给", "Sent to ");
        put_unit(&t, route->unit);
    } else {
        put(&t, "转人工派遣", "Sent to triage");
    }
    put(&t, "：", ": ");
    if (route->rule != 0)
        put_rule(&t, route->rule);
    else
        put_reason(&t, route->reason);
    put_matter_and_place(&t, route);
    put_passed_over(&t, route);
    put(&t, "。", ".");
    return t.say.length;
}
